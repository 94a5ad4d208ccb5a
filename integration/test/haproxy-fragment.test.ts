// `pgrouted haproxy-config`: what it prints is what HAProxy takes, and what a target can drive.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type FragmentOptions, haproxyFragment } from '@pgrouted/core/haproxy/fragment';
import { describe, expect, it } from 'vitest';
import { startHaproxy, watchdogLua } from '../lab/haproxy.ts';
import { freePort, temporaryFolder } from '../lab/process.ts';
import { openSession, startIdentityServer } from '../lab/sessions.ts';

const run = promisify(execFile);

describe('the fragment', () => {
  it.each<[string, FragmentOptions['members']]>([
    [
      'plain members',
      [
        { name: 'pg1', host: '10.0.0.11', port: 5432 },
        { name: 'pg2', host: '10.0.0.12', port: 5432 },
      ],
    ],
    [
      'IPv6, names that do not resolve, names that HAProxy can not hold',
      [
        { name: 'pg 1;', host: 'fe80::1', port: 5432 },
        { name: 'pg2', host: 'db2.invalid', port: 5432 },
      ],
    ],
    ['no members at all', []],
  ])('is accepted by "haproxy -c", alone and after another file: %s', async (_, members) => {
    const folder = temporaryFolder();
    try {
      const fragment = join(folder.path, 'pgrouted.cfg');
      const other = join(folder.path, 'haproxy.cfg');
      const services = [
        { name: 'primary', backend: 'orders_primary', role: 'primary' as const },
        { name: 'replica', backend: 'orders_replica', role: 'replica' as const },
      ];
      const socket = join(folder.path, 'admin.sock');
      writeFileSync(fragment, haproxyFragment({ socket, services, members, watchdogLua }));
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
          services: [{ name: 'primary', backend: 'rw', role: 'primary', port }],
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
