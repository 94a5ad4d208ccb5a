// One target against a model of HAProxy behind a real socket, for what the real HAProxy can't be made to do on demand: sessions that do not end,
// commands without effect, a change between two lines. Everything else is shown with the real one (integration/test/haproxy-*.test.ts).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import { type ModelSocket, serveModel } from '../../test/haproxy-socket.ts';
import { realClock } from '../../test/real-clock.ts';
import type { ServerState } from '../model/decision.ts';
import { silentLog } from '../model/log.ts';
import type { Desired } from './desired.ts';
import { type Opening, Target, type TargetReport } from './target.ts';

const server = (name: string, in_: boolean, sessions = 0): ModelServer => ({
  backend: 'rw',
  name,
  port: 5432,
  admin: in_ ? 4 : 5,
  op: in_ ? 2 : 0,
  weight: 1,
  checkFails: false,
  sessions,
  ending: 0,
});
const want = (serial: number, states: Record<string, ServerState>): Desired => ({
  serial,
  backends: [
    {
      backend: 'rw',
      exclusive: true,
      servers: Object.entries(states).map(([member, state]) => ({ member, address: undefined, state })),
    },
  ],
});

interface Stage {
  readonly model: HaproxyModel;
  readonly served: ModelSocket;
  readonly target: Target;
  /** Process ids that are there, as far as the target can see. */
  readonly alive: Set<number>;
  readonly reports: TargetReport[];
  /** Resolves with the first report, past or to come, that fits. */
  readonly until: <K extends TargetReport['kind']>(
    kind: K,
    fits?: (report: Extract<TargetReport, { kind: K }>) => boolean,
  ) => Promise<Extract<TargetReport, { kind: K }>>;
}

const isKind =
  <K extends TargetReport['kind']>(kind: K) =>
  (report: TargetReport): report is Extract<TargetReport, { kind: K }> =>
    report.kind === kind;

const stages: Stage[] = [];
afterEach(async () => {
  for (const { target, served } of stages.splice(0)) {
    await target.close();
    await served.stop();
  }
});

