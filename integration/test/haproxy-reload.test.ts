// Reloads and restarts of a real HAProxy under a target: the new worker is told, the old one's sessions are still reached.
import { afterEach, describe, expect, it } from 'vitest';
import { type HaproxyStage, type HaproxyStageOptions, haproxyStage } from '../lab/haproxy-stage.ts';
import { eventually } from '../lab/process.ts';
import { openSession, openSessions, servedBy } from '../lab/sessions.ts';

const stages: HaproxyStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});
const start = async (options?: HaproxyStageOptions) => {
  const stage = await haproxyStage(options);
  stages.push(stage);
  return stage;
};
/** The tail connection stands a moment after the first read-back; a few polls later there is no doubt. */
const settled = (exchanges: () => number) => {
  const until = exchanges() + 3;
  return eventually('a few polls', () => exchanges() > until);
};

describe('a reload', () => {
  it.each([
    ['noticed by the master socket', false],
    ['noticed by the poll', true],
  ])('%s: the new worker is told, sessions on the right server stay', async (_, noMaster) => {
    const stage = await start();
    const { hold, target, until } = stage.drive({ noMaster });
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await settled(() => target.status().counters.exchanges);
    const pid = await stage.haproxy.reload();
    await until('reloaded', (report) => report.pid === pid);
    await until(
      'opened',
      ({ at, backend }) => backend === 'be_rw' && at > (target.status().facts?.worker.pid === pid ? 0 : at),
    );
    await eventually('writes to be served again', async () => (await openSession(stage.writePort)).server === 'pg1');
    expect(await session.echo('untouched')).toBe(true);
    expect(target.status().oldWorkers).toMatchObject([{ reachable: true }]);
  });

  it('puts sessions out of reach of all but the tail: a switch after it still ends them, and the old worker is let go', async () => {
    const stage = await start();
    const { hold, target, until } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const writes = await openSessions(stage.writePort, 300);
    const reads = await openSessions(stage.readPort, 10);
    await settled(() => target.status().counters.exchanges);
    const old = await stage.haproxy.workerPid();
    const pid = await stage.haproxy.reload();
    await until('reloaded', (report) => report.pid === pid);
    await eventually('the new worker to be told', () => target.status().converged);
    expect(servedBy(writes).get('pg1')).toBe(300);
    await hold(stage.writesOn(2, 'pg2'));
    await Promise.all(writes.map((session) => session.ended));
    expect(stage.servers.get('pg1')?.sessions()).toBe(0);
    for (const session of reads) expect(await session.echo('reads are left alone')).toBe(true);
    for (const session of reads) session.close();
    await eventually('the old worker to end', () => !stage.haproxy.workerPids().includes(old));
  });

  it('in the middle of a switch leaves no session on the old writer, whenever it comes', async () => {
    const stage = await start({ servers: 2 });
    const { hold, target } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    let writer = 'pg1';
    for (let serial = 2; serial <= 9; serial += 1) {
      const sessions = await openSessions(stage.writePort, 30);
      await settled(() => target.status().counters.exchanges);
      const next = writer === 'pg1' ? 'pg2' : 'pg1';
      const reloaded = stage.haproxy.reload();
      // Before, while and after the new worker takes over.
      await new Promise((resolve) => setTimeout(resolve, (serial - 2) * 12));
      await hold(stage.writesOn(serial, next));
      await Promise.all(sessions.map((session) => session.ended));
      await reloaded;
      await eventually('writes on the new server', async () => (await openSession(stage.writePort)).server === next);
      await eventually('the old server to be empty', () => stage.servers.get(writer)?.sessions() === 0);
      writer = next;
    }
  });

  it('with a broken file changes nothing', async () => {
    const stage = await start();
    const { hold, target } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    stage.haproxy.configure('nonsense\n');
    await stage.haproxy.reloadInVain();
    await settled(() => target.status().counters.exchanges);
    expect(target.status()).toMatchObject({ converged: true, counters: { reloads: 0 } });
    expect(await session.echo('untouched')).toBe(true);
  });
});

describe('a restart', () => {
  it('is waited out, and the new HAProxy is told', async () => {
    const stage = await start();
    const { hold, target, until } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await settled(() => target.status().counters.exchanges);
    const before = target.status().facts?.worker.pid;
    await stage.haproxy.restart();
    await session.ended;
    await until('reloaded', ({ previousPid }) => previousPid === before);
    await eventually('writes to be served again', async () => (await openSession(stage.writePort)).server === 'pg1');
    // The old worker ended with its sessions: nothing of it is left to warn of.
    expect(target.status()).toMatchObject({ oldWorkers: [], problems: [] });
  });

  it('of a HAProxy that was not there at the start is no different', async () => {
    const stage = await start();
    await stage.haproxy.stop();
    const { target, until } = stage.drive();
    target.submit(stage.writesOn(1, 'pg2'));
    expect(await until('unreachable')).toMatchObject({ why: 'not_running' });
    expect(target.status()).toMatchObject({ state: 'not_running', facts: undefined, converged: false });
    await stage.haproxy.restart();
    await until('converged');
    expect((await openSession(stage.writePort)).server).toBe('pg2');
  });
});
