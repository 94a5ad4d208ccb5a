// Which lines of a real HAProxy stand for which member: by template names, by address, with backup lines, spares that get their address at run time, servers
// that are added and deleted, weights; and a reload in the middle of each.
import type { DesiredBackend, DesiredServer } from '@pgrouted/core/haproxy/desired';
import { type ServersSpec, serversDefault } from '@pgrouted/core/model/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configHead, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { type DrivenTarget, driveTarget } from '../lab/haproxy-stage.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { type IdentityServer, openSession, openSessions, servedBy, startIdentityServer } from '../lab/sessions.ts';

const FRONTS = ['names', 'addresses', 'backups', 'spares', 'writes', 'added', 'weighed'] as const;
type Front = (typeof FRONTS)[number];

const folder = temporaryFolder();
const servers = new Map<string, IdentityServer>();
const ports = new Map<Front, number>();
let haproxy: Haproxy;
let driven: DrivenTarget;
let serial = 0;

const portOf = (front: Front): number => ports.get(front) ?? 0;
const listens = (name: string): number => servers.get(name)?.port ?? 0;
const at = (name: string) => ({ host: '127.0.0.1', port: listens(name) });

beforeAll(async () => {
  for (const name of ['pg1', 'pg2', 'pg3', 'pg4']) servers.set(name, await startIdentityServer(name, await freePort()));
  for (const front of FRONTS) ports.set(front, await freePort());
  const line = (name: string, of: string, more = '') => `    server ${name} 127.0.0.1:${listens(of)} disabled ${more}`;
  haproxy = await startHaproxy({
    folder: folder.path,
    config: ({ adminSocket }) =>
      [
        ...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }),
        ...FRONTS.flatMap((front) => [
          `frontend fe_${front}`,
          `    bind 127.0.0.1:${ports.get(front)}`,
          `    default_backend ${front}`,
        ]),
        'backend names',
        ...['pg1', 'pg2'].map((name) => line(`c1-${name}.db`, name)),
        'backend addresses',
        line('x', 'pg2'),
        line('pg1', 'pg3'),
        'backend backups',
        '    option allbackups',
        ...['pg1', 'pg2'].flatMap((name) => [line(name, name), line(`${name}-fb`, name, 'backup')]),
        'backend spares',
        '    balance leastconn',
        '    server-template sp 1-2 127.0.0.1:1 disabled',
        'backend writes',
        '    server-template sp 1-2 127.0.0.1:1 disabled',
        'backend added',
        '    balance leastconn',
        'backend weighed',
        '    balance roundrobin',
        ...['pg1', 'pg2'].map((name) => line(name, name, 'weight 10')),
        'backend fixed',
        '    balance source',
        ...['pg1', 'pg2'].map((name) => line(name, name, 'weight 10')),
        '',
      ].join('\n'),
  });
});
afterAll(async () => {
  await haproxy.stop();
  for (const server of servers.values()) await server.stop();
  folder.remove();
});
afterEach(async () => driven.target.close());
/** A target without a past, as after a start of pgrouted. */
const drive = () => {
  driven = driveTarget(haproxy);
  return driven;
};

const spares: ServersSpec = { ...serversDefault, spares: 'sp' };
const ready = (member: string, more: Partial<DesiredServer> = {}): DesiredServer => ({
  member,
  address: at(member),
  state: 'ready',
  ...more,
});
const out = (member: string, more: Partial<DesiredServer> = {}) => ready(member, { state: 'maint', ...more });
const hold = async (
  ...backends: readonly (Partial<DesiredBackend> & Pick<DesiredBackend, 'backend' | 'servers'>)[]
) => {
  serial += 1;
  await driven.hold({ serial, backends: backends.map((one) => ({ exclusive: false, ...one })) });
};
const submit = (...backends: readonly (Partial<DesiredBackend> & Pick<DesiredBackend, 'backend' | 'servers'>)[]) => {
  serial += 1;
  driven.target.submit({ serial, backends: backends.map((one) => ({ exclusive: false, ...one })) });
};
/** Who answers on this port: the names that some connections in a row hear. */
const answering = async (front: Front, times = 6) => {
  const sessions = await openSessions(portOf(front), times);
  const names = [...new Set(sessions.map(({ server }) => server))].sort();
  for (const session of sessions) session.close();
  return names;
};
/** Sessions on one of the servers behind a port. */
const sessionsOn = async (front: Front, name: string) => {
  const sessions = await openSessions(portOf(front), 4);
  for (const session of sessions) if (session.server !== name) session.close();
  return sessions.filter(({ server }) => server === name);
};
/** The lines of a backend as a witness reads them: `name address:port admin weight`. */
const linesOf = async (
  backend: string,
): Promise<ReadonlyMap<string, { port: number; admin: number; weight: number }>> => {
  const rows = (await haproxy.ask(`show servers state ${backend}`)).split('\n').filter((row) => /^\d+ /.test(row));
  return new Map(
    rows.map((row) => {
      const field = row.split(' ');
      return [field[3] ?? '', { port: Number(field[18]), admin: Number(field[6]), weight: Number(field[7]) }];
    }),
  );
};

