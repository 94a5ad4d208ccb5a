// What systemd is told of a router that a test plays, on a clock that the test moves.
import type { Clock } from '@pgrouted/core/model/clock';
import type { Late } from '@pgrouted/core/model/progress';
import { after, type Millis, millis } from '@pgrouted/core/model/units';
import { beforeEach, describe, expect, it } from 'vitest';
import { emptyStatus, entryOf, fullStatus, routerOf } from '../../test/picture.ts';
import { Outbox } from './outbox.ts';
import { type Reloaded, Supervision } from './supervision.ts';

const LINE = 'STATUS=no cluster yet';

class Stage {
  at: Millis = millis(5_000);
  late: readonly Late[] = [];
  settled: Promise<void> | undefined;
  status = emptyStatus;
  statusTakesMs = 0;
  looks = 0;
  readonly told: string[] = [];
  readonly lines: string[] = [];
  readonly picture = routerOf({});
  readonly #due = new Set<{ readonly at: Millis; readonly run: () => void }>();
  readonly supervision: Supervision;

  constructor(watchdogMs: number | undefined) {
    const outbox = new Outbox();
    const clock: Clock = {
      now: () => this.at,
      wall: () => new Date(0),
      after: (ms, run) => {
        const entry = { at: after(this.at, ms), run };
        this.#due.add(entry);
        return { cancel: () => void this.#due.delete(entry) };
      },
    };
    const say = (_: unknown, message: string) => void this.lines.push(message);
    const tell = () => {
      for (let next = outbox.take(); next !== undefined; next = outbox.take())
        this.told.push(`${this.at}: ${next.join(' ')}`);
    };
    this.supervision = new Supervision({
      router: {
        ...this.picture,
        settling: () => this.settled,
        late: () => this.late,
        status: () => {
          this.at = after(this.at, this.statusTakesMs);
          this.looks += 1;
          return this.status;
        },
      },
      outbox,
      wake: tell,
      flush: tell,
      watchdogMs,
      clock,
      log: { debug: say, info: say, warn: say, error: say },
      monotonicUs: () => 777n,
    });
  }

  pass(ms: number): void {
    const end = after(this.at, ms);
    for (;;) {
      const [next] = [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#due.delete(next);
      if (next.at > this.at) this.at = next.at;
      next.run();
    }
    this.at = end;
  }
}

let stage: Stage;
beforeEach(() => {
  stage = new Stage(undefined);
});

describe('what systemd is told', () => {
  it('is READY when what can be known is known, and not before', async () => {
    let known: () => void = () => {};
    stage.settled = new Promise((resolve) => {
      known = resolve;
    });
    const started = stage.supervision.start();
    stage.pass(900);
    expect(stage.told).toEqual([]);
    known();
    await started;
    expect(stage.told).toEqual([`5900: READY=1 ${LINE}`]);
  });

  it('is another status after something happened, once a second', async () => {
    await stage.supervision.start();
    stage.status = fullStatus;
    stage.picture.add(entryOf(1));
    stage.pass(300);
    stage.picture.add(entryOf(2));
    stage.pass(5_000);
    expect(stage.told.slice(1)).toEqual([expect.stringMatching(/^6000: STATUS=orders: pg1 takes writes; /)]);
    stage.picture.add(entryOf(3));
    stage.pass(5_000);
    expect(stage.told).toHaveLength(2);
  });

  it('is looked at again while a HAProxy is not as decided, less and less often, and soon after something happened', async () => {
    const [edge] = fullStatus.targets;
    if (edge === undefined) throw new Error('the picture has no target');
    stage.status = { ...fullStatus, targets: [{ ...edge, converged: false }] };
    await stage.supervision.start();
    stage.pass(7_000);
    expect(stage.looks).toBe(4);
    stage.pass(120_000);
    expect(stage.looks).toBe(9);
    stage.picture.add(entryOf(1));
    stage.pass(1_000);
    expect(stage.looks).toBe(10);
    expect(stage.told).toHaveLength(1);
    stage.status = fullStatus;
    stage.pass(2_000);
    expect(stage.told).toHaveLength(2);
    stage.pass(600_000);
    expect(stage.told).toHaveLength(2);
  });

  it('changes less often where the status takes long to make', async () => {
    stage.statusTakesMs = 100;
    await stage.supervision.start();
    stage.status = fullStatus;
    stage.picture.add(entryOf(1));
    stage.pass(4_900);
    expect(stage.told).toHaveLength(1);
    stage.pass(200);
    expect(stage.told).toHaveLength(2);
  });

  it.each<[became: Reloaded, status: string]>([
    ['taken', ''],
    ['unchanged', ''],
    ['refused', ' STATUS=the new configuration was not taken (see the log), the one before counts; no cluster yet'],
  ])('is RELOADING during a reload, and READY when it was %s', async (became, status) => {
    await stage.supervision.start();
    stage.told.length = 0;
    await stage.supervision.during(async () => {
      stage.pass(100);
      return became;
    });
    expect(stage.told).toEqual(['5000: RELOADING=1 MONOTONIC_USEC=777', `5100: READY=1${status}`]);
  });

  it('is READY after the last of several reloads', async () => {
    await stage.supervision.start();
    stage.told.length = 0;
    let end: () => void = () => {};
    const first = stage.supervision.during(() => new Promise((resolve) => (end = () => resolve('taken'))));
    await stage.supervision.during(async () => 'taken');
    expect(stage.told.some((one) => one.includes('READY=1'))).toBe(false);
    end();
    await first;
    expect(stage.told.at(-1)).toBe('5000: READY=1');
  });

  it('is STOPPING, and nothing more then', async () => {
    await stage.supervision.start();
    stage.told.length = 0;
    stage.supervision.stopping();
    stage.picture.add(entryOf(1));
    stage.pass(60_000);
    expect(stage.told).toEqual(['5000: STOPPING=1 STATUS=stopping; HAProxy keeps what it holds']);
  });

  it('is not READY where the stop came first', async () => {
    let known: () => void = () => {};
    stage.settled = new Promise((resolve) => {
      known = resolve;
    });
    const started = stage.supervision.start();
    stage.supervision.stopping();
    known();
    await started;
    expect(stage.told).toEqual(['5000: STOPPING=1 STATUS=stopping; HAProxy keeps what it holds']);
  });
});

describe('the sign of life', () => {
  const alive = () => stage.told.filter((one) => one.includes('WATCHDOG=1')).map((one) => Number.parseInt(one, 10));

  it('is told every half of the time while all goes on', async () => {
    stage = new Stage(10_000);
    await stage.supervision.start();
    stage.pass(21_000);
    expect(alive()).toEqual([5_000, 10_000, 15_000, 20_000, 25_000]);
  });

  it('ends while any part stands still, is taken up as soon as that goes on, and the log tells both once', async () => {
    stage = new Stage(10_000);
    await stage.supervision.start();
    stage.late = [{ part: 'the loop of edge', byMs: 4_321.6 }];
    stage.pass(7_500);
    expect(alive()).toEqual([5_000]);
    stage.late = [];
    stage.pass(1_250);
    expect(alive()).toEqual([5_000, 13_750]);
    expect(stage.lines).toEqual([
      'the loop of edge should have gone on 4322 ms ago: systemd is told no more that pgrouted lives, and will start it anew',
      'the loop of edge goes on again',
    ]);
  });
});
