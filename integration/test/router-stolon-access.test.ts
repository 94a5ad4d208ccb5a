// A router in an etcd that asks for a user, with no more rights than docs/configuration.md tells to give: it does everything that a proxy of Stolon does.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Scene, type StolonStage, stolonStage } from '../lab/stolon-stage.ts';

let stage: StolonStage;
let scene: Scene;

beforeAll(async () => {
  stage = await stolonStage({ rootPassword: 'root' });
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  await stage.etcd.etcdctl('user', 'add', 'pgrouted:M4rk3r');
  for (const [, command] of page.matchAll(/^etcdctl (.+)$/gm)) {
    await stage.etcd.etcdctl(...(command ?? '').trim().split(/ +/));
  }
  // The name that the documentation uses.
  scene = await stage.scene({ name: 'orders' });
});
afterAll(async () => {
  await scene?.end();
  await stage?.close();
});

it('a router with the documented rights registers, acknowledges, opens, and deletes its record', async () => {
  const passwordFile = join(stage.folder, 'etcd.password');
  writeFileSync(passwordFile, 'M4rk3r\n', { mode: 0o600 });
  const { endpoints } = stage.etcd;
  const router = await scene.readyRouter({
    more: { etcd: { endpoints, user: 'pgrouted', password_file: passwordFile } },
  });
  await stage.edge.serves('k1');
  const sessions = await stage.edge.hold(5);
  const uid = await scene.uidOf(router);
  await scene.cluster.failover();
  await Promise.all(sessions.map(({ ended }) => ended));
  expect(scene.namings().at(-1)?.acknowledgedBy).toEqual([uid]);
  await stage.edge.serves(await scene.master());
  await router.stop();
  expect(await scene.cluster.proxies()).toEqual([]);
  expect(router.program().log()).not.toContain('M4rk3r');
});