describe('a line of haproxy.cfg', () => {
  it('is found by a name template, and by its address alone where that is asked for', async () => {
    drive();
    const named = { ...serversDefault, match: 'name' as const, name: 'c1-{member}.db' };
    await hold(
      { backend: 'names', match: named, servers: [out('pg1'), ready('pg2')] },
      // There is a line pg1, but it leads to pg3: by address it is no line of pg1.
      { backend: 'addresses', match: { ...serversDefault, match: 'address' }, servers: [ready('pg2'), ready('pg3')] },
    );
    expect(await answering('names')).toEqual(['pg2']);
    expect(await answering('addresses')).toEqual(['pg2', 'pg3']);
    expect(driven.codes()).toEqual([]);
    submit({ backend: 'addresses', match: { ...serversDefault, match: 'name' }, servers: [ready('pg2')] });
    await driven.until('missing', ({ missing }) => missing.length > 0);
    expect(driven.codes()).toContain('server_missing');
  });

  it('and its backup line fall back by themselves, with no router alive', async () => {
    drive();
    const match = { ...serversDefault, backupName: '{member}-fb' };
    // pg1 is the primary: it stands in only where no replica takes reads.
    const primary = out('pg1', { lines: { own: 'maint', backup: 'ready' } });
    const replica = ready('pg2', { lines: { own: 'ready', backup: 'maint' } });
    await hold({ backend: 'backups', match, servers: [primary, replica] });
    expect(await answering('backups')).toEqual(['pg2']);
    await driven.target.close();
    await haproxy.ask('set server backups/pg2 state maint');
    expect(await answering('backups')).toEqual(['pg1']);
    await haproxy.reload();
    drive();
    await hold({ backend: 'backups', match, servers: [primary, replica] });
    expect(await answering('backups')).toEqual(['pg2']);
  });
});

