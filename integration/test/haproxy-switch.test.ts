// A target drives a real HAProxy: switches, sessions, drift, what HAProxy lacks, several targets on one HAProxy.
import { afterEach, describe, expect, it } from 'vitest';
import { type HaproxyStage, type HaproxyStageOptions, haproxyStage, sampleRotation } from '../lab/haproxy-stage.ts';
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

describe('a switch', () => {
  it('moves the writes: nobody sees two servers in rotation, and no session stays on the old one', async () => {
    const stage = await start();
    const { hold, target } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const sampler = sampleRotation(stage, 'be_rw');
    for (let serial = 2; serial <= 21; serial += 1) {
      const sessions = await openSessions(stage.writePort, 10);
      await hold(stage.writesOn(serial, serial % 2 === 0 ? 'pg2' : 'pg1'));
      await Promise.all(sessions.map((session) => session.ended));
    }
    const seen = await sampler.stop();
    expect(seen.filter((set) => set.length > 1)).toEqual([]);
    expect(seen.length).toBeGreaterThan(1);
    expect((await openSession(stage.writePort)).server).toBe('pg1');
    expect(target.status()).toMatchObject({ converged: true, problems: [], state: 'reachable' });
  });

  it('lets the new writer in only when the last of a thousand sessions is gone', async () => {
    const stage = await start();
    const { hold, until } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const sessions = await openSessions(stage.writePort, 1_000);
    expect(servedBy(sessions)).toEqual(new Map([['pg1', 1_000]]));
    await hold(stage.writesOn(2, 'pg2'));
    expect(await until('fenced', ({ serial, exclusive }) => serial === 2 && exclusive)).toMatchObject({
      sessionsEnded: 1_000,
      servers: [{ backend: 'be_rw', server: 'pg1', member: 'pg1' }],
    });
    await Promise.all(sessions.map((session) => session.ended));
    expect(stage.servers.get('pg1')?.sessions()).toBe(0);
    expect((await openSession(stage.writePort)).server).toBe('pg2');
  });

  it('closes the write service when nobody may write', async () => {
    const stage = await start();
    const { hold } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await hold(stage.writesOn(2, undefined));
    await session.ended;
    expect((await openSession(stage.writePort)).server).toBeUndefined();
  });

  it('leaves sessions of a read service alone', async () => {
    const stage = await start({ servers: 2 });
    const { hold } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.readPort);
    expect(session.server).toBe('pg2');
    await hold(stage.writesOn(2, 'pg2'));
    expect(await session.echo('still here')).toBe(true);
    expect((await openSession(stage.readPort)).server).toBe('pg1');
  });

  it('lets a draining writer keep its sessions and gives it no new ones', async () => {
    const stage = await start();
    const { hold } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    const draining = stage.writesOn(2, undefined);
    await hold({
      ...draining,
      backends: draining.backends.map((backend) => ({
        ...backend,
        servers: backend.servers.map((server) =>
          server.member === 'pg1' ? { ...server, state: 'drain' as const } : server,
        ),
      })),
    });
    expect(await session.echo('still here')).toBe(true);
    expect((await openSession(stage.writePort)).server).toBeUndefined();
    await hold(stage.writesOn(3, 'pg2'));
    await session.ended;
  });

  it('touches no backend that is not named', async () => {
    const stage = await start({ servers: 2 });
    await stage.haproxy.ask('set server be_ro/pg1 state drain;set server be_ro/pg2 state ready');
    const { hold } = stage.drive();
    const desired = stage.writesOn(1, 'pg1');
    await hold({ ...desired, backends: desired.backends.filter(({ exclusive }) => exclusive) });
    expect(await stage.inRotation('be_ro')).toEqual(['pg2']);
  });
});

