// What it costs HAProxy to find out for itself, by a script for each server line (external-check, as PgRoute66 is used), and what it costs to be told.
// CPU time of the processes concerned, with all the short-lived ones that the scripts consist of.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeExternalChecks } from '../lab/external-check.ts';
import { configHead, type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { eventually, freePort } from '../lab/process.ts';
import { externalCheck } from './baselines.ts';
import { round } from './figures.ts';
import { group, type Servers, type ServingDaemon, startServing } from './http-stage.ts';
import { nowMs, sleep } from './instant.ts';
import { cpuSecondsOf } from './processor.ts';

/** CPU seconds a minute. */
export interface CheckCost {
  /** HAProxy and whatever it starts. */
  readonly haproxy: number;
  readonly pgrouted: number;
}

export interface CheckCosts {
  readonly seconds: number;
  readonly serverLines: number;
  readonly external: CheckCost;
  readonly pushed: CheckCost;
}

const backends = { primary: `${group}-primary`, standby: `${group}-standby` } as const;
const serverLines = 6;

export async function checkCosts(folder: string, servers: Servers, seconds: number): Promise<CheckCosts> {
  return {
    seconds,
    serverLines,
    external: await costOfExternalChecks(folder, servers, seconds),
    pushed: await costOfPushes(folder, servers, seconds),
  };
}

async function costOfExternalChecks(folder: string, servers: Servers, seconds: number): Promise<CheckCost> {
  const daemon = await startServing({ folder, name: 'asked', servers });
  const home = join(folder, 'x');
  mkdirSync(home);
  const scripts = writeExternalChecks(home, daemon.port);
  const ports = [await freePort(), await freePort()] as const;
  const section = (name: string, port: number, script: string): readonly string[] => [
    `listen ${name}`,
    `    bind 127.0.0.1:${port}`,
    ...externalCheck(script).map((line) => `    ${line}`),
    ...servers.all.map((server) => `    server ${server.name} 127.0.0.1:${server.port} check`),
  ];
  const haproxy = await startHaproxy({
    folder: home,
    config: ({ adminSocket }) =>
      [
        ...configHead({
          adminSocket,
          level: 'admin',
          globalOptions: ['external-check', 'insecure-fork-wanted'],
          checkTimeout: '2s',
        }),
        ...section(backends.primary, ports[0], scripts.primary),
        ...section(backends.standby, ports[1], scripts.standby),
        '',
      ].join('\n'),
  });
  return costOf(haproxy, daemon, seconds);
}

async function costOfPushes(folder: string, servers: Servers, seconds: number): Promise<CheckCost> {
  const home = join(folder, 'p');
  mkdirSync(home);
  const haproxy = await startHaproxy({
    folder: home,
    config: haproxyConfig({
      writePort: await freePort(),
      readPort: await freePort(),
      writeBackend: backends.primary,
      readBackend: backends.standby,
      servers: servers.all,
    }),
  });
  const services = {
    primary: { backend: backends.primary, role: 'primary' },
    standby: { backend: backends.standby, role: 'replica' },
  };
  const daemon = await startServing({
    folder,
    name: 'pushing',
    servers,
    more: {
      haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
      services: { [group]: services },
    },
  });
  return costOf(haproxy, daemon, seconds);
}

/** Waits until HAProxy has the right servers in rotation, takes what is used from then on, and ends both. */
async function costOf(haproxy: Haproxy, daemon: ServingDaemon, seconds: number): Promise<CheckCost> {
  try {
    await eventually('HAProxy to serve by the right servers', async () => {
      const up = await serversUp(haproxy);
      return up.get(backends.primary) === 'pg1' && up.get(backends.standby) === 'pg2 pg3' ? true : undefined;
    });
    await sleep(2_000);
    const used = () => ({
      at: nowMs(),
      haproxy: [haproxy.program.pid, ...haproxy.workerPids()].reduce((sum, pid) => sum + cpuSecondsOf(pid, true), 0),
      pgrouted: cpuSecondsOf(daemon.program().pid),
    });
    const from = used();
    await sleep(seconds * 1_000);
    const to = used();
    const minutes = (to.at - from.at) / 60_000;
    return {
      haproxy: round((to.haproxy - from.haproxy) / minutes, 2),
      pgrouted: round((to.pgrouted - from.pgrouted) / minutes, 2),
    };
  } finally {
    await daemon.stop();
    await haproxy.stop();
  }
}

/** For each backend the names of the servers that take connections. */
async function serversUp(haproxy: Haproxy): Promise<ReadonlyMap<string, string>> {
  const rows = (await haproxy.ask('show stat')).split('\n').map((line) => line.split(','));
  const column = rows[0]?.indexOf('status') ?? -1;
  const up = rows.filter(
    (row) => row[1]?.startsWith('pg') && (row[column]?.startsWith('UP') || row[column] === 'no check'),
  );
  return new Map(
    Object.values(backends).map((backend) => [
      backend,
      up
        .filter(([name]) => name === backend)
        .map(([, server]) => server)
        .join(' '),
    ]),
  );
}
