// The rights in etcd that docs/etcd-rights.md asks for, as it writes them, given to a router and no others; and what is left of it with less.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetRouter, type FleetStage, fleetStage, READS, WRITES } from '../lab/fleet-stage.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';

let stage: FleetStage;
let full: FleetRouter;

const user = (name: string) => ({ user: name, password: 'secret' });

beforeAll(async () => {
  const page = readFileSync(new URL('../../docs/etcd-rights.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^etcdctl (.+)$/gm)].map(([, args]) => (args ?? '').trim().split(/ +/));
  expect(commands.map(([noun, verb]) => `${noun} ${verb}`)).toEqual([
    'role add',
    'role grant-permission',
    'role grant-permission',
    'user grant-role',
  ]);
  stage = await fleetStage({
    folder: temporaryFolder(),
    etcd: { auth: { rootPassword: 'root' }, args: ['--bcrypt-cost=4'] },
    auth: { username: 'root', password: 'root' },
  });
  const { etcdctl } = stage.etcd;
  for (const name of ['pgrouted', 'reader', 'stranger']) await etcdctl('user', 'add', `${name}:secret`);
  for (const command of commands) await etcdctl(...command);
  for (const [name, prefixes] of [
    ['reader', ['/service/', '/pgrouted/']],
    ['stranger', ['/service/']],
  ] as const) {
    await etcdctl('role', 'add', name);
    for (const prefix of prefixes) await etcdctl('role', 'grant-permission', name, '--prefix=true', 'read', prefix);
    await etcdctl('user', 'grant-role', name, name);
  }
  full = await stage.router('full', { etcd: user('pgrouted') });
});

afterAll(() => stage?.close());

describe('a router with these rights', () => {
  it('routes, is registered, and shares its overrides', async () => {
    await full.holds(WRITES, ['n1']);
    await full.daemon.until('it to be registered', ({ fleet }) => fleet?.registered === true);
    const { override, why } = await full.set({ member: 'n2', action: 'drain', for_seconds: 600 });
    expect([override.scope, why]).toEqual(['fleet', null]);
    await full.holds(READS, ['n3']);
    expect(await full.ctl('lift', override.id)).toMatchObject({ code: 0 });
    await full.holds(READS, ['n2', 'n3']);
    const alarms = (await full.daemon.status()).fleet;
    expect(alarms).toMatchObject({ shared: true, problem: null, alarms: [] });
  });
});

describe('a router that may only read the fleet', () => {
  it('obeys what others set, and keeps what is set at it for itself', async () => {
    const reader = await stage.router('reader', { etcd: user('reader') });
    await full.set({ member: 'n2', action: 'drain', for_seconds: 600 });
    await reader.holds(READS, ['n3']);
    const { override, why } = await reader.set({ member: 'n3', action: 'drain' });
    expect([override.scope, why]).toEqual(['local', expect.stringContaining('permission denied')]);
    await reader.holds(READS, []);
    expect(await full.accepting(READS)).toEqual(['n3']);
    const { fleet } = await reader.daemon.until('it to be told', ({ fleet: told }) => told?.problem !== null);
    expect(fleet).toMatchObject({ shared: true, registered: false });
    expect(fleet?.problem).toMatch(/^this router can't be registered: .*permission denied/);
    // What stands in etcd is beyond its rights; its own it can take back.
    const [shared] = (await reader.daemon.status()).overrides ?? [];
    expect(await reader.ctl('lift', shared?.id ?? '')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/stands in etcd and could not be lifted there: .*permission denied/),
    });
    expect(await reader.ctl('lift', override.id)).toMatchObject({ code: 0 });
    await reader.holds(READS, ['n3']);
    await full.ctl('lift', shared?.id ?? '');
    await reader.holds(READS, ['n2', 'n3']);
  });
});

describe('a router without any right on the prefix', () => {
  it('routes all the same, and says once that overrides are local', async () => {
    const stranger = await stage.router('stranger', { etcd: user('stranger') });
    await stranger.holds(WRITES, ['n1']);
    const done = await stranger.ctl('drain', 'n2', '--reason', 'disk', '--for', '10m');
    expect(done.code).toBe(0);
    expect(done.out).toMatch(/ONLY THIS ROUTER obeys it, until it ends or pgrouted is restarted: .*permission denied/);
    await stranger.holds(READS, ['n3']);
    expect(await full.accepting(READS)).toEqual(['n2', 'n3']);
    const told = await eventually('it to be told', async () => {
      const texts = (await stranger.daemon.events()).filter(({ kind }) => kind === 'fleet').map(({ text }) => text);
      return texts.length > 0 ? texts : undefined;
    });
    expect(told).toEqual([expect.stringMatching(/^not shared with other routers: .*permission denied.*are local$/)]);
    const status = await stranger.daemon.status();
    expect(status.clusters[0]?.alarms).toEqual([]);
    expect(status).toMatchObject({ ready: true, fleet: { shared: false, registered: false } });
    expect(stranger.daemon.program().log()).not.toContain('etcd does not confirm');
  });
});
