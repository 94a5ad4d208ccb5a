// That HAProxy's watchdog does what it is told is shown with the real one (integration/test/haproxy-watchdog.test.ts).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import { type ModelSocket, serveModel } from '../../test/haproxy-socket.ts';
import { realClock } from '../../test/real-clock.ts';
import { after, type Millis } from '../model/units.ts';
import type { WorkerFact } from './parse.ts';
import { Watchdog } from './watchdog.ts';

interface Stage {
  readonly served: ModelSocket;
  readonly watchdog: Watchdog;
  readonly fired: { readonly backend: string; readonly at: Millis }[];
  /** What the target does after each read-back. */
  readonly see: () => void;
}

const stages: Stage[] = [];
afterEach(async () => {
  for (const { served, watchdog } of stages.splice(0)) {
    await watchdog.close();
    await served.stop();
  }
});

const newModel = (pid: number, loaded: boolean) => {
  const model = new HaproxyModel([]);
  model.pid = pid;
  model.watchdog = loaded ? new Map() : undefined;
  return model;
};
const worker = ({ pid }: HaproxyModel): WorkerFact => ({
  pid,
  startTimeSec: pid,
  uptimeSec: 5,
  version: '2.6.12',
  stopping: false,
  currConns: 0,
});

async function stage(loaded = true): Promise<Stage> {
  const served = await serveModel(newModel(1_000, loaded));
  const fired: { readonly backend: string; readonly at: Millis }[] = [];
  const watchdog = new Watchdog({
    path: served.path,
    clock: realClock,
    onFired: (backend, at) => fired.push({ backend, at }),
  });
  const made = { served, watchdog, fired, see: () => watchdog.seen(worker(served.model)) };
  stages.push(made);
  return made;
}

const eventually = (expectation: () => void) => vi.waitFor(expectation, { timeout: 20_000, interval: 5 });
const inMs = (ms: number, ...backends: readonly string[]) =>
  new Map(backends.map((backend) => [backend, after(realClock.now(), ms)]));
const orders = ({ served }: Stage) => served.lines.filter((line) => / watchdog \S/.test(line));