async function stage(
  servers: readonly ModelServer[],
  authorize: (serial: number, opens: readonly Opening[]) => Promise<boolean> = async () => true,
  onTurn?: () => void,
): Promise<Stage> {
  const model = new HaproxyModel(servers);
  model.prompt = true;
  const served = await serveModel(model);
  const alive = new Set<number>();
  const reports: TargetReport[] = [];
  const waiting = new Set<() => void>();
  const target = new Target({
    spec: { name: 'test', socket: served.path, masterSocket: undefined },
    clock: realClock,
    log: silentLog,
    authorize,
    onTurn,
    // The model's process ids mean nothing to this machine.
    isAlive: (pid) => alive.has(pid),
    onReport: (report) => {
      reports.push(report);
      for (const look of waiting) look();
    },
  });
  const made: Stage = {
    model,
    served,
    target,
    alive,
    reports,
    until: (kind, fits = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = reports.filter(isKind(kind)).find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
  stages.push(made);
  target.start();
  return made;
}

/** Waits until the expectation holds. */
const eventually = (expectation: () => void) => vi.waitFor(expectation, { timeout: 20_000, interval: 5 });

const codes = ({ target }: Stage): readonly string[] => target.status().problems.map(({ code }) => code);

describe('a target', { timeout: 30_000 }, () => {
  it('fences, reads back, asks for authority and opens, in this order', async () => {
    const asked: string[] = [];
    const s = await stage([server('a', true, 3), server('b', false)], async (serial, [open]) => {
      asked.push(`${serial} ${open?.backend}/${open?.server} for ${open?.member}`);
      return true;
    });
    await s.until('reloaded');
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    await s.until('converged');
    expect(s.model.executed).toEqual([
      'set server rw/a state maint',
      'shutdown sessions server rw/a',
      'set server rw/a state maint',
      'set server rw/b state ready',
    ]);
    expect(asked).toEqual(['1 rw/b for b']);
    expect(s.reports.map(({ kind }) => kind)).toEqual(['reloaded', 'fenced', 'opened', 'converged']);
    expect(await s.until('fenced')).toMatchObject({ serial: 1, backend: 'rw', exclusive: true, sessionsEnded: 3 });
    expect(s.target.status()).toMatchObject({ state: 'reachable', converged: true, convergedSerial: 1, problems: [] });
  });

  it('leaves the sessions of a server that drains alone, and counts none as ended', async () => {
    const s = await stage([server('a', true, 3), server('b', false)]);
    s.target.submit(want(1, { a: 'drain', b: 'maint' }));
    expect(await s.until('fenced')).toMatchObject({ backend: 'rw', sessionsEnded: 0 });
    await s.until('converged');
    expect(s.model.executed).toEqual(['set server rw/a state drain']);
    expect(s.target.status().counters.sessionsEnded).toBe(0);
  });

  it('sends nothing to a HAProxy that already holds the decision', async () => {
    const s = await stage([server('a', true, 3), server('b', false)]);
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    expect(s.model.executed).toEqual([]);
    expect(s.reports.map(({ kind }) => kind)).toEqual(['reloaded', 'converged']);
  });

  it('never lets a writer in while a session of the old one remains, and says so', async () => {
    const s = await stage([server('a', true, 3), server('b', false)]);
    s.model.stubborn = true;
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    expect(await s.until('sessions_remain')).toMatchObject({ serial: 1, backend: 'rw', sessions: 3 });
    expect(codes(s)).toContain('sessions_remain');
    expect(s.model.executed).not.toContain('set server rw/b state ready');
    expect(s.model.executed.filter((command) => command.startsWith('shutdown')).length).toBeGreaterThan(3);
    s.model.stubborn = false;
    await s.until('converged');
    expect(s.model.accepting('rw').map(({ name }) => name)).toEqual(['b']);
    expect(codes(s)).toEqual([]);
  });

  it('ends one by one those that the command for all of them leaves, and opens then', async () => {
    const s = await stage([server('a', true, 300), server('b', false), { ...server('x', true, 2), backend: 'other' }]);
    s.model.stubbornAtOnce = true;
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    await s.until('converged');
    expect(s.model.executed.some((command) => command.startsWith('shutdown session 0x'))).toBe(true);
    expect(s.model.server('other', 'x')?.sessions).toBe(2);
    expect(s.model.accepting('rw').map(({ name }) => name)).toEqual(['b']);
    expect(await s.until('fenced')).toMatchObject({ sessionsEnded: 300 });
  });

  it('does so in read services too, where sessions have to end, and leaves those who may stay', async () => {
    const s = await stage([server('a', true, 3), server('b', true, 2), server('c', true, 1)]);
    s.model.stubbornAtOnce = true;
    const servers = [
      { member: 'a', address: undefined, state: 'maint' as const, ends: true },
      { member: 'b', address: undefined, state: 'maint' as const },
      { member: 'c', address: undefined, state: 'ready' as const },
    ];
    s.target.submit({ serial: 1, backends: [{ backend: 'rw', exclusive: false, servers }] });
    await s.until('converged');
    expect(s.model.servers.map(({ sessions }) => sessions)).toEqual([0, 2, 1]);
  });

  it('lists no sessions where they end in time', async () => {
    const s = await stage([server('a', true, 300), server('b', false)]);
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    await s.until('converged');
    expect(s.model.listings).toBe(0);
  });

  it('believes the read-back alone: a command without effect is repeated, then told of', async () => {
    const s = await stage([server('a', true), server('b', false)]);
    s.model.deaf = true;
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    await eventually(() => expect(codes(s)).toContain('read_back_differs'));
    expect(s.target.status().converged).toBe(false);
    expect(s.model.executed).not.toContain('set server rw/b state ready');
    s.model.deaf = false;
    await s.until('converged');
    expect(codes(s)).toEqual([]);
  });

  it('keeps a writer out when authority is denied, and asks again with a newer decision', async () => {
    let allowed = false;
    const s = await stage([server('a', true), server('b', false)], async () => allowed);
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    expect(await s.until('refused')).toMatchObject({ serial: 1, server: { backend: 'rw', server: 'b', member: 'b' } });
    await s.until('fenced');
    expect(s.model.accepting('rw')).toEqual([]);
    allowed = true;
    s.target.submit(want(2, { a: 'maint', b: 'ready' }));
    await s.until('converged', ({ serial }) => serial === 2);
  });

  it('takes an error in the question for authority as a no', async () => {
    const s = await stage([server('b', false)], async () => {
      throw new Error('etcd is away');
    });
    s.target.submit(want(1, { b: 'ready' }));
    await s.until('refused');
    expect(s.model.executed).toEqual([]);
  });

  it('drops an opening for which a newer decision came while authority was asked', async () => {
    let answer: (allowed: boolean) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    let release: (allowed: boolean) => void = () => {};
    const s = await stage([server('a', false), server('b', false), server('c', false)], (_, [open]) => {
      if (open?.member !== 'b') return Promise.resolve(true);
      answer(true);
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    s.target.submit(want(1, { a: 'maint', b: 'ready', c: 'maint' }));
    await asked;
    s.target.submit(want(2, { a: 'maint', b: 'maint', c: 'ready' }));
    release(true);
    await s.until('converged', ({ serial }) => serial === 2);
    expect(s.model.executed).not.toContain('set server rw/b state ready');
    expect(s.model.accepting('rw').map(({ name }) => name)).toEqual(['c']);
  });

  it('closes everyone else again in the line that opens, so that a hand in between can not make two writers', async () => {
    const s = await stage([server('a', true), server('b', false)]);
    s.served.beforeLine = (line) => {
      if (line.includes('rw/b state ready')) s.model.execute('set server rw/a state ready');
    };
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    await s.until('converged');
    expect(s.model.accepting('rw').map(({ name }) => name)).toEqual(['b']);
  });

  it('puts back what somebody else changed, and tells a second router from a slip of the hand', async () => {
    const s = await stage([server('a', true), server('b', false)]);
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    for (let times = 1; times <= 3; times += 1) {
      s.model.execute('set server rw/a state maint');
      await eventually(() => expect(s.reports.filter(isKind('drift'))).toHaveLength(times));
      expect(codes(s)).toEqual([times < 3 ? 'foreign_change' : 'second_router']);
    }
    expect(await s.until('drift')).toMatchObject({
      servers: [{ backend: 'rw', server: 'a', member: 'a', found: 'maint', restored: 'ready' }],
    });
    expect(s.target.status().counters.corrections).toBe(3);
  });

  it('says of an opening after a drift that it restores what was held under the same decision', async () => {
    const restores: boolean[] = [];
    const s = await stage([server('a', false), server('b', false)], async (_, [open]) => {
      restores.push(open?.restores ?? false);
      return true;
    });
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    s.model.execute('set server rw/a state maint');
    await s.until('drift');
    s.target.submit(want(2, { a: 'maint', b: 'ready' }));
    await s.until('converged', ({ serial }) => serial === 2);
    s.target.submit(want(3, { a: 'ready', b: 'maint' }));
    await s.until('converged', ({ serial }) => serial === 3);
    expect(restores).toEqual([false, true, false, false]);
  });

  it('waits out a worker that is stopping and tells the next one', async () => {
    const s = await stage([server('a', false)]);
    s.target.submit(want(1, { a: 'ready' }));
    await s.until('converged');
    s.model.stopping = 1;
    const next = new HaproxyModel([server('a', false)]);
    next.pid = 2_000;
    next.prompt = true;
    s.served.model = next;
    expect(await s.until('reloaded', ({ previousPid }) => previousPid === 1_000)).toMatchObject({ pid: 2_000 });
    await s.until('opened', () => next.accepting('rw').length === 1);
  });

  it('ends sessions in the worker of before a reload, and opens only when they are gone', async () => {
    const s = await stage([server('a', true, 2), server('b', false)]);
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    const old = s.model;
    old.stubborn = true;
    old.stopping = 1;
    const next = new HaproxyModel([server('a', false), server('b', false)]);
    next.pid = 2_000;
    next.prompt = true;
    s.served.model = next;
    await s.until('opened', () => next.accepting('rw').length === 1);
    s.target.submit(want(2, { a: 'maint', b: 'ready' }));
    expect(await s.until('sessions_remain')).toMatchObject({ serial: 2, backend: 'rw', sessions: 2 });
    expect(next.accepting('rw')).toEqual([]);
    expect(codes(s)).toContain('old_worker_sessions');
    old.stubborn = false;
    await s.until('converged', ({ serial }) => serial === 2);
    expect(old.executed.some((command) => command.startsWith('shutdown session 0x'))).toBe(true);
    expect(next.accepting('rw').map(({ name }) => name)).toEqual(['b']);
  });

  it.each([
    ['in the same worker', false],
    ['in the worker of before a reload', true],
  ])('waits for nobody whose client is gone, since no command ends such a session: %s', async (_, reloads) => {
    const s = await stage([server('a', true, 2), server('b', false)]);
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    s.model.clientsGone = true;
    let last = s.model;
    if (reloads) {
      s.model.stopping = 1;
      last = new HaproxyModel([server('a', false), server('b', false)]);
      last.pid = 2_000;
      last.prompt = true;
      s.served.model = last;
      await s.until('opened', () => last.accepting('rw').length === 1);
    }
    s.target.submit(want(2, { a: 'maint', b: 'ready' }));
    await s.until('converged', ({ serial }) => serial === 2);
    expect(last.accepting('rw').map(({ name }) => name)).toEqual(['b']);
    expect(s.model.server('rw', 'a')?.sessions).toBe(2);
    expect(codes(s)).not.toContain('sessions_remain');
  });

  it('goes on reading a HAProxy that refuses commands, and says what is missing', async () => {
    const s = await stage([server('a', true), server('b', false)]);
    s.served.fault = 'denied';
    s.target.submit(want(1, { a: 'maint', b: 'ready' }));
    expect(await s.until('unreachable')).toMatchObject({ why: 'no_permission' });
    expect(s.target.status().state).toBe('no_permission');
    expect(codes(s)).toContain('target_no_permission');
    s.served.fault = 'none';
    await s.until('converged');
    expect(s.target.status().state).toBe('reachable');
  });

  it('never holds more than four connections', async () => {
    const s = await stage([server('a', true), server('b', false)]);
    for (let serial = 1; serial <= 20; serial += 1) {
      s.target.submit(want(serial, serial % 2 === 0 ? { a: 'ready', b: 'maint' } : { a: 'maint', b: 'ready' }));
      await s.until('converged', (report) => report.serial === serial);
    }
    expect(s.served.most()).toBeLessThanOrEqual(4);
    await s.target.close();
    await eventually(() => expect(s.served.open()).toBe(0));
  });
});

describe('a target that is asked whether HAProxy has let go', { timeout: 30_000 }, () => {
  const letGo = ({ target }: Stage) => target.letGo(['rw']);
  const held = (why: string) => ({ kind: 'holds', why });
  const reload = (s: Stage, servers: readonly ModelServer[]) => {
    s.model.stopping = 1;
    const next = new HaproxyModel(servers);
    next.pid = 2_000;
    next.prompt = true;
    s.served.model = next;
    return next;
  };

  it('answers for the decision that was submitted last, at once', async () => {
    const s = await stage([server('a', true, 3), server('b', false)]);
    await s.until('reloaded');
    expect(letGo(s)).toEqual(held('HAProxy (test): nothing is decided about rw yet'));
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    expect(letGo(s)).toEqual(held('HAProxy (test): rw has not been read back since the decision'));
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    s.target.submit(want(2, { a: 'ready', b: 'maint' }));
    expect(letGo(s)).toEqual({ kind: 'let_go' });
    s.target.submit(want(3, { a: 'maint', b: 'maint' }));
    expect(letGo(s)).toEqual(held('HAProxy (test): rw has not been read back since the decision'));
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    expect(s.model.server('rw', 'a')).toMatchObject({ sessions: 0, admin: 5 });
  });

  it('looks again right after a fence, and holds what shows up only then', async () => {
    let stragglers = 0;
    let s: Stage | undefined;
    const told: { readonly stragglers: number; readonly sessions: number | undefined }[] = [];
    const onTurn = () => {
      const kind = s?.target.letGo(['rw']).kind;
      if (s !== undefined && kind === 'let_go')
        told.push({ stragglers, sessions: s.model.server('rw', 'a')?.sessions });
    };
    s = await stage([server('a', true, 3), server('b', false)], undefined, onTurn);
    await s.until('reloaded');
    s.served.beforeLine = (line) => {
      const a = s?.model.server('rw', 'a');
      if (a === undefined || a.sessions > 0 || stragglers > 0 || line.includes('set server ')) return;
      stragglers = 1;
      a.sessions = 1;
    };
    s.target.submit(want(1, { a: 'maint', b: 'maint' }));
    await eventually(() => expect(told.length).toBeGreaterThan(0));
    expect(told[0]).toEqual({ stragglers: 1, sessions: 0 });
  });

  it('names what resists, and what drains', async () => {
    const s = await stage([server('a', true, 3), server('b', false)]);
    s.model.stubborn = true;
    s.target.submit(want(1, { a: 'maint', b: 'maint' }));
    await eventually(() => expect(letGo(s)).toEqual(held('HAProxy (test): 3 sessions remain on rw/a')));
    s.model.stubborn = false;
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    s.target.submit(want(2, { a: 'ready', b: 'maint' }));
    await s.until('opened');
    s.target.submit(want(3, { a: 'drain', b: 'maint' }));
    await eventually(() => expect(letGo(s)).toEqual(held('HAProxy (test): rw/a is not in maint')));
  });

  it('takes silence for holding', async () => {
    const s = await stage([server('a', false)]);
    s.target.submit(want(1, { a: 'maint' }));
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    s.served.fault = 'silent';
    await eventually(() => expect(letGo(s)).toEqual(held('HAProxy (test) does not answer')));
    s.served.fault = 'none';
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
  });

  it('counts the sessions of the worker of before a reload', async () => {
    const s = await stage([server('a', true, 2), server('b', false)]);
    s.target.submit(want(1, { a: 'ready', b: 'maint' }));
    await s.until('converged');
    const old = s.model;
    old.stubborn = true;
    const next = reload(s, [server('a', false), server('b', false)]);
    await s.until('opened', () => next.accepting('rw').length === 1);
    // They are on the server that shall be ready.
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    s.target.submit(want(2, { a: 'maint', b: 'maint' }));
    await eventually(() =>
      expect(letGo(s)).toEqual(held('HAProxy (test): 2 sessions remain on rw in old worker pid 1000')),
    );
    s.target.submit(want(3, { a: 'drain', b: 'maint' }));
    await eventually(() =>
      expect(letGo(s)).toEqual(held('HAProxy (test): 2 sessions remain on rw in old worker pid 1000')),
    );
    s.target.submit(want(4, { a: 'maint', b: 'maint' }));
    old.stubborn = false;
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    expect(old.server('rw', 'a')?.sessions).toBe(0);
  });

  it('waits for an old worker out of reach until its process is gone, and tells of it only as long', async () => {
    const s = await stage([server('a', true, 2)]);
    s.alive.add(1_000);
    s.served.noPrompt = true;
    s.target.submit(want(1, { a: 'maint' }));
    await s.until('converged');
    reload(s, [server('a', false)]);
    await eventually(() => expect(letGo(s)).toEqual(held('HAProxy (test): old worker pid 1000 can not be reached')));
    await eventually(() => expect(codes(s)).toContain('old_worker_unreachable'));
    s.alive.delete(1_000);
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    expect(codes(s)).toEqual([]);
  });

  it('takes a HAProxy that is not there for one without sessions', async () => {
    const s = await stage([server('a', false)]);
    await s.until('reloaded');
    s.alive.add(1_000);
    await s.target.close();
    await s.served.stop();
    const never = new Target({
      spec: { name: 'never', socket: s.served.path, masterSocket: undefined },
      clock: realClock,
      log: silentLog,
      authorize: async () => true,
      onReport: () => {},
    });
    never.start();
    await eventually(() => expect(never.letGo(['rw'])).toEqual({ kind: 'not_running' }));
    expect(never.status().problems.map(({ code }) => code)).toEqual(['target_unreachable']);
    await never.close();
  });

  it('believes that a HAProxy without a socket is gone only when its process is', async () => {
    const s = await stage([server('a', true, 2)]);
    s.alive.add(1_000);
    s.served.noPrompt = true;
    s.target.submit(want(1, { a: 'ready' }));
    await s.until('converged');
    await s.served.stop();
    await eventually(() =>
      expect(letGo(s)).toEqual(held('HAProxy (test): nobody listens on its socket, but process 1000 still runs')),
    );
    s.alive.delete(1_000);
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'not_running' }));
  });

  it('ends sessions in a HAProxy that stops softly, and has let go when they are gone', async () => {
    const s = await stage([server('a', true, 2), { ...server('x', true, 1), backend: 'ro' }]);
    s.alive.add(1_000);
    s.target.submit(want(1, { a: 'ready' }));
    await s.until('converged');
    // The tail stands.
    const until = s.target.status().counters.exchanges + 3;
    await eventually(() => expect(s.target.status().counters.exchanges).toBeGreaterThan(until));
    s.model.stubborn = true;
    s.model.stopping = 1;
    s.served.stopListening();
    await s.until('unreachable');
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    s.target.submit(want(2, { a: 'maint' }));
    await eventually(() =>
      expect(letGo(s)).toEqual(held('HAProxy (test): 2 sessions remain on rw in old worker pid 1000')),
    );
    s.model.stubborn = false;
    // One reader is still connected: it runs on.
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'let_go' }));
    const reader = s.model.server('ro', 'x');
    if (reader !== undefined) reader.sessions = 0;
    s.alive.delete(1_000);
    await eventually(() => expect(letGo(s)).toEqual({ kind: 'not_running' }));
  });
});
