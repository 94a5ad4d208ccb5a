// That HAProxy really lets connections wait is shown with the real one (integration/test/router-hold.test.ts).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import { type ModelSocket, serveModel } from '../../test/haproxy-socket.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import { Hold, holdStatusOf } from './hold.ts';
import type { WorkerFact } from './parse.ts';

const served: ModelSocket[] = [];
const holds: Hold[] = [];
afterEach(async () => {
  for (const hold of holds.splice(0)) await hold.close();
  for (const socket of served.splice(0)) await socket.stop();
});

const modelOf = (pid: number, hold: string | undefined) => {
  const model = new HaproxyModel([]);
  model.pid = pid;
  model.hold = hold;
  return model;
};
const workerOf = ({ pid }: HaproxyModel): WorkerFact => ({
  pid,
  startTimeSec: pid,
  uptimeSec: 5,
  version: '2.6.12',
  stopping: false,
  currConns: 0,
});

const IDLE = 'version 1';
const BUSY = 'version 1\nhold be_rw 3 waiting 120 served 2 late 1 many 4 gone 1512 ms longest';

async function stage(answer: string | undefined) {
  const socket = await serveModel(modelOf(1_000, answer));
  served.push(socket);
  const clock = new ManualClock();
  const hold = new Hold({ path: socket.path, clock });
  holds.push(hold);
  const asked = () => socket.lines.filter((line) => line.endsWith('pgrouted hold')).length;
  const until = (expectation: () => void) => vi.waitFor(expectation, { timeout: 20_000, interval: 5 });
  return { socket, clock, hold, asked, until, see: () => hold.seen(workerOf(socket.model)) };
}

describe('the hold action of a HAProxy', () => {
  it('is not asked for where no backend relies on it', async () => {
    const { hold, see, asked } = await stage(IDLE);
    see();
    await hold.close();
    expect([hold.status, asked()]).toEqual([undefined, 0]);
  });

  it('tells who waits, and is asked again each second', async () => {
    const { hold, see, socket, clock, asked, until } = await stage(IDLE);
    hold.expect(['be_rw']);
    expect(hold.status?.state).toBe('unknown');
    see();
    await until(() => expect(hold.status).toEqual({ state: 'loaded', backends: ['be_rw'], gates: [], faults: [] }));
    socket.model.hold = BUSY;
    see();
    clock.stall(1_000);
    see();
    await until(() => expect(hold.status?.gates[0]).toMatchObject({ backend: 'be_rw', waiting: 3, served: 120 }));
    expect(asked()).toBe(2);
  });

  it('that is not loaded is looked for again in the next worker only', async () => {
    const { hold, see, socket, clock, asked, until } = await stage(undefined);
    hold.expect(['be_rw']);
    see();
    await until(() => expect(hold.status?.state).toBe('absent'));
    clock.stall(3_600_000);
    see();
    socket.model = modelOf(2_000, IDLE);
    see();
    expect(hold.status?.state).toBe('unknown');
    await until(() => expect(hold.status?.state).toBe('loaded'));
    expect(asked()).toBe(2);
  });
});

describe('the answer of the hold action', () => {
  it.each([
    ['nothing was held yet', `${IDLE}\n\n`, { state: 'loaded', gates: [], faults: [] }],
    [
      'some wait',
      `Pid: 1\n\n${BUSY}\n\n`,
      {
        state: 'loaded',
        gates: [{ backend: 'be_rw', waiting: 3, served: 120, late: 2, many: 1, gone: 4, longestMs: 1_512 }],
        faults: [],
      },
    ],
    [
      'a line of haproxy.cfg is wrong',
      `${IDLE}\nfault be_r 15000 1000: HAProxy has no such backend\n\n`,
      { state: 'loaded', gates: [], faults: ['be_r 15000 1000: HAProxy has no such backend'] },
    ],
    ['it is not loaded', 'Unknown command, but maybe ...\n', { state: 'absent', gates: [], faults: [] }],
    ['it broke', 'error: boom\n\n', { state: 'unknown', gates: [], faults: [] }],
  ])('is read: %s', (_what, text, status) => {
    expect(holdStatusOf(text)).toEqual(status);
  });
});