describe('what HAProxy lacks', () => {
  it('is told, and the rest goes on', async () => {
    const stage = await start({ servers: 2 });
    const { hold, target, until, codes } = stage.drive();
    const desired = stage.writesOn(1, 'pg1');
    const more = {
      ...desired,
      backends: [
        ...desired.backends.map((backend) => ({
          ...backend,
          servers: [...backend.servers, { member: 'pg9', address: undefined, state: 'maint' as const }],
        })),
        { backend: 'nosuch', exclusive: false, servers: [] },
      ],
    };
    await hold(more);
    expect((await until('missing')).missing).toEqual([
      { kind: 'server', backend: 'be_rw', member: 'pg9' },
      { kind: 'server', backend: 'be_ro', member: 'pg9' },
      { kind: 'backend', backend: 'nosuch' },
    ]);
    expect(new Set(codes())).toEqual(new Set(['server_missing', 'backend_missing']));
    expect(await stage.inRotation('be_rw')).toEqual(['pg1']);
    await hold(stage.writesOn(2, 'pg1'));
    expect(target.status().problems).toEqual([]);
  });

  it('is found by address where the names differ; hostile names never reach a command', async () => {
    const stage = await start({ servers: 2 });
    const { hold } = stage.drive();
    const hostile = 'pg1;disable frontend fe_rw\nshow env #1/1 \\ <<';
    const desired = stage.writesOn(1, 'pg1');
    await hold({
      ...desired,
      backends: desired.backends.map((backend) => ({
        ...backend,
        servers: backend.servers.map((server) => ({
          ...server,
          member: `${hostile} ${server.member} ${'x'.repeat(10_000)}`,
        })),
      })),
    });
    expect((await openSession(stage.writePort)).server).toBe('pg1');
    expect((await openSession(stage.readPort)).server).toBe('pg2');
  });
});

describe('a drift', () => {
  it('that someone typed in is put back, and sessions on the wrong writer end', async () => {
    const stage = await start();
    const { hold, until } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    await stage.haproxy.ask(
      'set server be_rw/pg1 state maint;set server be_rw/pg2 state ready;set server be_ro/pg2 weight 0',
    );
    const wrong = await openSession(stage.writePort);
    expect(wrong.server).toBe('pg2');
    expect((await until('drift')).servers).toEqual(
      expect.arrayContaining([
        { backend: 'be_rw', server: 'pg1', member: 'pg1', found: 'maint', restored: 'ready' },
        { backend: 'be_rw', server: 'pg2', member: 'pg2', found: 'ready', restored: 'maint' },
        { backend: 'be_ro', server: 'pg2', member: 'pg2', found: 'drain', restored: 'ready' },
      ]),
    );
    await wrong.ended;
    expect((await openSession(stage.writePort)).server).toBe('pg1');
    await eventually('the weight to be back', async () =>
      (await stage.haproxy.ask('get weight be_ro/pg2')).startsWith('1 '),
    );
  });
});

describe('two targets on one HAProxy', () => {
  it('are calm while they agree', async () => {
    const stage = await start();
    const one = stage.drive();
    const two = stage.drive();
    for (let serial = 1; serial <= 10; serial += 1) {
      const desired = stage.writesOn(serial, serial % 2 === 0 ? 'pg1' : 'pg2');
      await Promise.all([one.hold(desired), two.hold(desired)]);
    }
    const session = await openSession(stage.writePort);
    const changes = () => one.target.status().counters.transactions + two.target.status().counters.transactions;
    const before = changes();
    const polls = one.target.status().counters.exchanges + 5;
    await eventually('five more polls', () => one.target.status().counters.exchanges > polls);
    expect(changes()).toBe(before);
    expect(await session.echo('untouched')).toBe(true);
    expect([...one.codes(), ...two.codes()]).toEqual([]);
  });

  // On several threads HAProxy may carry out two routers' lines at once and interleave their commands. Routers of one etcd don't disagree, so what is
  // asked for here is that each line closes everyone else before it opens.
  it('that disagree never have two writers in, and call each other out', async () => {
    const stage = await start({ config: { globalOptions: ['nbthread 1'] } });
    const one = stage.drive();
    const two = stage.drive();
    const sampler = sampleRotation(stage, 'be_rw');
    one.target.submit(stage.writesOn(1, 'pg1'));
    two.target.submit(stage.writesOn(1, 'pg2'));
    await eventually('an alarm', () => one.codes().includes('second_router') || two.codes().includes('second_router'));
    expect((await sampler.stop()).filter((set) => set.length > 1)).toEqual([]);
  });
});