describe('a spare line', () => {
  it('gets the address of a member at run time, again after a reload, and sessions end as the policy says when the member goes', async () => {
    drive();
    const removed = { leaving: 'drain_then_kill' as const, drainTimeoutMs: 300 };
    const asked = { backend: 'spares', match: spares, removed };
    await hold({ ...asked, servers: [ready('pg1'), ready('pg2')] });
    expect(await answering('spares')).toEqual(['pg1', 'pg2']);
    const before = await linesOf('spares');
    expect([before.get('sp1')?.port, before.get('sp2')?.port]).toEqual([listens('pg1'), listens('pg2')]);

    const pid = await haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    await eventually('the new worker to be told', () => driven.target.status().converged);
    expect(await answering('spares')).toEqual(['pg1', 'pg2']);

    // A router that starts anew comes to the same assignment and touches nothing.
    await driven.target.close();
    drive();
    await hold({ ...asked, servers: [ready('pg1'), ready('pg2')] });
    expect(driven.target.status().counters.transactions).toBe(0);

    // Both spares are taken: the third member has to wait until one is free.
    submit({ ...asked, servers: [ready('pg1'), ready('pg2'), ready('pg3')] });
    await eventually('to be told so', () => driven.codes().includes('spares_used_up'));
    const sessions = await sessionsOn('spares', 'pg1');
    expect(sessions.length).toBeGreaterThan(0);
    submit({ ...asked, servers: [ready('pg2'), ready('pg3')] });
    await eventually('pg1 to drain', async () => ((await linesOf('spares')).get('sp1')?.admin ?? 0) & 0x08);
    for (const session of sessions) expect(await session.echo('still here')).toBe(true);
    await Promise.all(sessions.map((session) => session.ended));
    await driven.until('converged', (report) => report.serial === serial);
    expect((await linesOf('spares')).get('sp1')?.port).toBe(listens('pg3'));
    expect(await answering('spares')).toEqual(['pg2', 'pg3']);
    expect(driven.codes()).toEqual([]);
  });

  it('that stands for nobody any more ends its sessions in the old worker too', async () => {
    drive();
    const removed = { leaving: 'drain_then_kill' as const, drainTimeoutMs: 200 };
    const asked = { backend: 'spares', match: spares, removed };
    await hold({ ...asked, servers: [ready('pg1'), ready('pg2')] });
    const [leaves, stays] = [await sessionsOn('spares', 'pg1'), await sessionsOn('spares', 'pg2')];
    const { exchanges } = driven.target.status().counters;
    await eventually('a few polls', () => driven.target.status().counters.exchanges > exchanges + 3);
    await haproxy.reload();
    await eventually('the new worker to be told', () => driven.target.status().counters.reloads === 1);
    submit({ ...asked, servers: [ready('pg2')] });
    await Promise.all(leaves.map((session) => session.ended));
    expect([leaves.length > 0, stays.length > 0]).toEqual([true, true]);
    for (const session of stays) expect(await session.echo('still here')).toBe(true);
    for (const session of stays) session.close();
  });

  it('is given away alike by two routers at once, without a quarrel', async () => {
    await haproxy.reload();
    const other = driveTarget(haproxy);
    drive();
    serial += 1;
    const servers = [ready('pg3'), ready('pg1')];
    const desired = { serial, backends: [{ backend: 'spares', exclusive: false, match: spares, servers }] };
    await Promise.all([other.hold(desired), driven.hold(desired)]);
    expect([...(await linesOf('spares')).values()].map((line) => line.port)).toEqual([listens('pg1'), listens('pg3')]);
    expect([other.codes(), driven.codes()]).toEqual([[], []]);
    await other.target.close();
  });

  it('holds one writer: a switch between spares, and to a member that comes with it', async () => {
    drive();
    const asked = { backend: 'writes', exclusive: true, match: spares };
    await hold({ ...asked, servers: [ready('pg1'), out('pg2')] });
    const sessions = await openSessions(portOf('writes'), 20);
    expect(servedBy(sessions)).toEqual(new Map([['pg1', 20]]));
    // The worker that a reload leaves behind knows its spares by where they led.
    const { exchanges } = driven.target.status().counters;
    await eventually('a few polls', () => driven.target.status().counters.exchanges > exchanges + 3);
    const pid = await haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    await eventually('the new worker to be told', () => driven.target.status().converged);
    expect(servedBy(sessions)).toEqual(new Map([['pg1', 20]]));
    await hold({ ...asked, servers: [out('pg1'), ready('pg2')] });
    await Promise.all(sessions.map((session) => session.ended));
    expect(await answering('writes')).toEqual(['pg2']);
    // pg2 dies with its host, pg4 comes in its place under the same decision.
    const last = await openSession(portOf('writes'));
    await hold({ ...asked, servers: [out('pg1'), ready('pg4')] });
    await last.ended;
    expect(await answering('writes')).toEqual(['pg4']);
    expect(servers.get('pg2')?.sessions()).toBe(0);
  });

  it('needs an IP address', async () => {
    drive();
    submit({
      backend: 'writes',
      match: spares,
      servers: [ready('pg9', { address: { host: 'db9.example', port: 5432 } })],
    });
    await eventually('to be told so', () => driven.codes().includes('line_needs_ip'));
    expect(driven.codes()).toContain('server_missing');
  });
});

