// `pgrouted haproxy-config`: what it prints is what HAProxy takes, and what a target can drive.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addedAlone, addedWithValue } from '@pgrouted/core/config/server-parameters';
import { type FragmentOptions, haproxyFragment } from '@pgrouted/core/haproxy/fragment';
import { serversDefault } from '@pgrouted/core/model/service';
import { describe, expect, it } from 'vitest';
import { bundles } from '../lab/daemon.ts';
import { holdLua, startHaproxy, watchdogLua } from '../lab/haproxy.ts';
import { freePort, temporaryFolder } from '../lab/process.ts';
import { openSession, startIdentityServer } from '../lab/sessions.ts';

const run = promisify(execFile);

const members: FragmentOptions['members'] = [
  { name: 'pg1', host: '10.0.0.11', port: 5432 },
  { name: 'pg2', host: '10.0.0.12', port: 5432 },
];
const services: FragmentOptions['services'] = [
  { name: 'primary', backends: ['orders_primary'], role: 'primary' },
  { name: 'replica', backends: ['orders_replica'], role: 'replica' },
];
const everything: FragmentOptions['services'] = [
  {
    name: 'primary',
    backends: ['orders-primary', 'orders-primary-tls'],
    role: 'primary',
    port: 5433,
    serverPort: 6432,
    hold: { waitMs: 15_000, most: 1000 },
  },
  {
    name: 'replica',
    backends: ['orders-replica'],
    role: 'replica',
    servers: { ...serversDefault, name: 'orders-{member}', backupName: '{member}-fb', spares: 'spare' },
  },
];

describe('the fragment', () => {
  it.each<[string, Partial<FragmentOptions>]>([
    ['plain members', {}],
    [
      'IPv6, names that do not resolve, names that HAProxy can not hold',
      {
        members: [
          { name: 'pg 1;', host: 'fe80::1', port: 5432 },
          { name: 'pg2', host: 'db2.invalid', port: 5432 },
        ],
      },
    ],
    ['no members at all', { members: [] }],
    ['everything that a service can have', { services: everything }],
    ['everything, closed when pgrouted dies', { services: everything, failClosed: { host: '127.0.0.1', port: 8080 } }],
    ['asking pgrouted over IPv6', { failClosed: { host: '::1', port: 8080 } }],
  ])('is accepted by "haproxy -c", alone and after another file: %s', async (_, options) => {
    const folder = temporaryFolder();
    try {
      const fragment = join(folder.path, 'pgrouted.cfg');
      const other = join(folder.path, 'haproxy.cfg');
      const socket = join(folder.path, 'admin.sock');
      writeFileSync(fragment, haproxyFragment({ socket, services, members, watchdogLua, holdLua, ...options }));
      writeFileSync(
        other,
        'defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n',
      );
      for (const files of [
        ['-f', fragment],
        ['-f', other, '-f', fragment],
      ]) {
        const { stdout, stderr } = await run('/usr/sbin/haproxy', ['-c', ...files]);
        expect(stdout + stderr).toContain('Configuration file is valid');
        if (!stderr.includes('could not resolve')) expect(stderr).not.toContain('[WARNING]');
      }
    } finally {
      folder.remove();
    }
  });

  it("is printed for Pigsty's services by the program itself", async () => {
    const folder = temporaryFolder();
    try {
      const config = join(folder.path, 'pgrouted.yaml');
      const made = join(folder.path, 'haproxy.cfg');
      writeFileSync(
        config,
        `etcd: { endpoints: ['http://127.0.0.1:1'] }
clusters:
  - discover: true
    services:
      primary: { preset: primary, hold: 15s }
      replica: { preset: replica, servers: { backup: '{member}-fb', spares: spare } }
      default: { preset: default }
      offline: { preset: offline }
`,
      );
      const asked = ['--cluster', 'pg-test', '--fail-closed', '--server', 'pg-test-1=10.0.0.11:5432'];
      const { stdout } = await run(process.execPath, [bundles.pgrouted, 'haproxy-config', '-c', config, ...asked]);
      for (const line of [
        'backend pg-test-primary',
        'server pg-test-1 10.0.0.11:6432 check disabled',
        'server pg-test-1-fb 10.0.0.11:6432 check backup disabled',
        'tcp-request content lua.pgrouted_hold pg-test-primary 15000 1000',
      ])
        expect(stdout.split('\n').map((text) => text.trim())).toContain(line);
      writeFileSync(made, stdout);
      expect((await run('/usr/sbin/haproxy', ['-c', '-f', made])).stdout).toContain('Configuration file is valid');
    } finally {
      folder.remove();
    }
  });

  it('routes nobody until it has been told', async () => {
    const folder = temporaryFolder();
    const [port, server] = [await freePort(), await freePort()];
    const postgres = await startIdentityServer('pg1', server);
    const haproxy = await startHaproxy({
      folder: folder.path,
      config: ({ adminSocket }) =>
        haproxyFragment({
          socket: adminSocket,
          bind: '127.0.0.1',
          services: [{ name: 'primary', backends: ['rw'], role: 'primary', port }],
          members: [{ name: 'pg1', host: '127.0.0.1', port: server }],
        }),
    });
    try {
      expect((await openSession(port)).server).toBeUndefined();
      await haproxy.ask('set server rw/pg1 state ready');
      expect((await openSession(port)).server).toBe('pg1');
    } finally {
      await haproxy.stop();
      await postgres.stop();
      folder.remove();
    }
  });
});

describe('the parameters that a configuration may give to servers that are added at run time', () => {
  const files = ['ca-file', 'crl-file', 'crt'];
  // What each of them wants besides.
  const values: Readonly<Record<string, string>> = {
    addr: '127.0.0.1',
    'check-alpn': 'h2',
    'check-proto': 'h1',
    'check-sni': 'a.example',
    ciphers: 'HIGH',
    ciphersuites: 'TLS_AES_128_GCM_SHA256',
    observe: 'layer4',
    'on-error': 'fastinter',
    'on-marked-down': 'shutdown-sessions',
    'on-marked-up': 'shutdown-backup-sessions',
    'proxy-v2-options': 'ssl',
    sni: 'str(a.example)',
    source: '127.0.0.1',
    'ssl-max-ver': 'TLSv1.3',
    'ssl-min-ver': 'TLSv1.2',
    verify: 'none',
    verifyhost: 'a.example',
  };

  it('are taken by HAProxy, each one', async () => {
    const folder = temporaryFolder();
    const haproxy = await startHaproxy({
      folder: folder.path,
      config: ({ adminSocket }) =>
        haproxyFragment({ socket: adminSocket, bind: '127.0.0.1', services: services.slice(1), members: [] }),
    });
    try {
      const refused: string[] = [];
      for (const [index, word] of [...addedWithValue, ...addedAlone].entries()) {
        if (files.includes(word)) continue;
        const value = addedAlone.has(word) ? '' : (values[word] ?? '1');
        const secured = /ssl/.test(word) ? 'verify none' : '';
        const answer = await haproxy.ask(`add server orders_replica/n${index} 127.0.0.1:1 ${word} ${value} ${secured}`);
        if (!answer.includes('New server registered')) refused.push(`${word}: ${answer.trim()}`);
      }
      expect(refused).toEqual([]);
      for (const word of ['cookie x', 'resolvers x', 'init-addr none', 'chek'])
        expect(await haproxy.ask(`add server orders_replica/x 127.0.0.1:1 ${word}`)).not.toContain('registered');
    } finally {
      await haproxy.stop();
      folder.remove();
    }
  });
});
