// Sessions that `shutdown sessions server` does not end, on a real HAProxy: in the queue of a server, and with a client that is gone while the server still
// has something to do. Both times the next writer is let in, and only when nobody can reach the old one any more.
import { createServer, type Server, type Socket } from 'node:net';
import type { Desired } from '@pgrouted/core/haproxy/desired';
import { afterEach, expect, it } from 'vitest';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { type DrivenTarget, driveTarget } from '../lab/haproxy-stage.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { type IdentityServer, openSession, startIdentityServer } from '../lab/sessions.ts';

const folder = temporaryFolder();
let haproxy: Haproxy | undefined;
let driven: DrivenTarget | undefined;
let pg1: Server | undefined;
let pg2: IdentityServer | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  await driven?.target.close();
  await haproxy?.stop();
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => pg1?.close(done));
  await pg2?.stop();
  folder.remove();
});

const writesOn = (serial: number, writer: string): Desired => ({
  serial,
  backends: [
    {
      backend: 'be_rw',
      exclusive: true,
      servers: ['pg1', 'pg2'].map((member) => ({
        member,
        address: undefined,
        state: member === writer ? 'ready' : 'maint',
      })),
    },
  ],
});

/** `qcur` and `scur` as HAProxy tells them. */
async function counted(server: string): Promise<readonly (string | undefined)[]> {
  const table = (await haproxy?.ask('show stat be_rw 4 -1')) ?? '';
  const row = table.split('\n').find((line) => line.startsWith(`be_rw,${server},`));
  const [, , queued, , current] = row?.split(',') ?? [];
  return [queued, current];
}

it('are ended or left behind: the next writer is let in', async () => {
  const [writePort, readPort, firstPort, secondPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  let hungUp = 0;
  // As PostgreSQL with a statement to finish: that the client is gone is heard, and not answered.
  pg1 = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => (hungUp += 1));
    socket.resume();
    socket.write('pg1\n');
  });
  await new Promise<void>((done) => pg1?.listen(firstPort, '127.0.0.1', done));
  pg2 = await startIdentityServer('pg2', secondPort);
  haproxy = await startHaproxy({
    folder: folder.path,
    config: haproxyConfig({
      writePort,
      readPort,
      servers: [
        { name: 'pg1', port: firstPort },
        { name: 'pg2', port: secondPort },
      ],
      serverOptions: 'disabled maxconn 2',
      // Each address has its server, so that clients wait in its own queue; they stay there when it goes out.
      backendOptions: ['balance source', 'no option redispatch', 'timeout queue 1m'],
    }),
  });
  driven = driveTarget(haproxy);
  await driven.hold(writesOn(1, 'pg1'));

  const gone = await openSession(writePort);
  const there = await openSession(writePort);
  expect([gone.server, there.server]).toEqual(['pg1', 'pg1']);
  const waiting = [openSession(writePort, 60_000), openSession(writePort, 60_000), openSession(writePort, 60_000)];
  await eventually('three clients in the queue', async () => (await counted('pg1'))[0] === '3' || undefined);
  gone.close();
  await eventually('the server to hear of it', () => hungUp === 1 || undefined);

  await driven.hold(writesOn(2, 'pg2'));
  await there.ended;
  for (const session of await Promise.all(waiting)) await session.ended;
  // HAProxy has one left that it can't end; whoever is let in now can't be its doing.
  expect(await counted('pg1')).toEqual(['0', '1']);
  expect(
    driven.target.facts?.servers.find(({ server, backend }) => server === 'pg1' && backend === 'be_rw'),
  ).toMatchObject({ maint: true, sessions: 0 });
  expect((await openSession(writePort)).server).toBe('pg2');
  expect(driven.codes()).toEqual([]);
  expect(driven.reports.some(({ kind }) => kind === 'sessions_remain')).toBe(false);

  // The same line takes the writes again, and loses them again.
  await driven.hold(writesOn(3, 'pg1'));
  const back = await openSession(writePort);
  expect(back.server).toBe('pg1');
  await driven.hold(writesOn(4, 'pg2'));
  await back.ended;
});