describe("HAProxy's watchdog", { timeout: 30_000 }, () => {
  it('is asked first, then fed with what is left, each time a deadline moves', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(10_000, 'rw'));
    expect(s.watchdog.state).toBe('unknown');
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect(s.served.lines[0]).toBe('show info;pgrouted watchdog');
    expect(s.served.model.watchdog?.get('rw')).toBeGreaterThan(1_000);
    expect(s.served.model.watchdog?.get('rw')).toBeLessThanOrEqual(10_000);
    s.watchdog.feed(inMs(100_000, 'rw', 'rw2'));
    await eventually(() => expect(s.served.model.watchdog?.get('rw2')).toBeGreaterThan(10_000));
    expect(s.served.lines.filter((line) => line.endsWith('watchdog'))).toHaveLength(1);
  });

  it('costs nothing while no deadline moves', async () => {
    const s = await stage();
    const deadlines = inMs(10_000, 'rw');
    expect(s.watchdog.feed(deadlines)).toBe(true);
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect(s.watchdog.feed(new Map(deadlines))).toBe(false);
    for (let i = 0; i < 5; i += 1) s.see();
    await s.watchdog.close();
    expect(orders(s)).toHaveLength(1);
  });

  it('is fed once more when it may have closed something', async () => {
    const s = await stage();
    s.watchdog.repeat();
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    s.served.model.watchdog?.clear();
    s.watchdog.repeat();
    await eventually(() => expect(s.served.model.watchdog?.size).toBe(1));
    expect(orders(s)).toHaveLength(2);
  });

  it('is not even asked while nothing is to be fed', async () => {
    const s = await stage();
    s.watchdog.feed(new Map());
    s.see();
    await s.watchdog.close();
    expect(s.watchdog.state).toBeUndefined();
    expect(s.served.lines).toEqual([]);
  });

  it('is told 0 of a deadline that has passed', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(-5_000, 'rw'));
    s.see();
    await eventually(() => expect(s.served.model.watchdog?.get('rw')).toBe(0));
  });

  it('is disarmed for a backend that is no longer named', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(10_000, 'rw', 'rw2'));
    s.see();
    await eventually(() => expect(s.served.model.watchdog?.size).toBe(2));
    s.watchdog.feed(inMs(10_000, 'rw2'));
    await eventually(() => expect([...(s.served.model.watchdog?.keys() ?? [])]).toEqual(['rw2']));
    s.watchdog.feed(new Map());
    // On a clean stop too.
    await s.watchdog.close();
    expect(s.served.model.watchdog?.size).toBe(0);
    expect(s.watchdog.state).toBeUndefined();
  });

  it('is fed anew in another worker, and asked again whether it is there', async () => {
    const s = await stage(false);
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('absent'));
    expect(s.watchdog.knows(worker(s.served.model))).toBe(false);
    // Once is enough.
    s.watchdog.feed(inMs(20_000, 'rw'));
    for (let i = 0; i < 5; i += 1) s.see();
    expect(s.served.lines).toHaveLength(1);
    s.served.model = newModel(2_000, true);
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect(s.watchdog.knows(worker(s.served.model))).toBe(true);
  });

  it('that was fed by mistake in the worker of before is fed again when the new one is seen', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(10_000, 'rw'));
    const first = s.served.model;
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    const next = newModel(2_000, true);
    s.served.model = next;
    // Nobody has seen the new one yet.
    s.watchdog.feed(inMs(20_000, 'rw'));
    await eventually(() => expect(s.watchdog.state).toBe('unknown'));
    expect(first.watchdog?.get('rw')).toBeLessThanOrEqual(10_000);
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect(next.watchdog?.get('rw')).toBeGreaterThan(10_000);
  });

  it('that hangs gets one connection at a time, and the next one only when HAProxy has answered somebody', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    s.served.fault = 'silent';
    for (let i = 1; i <= 20; i += 1) s.watchdog.feed(inMs(10_000 + i, 'rw'));
    await eventually(() => expect(s.watchdog.state).toBe('unknown'));
    for (let i = 1; i <= 20; i += 1) s.watchdog.feed(inMs(20_000 + i, 'rw'));
    // One may not have been seen to end when the next one comes.
    expect(s.served.most()).toBeLessThanOrEqual(2);
    await eventually(() => expect(s.served.open()).toBe(0));
    s.served.fault = 'none';
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect(s.served.model.watchdog?.get('rw')).toBeGreaterThan(10_000);
  });

  it('that does not answer the first question is taken for absent, and is never armed', async () => {
    const s = await stage();
    s.served.fault = 'silent';
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('absent'));
    s.served.fault = 'none';
    for (let i = 0; i < 5; i += 1) s.see();
    await s.watchdog.close();
    expect(s.served.model.watchdog?.size).toBe(0);
  });

  it('tells once that it had closed a backend, and when', async () => {
    const s = await stage();
    s.served.model.watchdogSays = 'closed rw at 2026-11-21T09:47:21Z, 3812 ms ago';
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.fired).toHaveLength(1));
    expect(s.fired[0]?.backend).toBe('rw');
    expect(realClock.now() - (s.fired[0]?.at ?? 0)).toBeGreaterThanOrEqual(3_812);
    // As a tail tells it, behind a prompt; a backend that is not ours is not our business.
    s.watchdog.took('armed rw 5 ms left\n\n> closed rw at 2026-11-21T09:47:21Z, 5 ms ago\nclosed x at -, 5 ms ago\n');
    expect(s.fired.map(({ backend }) => backend)).toEqual(['rw', 'rw']);
  });

  it('that was told too late is told again', async () => {
    const s = await stage();
    s.served.model.watchdogSays = 'late rw\nclosed rw at 2026-11-21T09:47:21Z, 0 ms ago';
    s.watchdog.feed(inMs(10_000, 'rw'));
    s.see();
    await eventually(() => expect(s.fired).toHaveLength(1));
    expect(s.watchdog.state).toBe('unknown');
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
  });

  it('is not told of a backend whose name may not reach a command', async () => {
    const s = await stage();
    s.watchdog.feed(inMs(10_000, 'rw', 'a;b', 'x'.repeat(65)));
    s.see();
    await eventually(() => expect(s.watchdog.state).toBe('armed'));
    expect([...(s.served.model.watchdog?.keys() ?? [])]).toEqual(['rw']);
  });
});
