// The rights in etcd that docs/configuration.md asks for, as it writes them: enough to watch a Stolon cluster and to register, and for nothing else.
import { readFileSync } from 'node:fs';
import { revision } from '@pgrouted/core/model/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { etcdSpec, type ObservedMirror, observeMirror } from '../lab/observed-mirror.ts';
import { temporaryFolder } from '../lab/process.ts';

const prefix = 'stolon/cluster/orders/';
const folder = temporaryFolder();
let etcd: EtcdLab;
let observed: ObservedMirror;

beforeAll(async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^etcdctl (.+)$/gm)].map(([, args]) => (args ?? '').trim().split(/ +/));
  expect(commands.map(([noun, verb]) => `${noun} ${verb}`)).toEqual([
    'role add',
    'role grant-permission',
    'role grant-permission',
    'user grant-role',
  ]);
  etcd = await startEtcd({
    folder: folder.path,
    members: 1,
    auth: { rootPassword: 'root' },
    args: ['--bcrypt-cost=4'],
  });
  await etcd.etcdctl('user', 'add', 'pgrouted:secret');
  for (const command of commands) await etcd.etcdctl(...command);
  observed = observeMirror(etcdSpec(etcd.endpoints, { user: 'pgrouted', password: 'secret' }), { prefix });
  await observed.watching(1);
});

afterAll(async () => {
  await observed?.close();
  await etcd?.stop();
  folder.remove();
});

describe('a user with these rights', () => {
  it('watches the cluster, and proves what it has seen', async () => {
    await etcd.etcdctl('put', `${prefix}clusterdata`, '{}');
    await observed.until('clusterdata', () => observed.value(`${prefix}clusterdata`) === '{}');
    expect(await observed.mirror.prove()).toMatchObject({ ok: true });
  });

  it('writes a record of its own with a lease, only on top of the one before, and deletes it', async () => {
    const key = `${prefix}proxies/info/5f2dd97f`;
    const { lease } = await observed.client.grantLease(30);
    const put = { type: 'put' as const, key, value: 'x', lease };
    expect(await observed.client.write([put], [{ key, modRevision: revision(0) }])).toMatchObject({ done: true });
    expect(await observed.client.write([put], [{ key, modRevision: revision(0) }])).toMatchObject({ done: false });
    await observed.client.delete(key);
    await observed.until('it gone', ({ entries }) => !entries.has(key));
  });

  it.each([`${prefix}clusterdata`, `${prefix}keepers/info/k1`, 'stolon/cluster/stock/proxies/info/5f2dd97f'])(
    'may not write %s',
    async (key) => {
      await expect(observed.client.put(key, 'x')).rejects.toThrow('permission denied');
    },
  );
});