describe('an added server', () => {
  const adding = (...parameters: string[]): ServersSpec => ({ ...serversDefault, add: { prefix: 'dyn-', parameters } });
  it.each([
    ['without a check', []],
    ['with a check', ['check', 'inter', '100ms']],
  ])('%s comes, is there again after a reload, moves, and goes when its sessions have', async (_, parameters) => {
    drive();
    const asked = {
      backend: 'added',
      match: adding(...parameters),
      removed: { leaving: 'drain' as const, drainTimeoutMs: 0 },
    };
    await hold({ ...asked, servers: [ready('pg1'), ready('pg2')] });
    expect(await answering('added')).toEqual(['pg1', 'pg2']);

    const pid = await haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    await eventually('the new worker to be told', () => driven.target.status().converged);
    expect(await answering('added')).toEqual(['pg1', 'pg2']);
    if (parameters.includes('check')) {
      // A check that runs notices that nobody listens there.
      const state = () => haproxy.ask('show servers state added');
      expect(await state()).toMatch(/ dyn-pg1 127\.0\.0\.1 2 0 1 1 \d+ \d+ \d+ \d+ [67] /);
    }
    // pg1 is somewhere else now (where pg3 listens).
    await hold({ ...asked, servers: [ready('pg1', { address: at('pg3') }), ready('pg2')] });
    expect(await answering('added')).toEqual(['pg2', 'pg3']);

    const sessions = await sessionsOn('added', 'pg2');
    await hold({ ...asked, servers: [ready('pg1', { address: at('pg3') })] });
    expect([...(await linesOf('added')).keys()]).toEqual(['dyn-pg1', 'dyn-pg2']);
    for (const session of sessions) expect(await session.echo('still here')).toBe(true);
    for (const session of sessions) session.close();
    await eventually('the line to be deleted', async () => !(await linesOf('added')).has('dyn-pg2'));
    await hold({ ...asked, servers: [] });
    await eventually('the last line to be deleted', async () => (await linesOf('added')).size === 0);
    expect(driven.codes()).toEqual([]);
  });

  it('that HAProxy refuses is told, with what it said, and not tried hotly', async () => {
    drive();
    submit({ backend: 'fixed', match: adding(), servers: [ready('pg1'), ready('pg3')] });
    await eventually('to be told so', () => driven.codes().includes('change_refused'));
    const { transactions } = driven.target.status().counters;
    expect(driven.target.status().problems.find(({ code }) => code === 'change_refused')?.facts).toMatchObject({
      command: `add server fixed/dyn-pg3 127.0.0.1:${listens('pg3')}`,
      said: expect.stringContaining('dynamic load balancing'),
    });
    const { exchanges } = driven.target.status().counters;
    await eventually('a few polls', () => driven.target.status().counters.exchanges > exchanges + 2);
    expect(driven.target.status().counters.transactions).toBe(transactions);
    expect(driven.codes()).toContain('server_missing');
  });
});

describe('a weight', () => {
  it('is held, put right, and given back', async () => {
    drive();
    const weights = async (backend: string) => [...(await linesOf(backend)).values()].map(({ weight }) => weight);
    await hold({ backend: 'weighed', servers: [ready('pg1', { weight: 40 }), ready('pg2', { weight: 0 })] });
    expect(await weights('weighed')).toEqual([40, 0]);
    expect(await answering('weighed')).toEqual(['pg1']);
    await haproxy.ask('set server weighed/pg1 weight 3');
    await eventually('to be put right', async () => (await weights('weighed'))[0] === 40);
    await haproxy.reload();
    await eventually('the new worker to be told', async () => (await weights('weighed')).join() === '40,0');
    await hold({ backend: 'weighed', servers: [ready('pg1'), ready('pg2')] });
    expect(await weights('weighed')).toEqual([10, 10]);
  });

  it('that a static algorithm refuses is told; all and nothing are taken', async () => {
    drive();
    await hold({ backend: 'fixed', servers: [ready('pg1', { weight: 0 }), ready('pg2', { weight: 10 })] });
    expect([...(await linesOf('fixed')).values()].map(({ weight }) => weight)).toEqual([0, 10]);
    await hold({ backend: 'fixed', servers: [ready('pg1'), ready('pg2', { weight: 20 })] });
    expect(driven.codes()).toEqual(['weight_refused']);
    expect([...(await linesOf('fixed')).values()].map(({ weight }) => weight)).toEqual([10, 10]);
  });
});
