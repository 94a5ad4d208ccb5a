// `pgrouted haproxy-config` of the built program for a cluster of Stolon: whom it takes from clusterdata, and HAProxy's watchdog beside the program.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundles } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { temporaryFolder } from '../lab/process.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;

const db = (keeperUID: string, status: object) => ({ generation: 1, spec: { keeperUID, role: 'standby' }, status });
const at = (port: string) => ({ healthy: true, currentGeneration: 1, listenAddress: '127.0.0.1', port });
const clusterdata = (changes: object = {}) =>
  JSON.stringify({
    formatVersion: 1,
    cluster: { uid: '63b229f1', generation: 1, spec: { initMode: 'new' }, status: { phase: 'normal', master: 'db1' } },
    keepers: Object.fromEntries(['k1', 'k2', 'idle', 'new'].map((uid) => [uid, { uid, status: { healthy: true } }])),
    dbs: { db1: db('k1', at('15432')), db2: db('k2', at('15433')), db3: db('new', {}) },
    proxy: { generation: 2, spec: { masterDbUid: 'db1' }, status: {} },
    ...changes,
  });

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  await etcd.etcdctl('put', 'stolon/cluster/orders/clusterdata', clusterdata());
  await etcd.etcdctl('put', '/orion/cluster/orders/clusterdata', clusterdata());
  await etcd.etcdctl('put', 'stolon/cluster/other/clusterdata', clusterdata({ formatVersion: 2 }));
  await etcd.etcdctl('put', 'stolon/cluster/young/clusterdata', clusterdata({ dbs: {} }));
});

afterAll(async () => {
  await etcd?.stop();
  folder.remove();
});

/** `stolon`: the keys below it, in YAML. */
function haproxyConfig(stolon: string, services = '', ...args: readonly string[]) {
  const file = join(folder.path, 'pgrouted.yaml');
  writeFileSync(
    file,
    `etcd: { endpoints: ['${etcd.endpoints[0]}'] }\nclusters: [{ stolon: { ${stolon} }${services} }]\nhaproxy: [{ socket: nobody.sock }]\n`,
  );
  return spawnSync(process.execPath, [bundles.pgrouted, 'haproxy-config', '--config', file, ...args], {
    encoding: 'utf8',
    cwd: folder.path,
  });
}

const watchdog = join(dirname(realpathSync(bundles.pgrouted)), 'pgrouted-watchdog.lua');
const serversIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ +server (\S+ \S+)/gm)].map(([, line]) => line ?? '');

describe('pgrouted haproxy-config for a cluster of Stolon', () => {
  it('prints the keepers that have a db with an address, and loads the watchdog; HAProxy takes it', () => {
    const { status, stdout } = haproxyConfig('name: orders');
    expect(status).toBe(0);
    expect(serversIn(stdout)).toEqual([
      'k1 127.0.0.1:15432',
      'k2 127.0.0.1:15433',
      'k1 127.0.0.1:15432',
      'k2 127.0.0.1:15433',
    ]);
    expect(stdout).toMatch(/bind :5000$[\s\S]*bind :5001$/m);
    expect(stdout.match(/^ +lua-load .*$/gm)?.map((line) => line.trim())).toEqual([`lua-load ${watchdog}`]);
    expect(existsSync(watchdog)).toBe(true);
    const file = join(folder.path, 'haproxy.cfg');
    writeFileSync(file, stdout);
    expect(spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });

  it.each([
    ['a passive router', 'name: orders, register: false', ''],
    ['a cluster without a write service', 'name: orders', ', services: { ro: { backend: ro, role: replica } }'],
  ])('loads no watchdog for %s, which nobody would feed', (_, stolon, services) => {
    const { status, stdout } = haproxyConfig(stolon, services);
    expect(status).toBe(0);
    expect(stdout).not.toContain('lua-load');
  });

  it('reads below another prefix, with a slash in front if it is given', () => {
    expect(serversIn(haproxyConfig('name: orders, prefix: /orion//cluster/').stdout)).toContain('k1 127.0.0.1:15432');
  });

  it('does without etcd when the keepers are given', () => {
    const { status, stdout } = haproxyConfig('name: nowhere', '', '--server', 'k1=10.0.0.1:5432');
    expect(status).toBe(0);
    expect(serversIn(stdout)).toContain('k1 10.0.0.1:5432');
    expect(stdout).toContain(`lua-load ${watchdog}`);
  });

  it.each([
    ['nothing at all', 'name: nowhere', /^pgrouted: There is no stolon\/cluster\/nowhere\/clusterdata in etcd/],
    ['another format', 'name: other', /^pgrouted: stolon\/cluster\/other\/clusterdata has formatVersion 2/],
    [
      'no db yet',
      'name: young',
      /^pgrouted: no keeper in stolon\/cluster\/young\/clusterdata has a db with an address/,
    ],
  ])('says what is wrong when etcd has %s', (_, stolon, says) => {
    const { status, stdout, stderr } = haproxyConfig(stolon);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/give the members by --server NAME=HOST:PORT\n$/);
  });
});
