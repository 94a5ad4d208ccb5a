// All methods at once on one cluster: each with its own listener, its own writer, and the observer's name for it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { failClosedLines, type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import type { PatroniCluster } from '../lab/patroni.ts';
import { eventually, freePort } from '../lab/process.ts';
import { startWriter, type Writer } from '../lab/writer.ts';
import {
  checkedConfig,
  externalCheck,
  httpchkFast,
  httpchkSeed,
  type Listener,
  writeCheckScript,
} from './baselines.ts';
import { connectReadWrite } from './multi-host.ts';
import { type Sampler, startSampler } from './sampler.ts';

/** How often each writer begins a write, and how soon after a failure it tries again. The same for all. */
export const writeEveryMs = 5;
/** How long a connection may take, for all. */
export const connectTimeoutMs = 2_000;

export interface Method {
  readonly name: string;
  readonly how: string;
  readonly writer: Writer;
  /** Where the observer sees it; undefined: nothing stands between the client and the servers. */
  readonly seenAt: { readonly target: string; readonly backend: string } | undefined;
}

export interface Methods {
  readonly all: readonly Method[];
  readonly daemon: Daemon;
  readonly sampler: Sampler;
  readonly stop: () => Promise<void>;
}

const table = 'bench_writes';

export async function startMethods(
  folder: string,
  etcdEndpoints: readonly string[],
  cluster: PatroniCluster,
): Promise<Methods> {
  const servers = cluster.nodes.map(({ name, pgPort, restPort }) => ({ name, port: pgPort, restPort }));
  const place = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const push = { writePort: await freePort(), readPort: await freePort() };
  const pushed = await startHaproxy({
    folder: place('push'),
    config: haproxyConfig({ ...push, servers, globalOptions: ['stats maxconn 20'] }),
  });
  // The same once more, for which HAProxy also asks the router (fail-closed); it is started when it is known where that is.
  const guard = { writePort: await freePort(), readPort: await freePort(), folder: place('guarded') };
  const guardSockets = { socket: join(guard.folder, 'admin.sock'), master_socket: join(guard.folder, 'master.sock') };
  const seed: Listener = { backend: 'httpchk', port: await freePort(), lines: httpchkSeed };
  const fast: Listener = { backend: 'httpchk_fast', port: await freePort(), lines: httpchkFast };
  const checked = await startHaproxy({
    folder: place('checks'),
    config: checkedConfig([seed, fast], servers),
  });
  const scriptHome = place('script');
  const script: Listener = {
    backend: 'external_check',
    port: await freePort(),
    lines: externalCheck(writeCheckScript(scriptHome, servers)),
  };
  const forking = await startHaproxy({
    folder: scriptHome,
    config: checkedConfig([script], servers, ['external-check', 'insecure-fork-wanted']),
  });
  const daemon = await startDaemon({
    folder,
    etcdEndpoints,
    clusters: [
      {
        name: 'bench',
        patroni: { scope: cluster.scope },
        probe: { user: cluster.probe.user, password: cluster.probe.password },
        services: {
          primary: { backend: 'be_rw', role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: [
      { socket: pushed.adminSocket, master_socket: pushed.masterSocket, name: 'push' },
      { ...guardSockets, name: 'guarded' },
    ],
    more: { journal: { memory_entries: 100_000 }, log: { level: 'warn' } },
  });
  const guarded = await startHaproxy({
    folder: guard.folder,
    config: haproxyConfig({
      ...guard,
      servers,
      globalOptions: ['stats maxconn 20'],
      serverOptions: 'check disabled',
      backendOptions: failClosedLines(daemon.port),
    }),
  });
  await daemon.ready();
  const sampler = await startSampler([
    { name: 'push', socket: pushed.adminSocket, backends: ['be_rw'], everyMs: 2 },
    { name: 'guarded', socket: guarded.adminSocket, backends: ['be_rw'], everyMs: 10 },
    { name: 'checks', socket: checked.adminSocket, backends: [seed.backend, fast.backend], everyMs: 10 },
    { name: 'script', socket: forking.adminSocket, backends: [script.backend], everyMs: 10 },
  ]);

  const primary = await cluster.primary();
  await primary.sql(
    `create table ${table} (id bigint not null, method text not null default current_setting('application_name')); grant all on ${table} to ${cluster.app.user}`,
  );
  const writer = (port: number, more: Partial<Parameters<typeof startWriter>[0]> = {}): Writer =>
    startWriter({
      port,
      login: cluster.app,
      everyMs: writeEveryMs,
      connectTimeoutMs,
      table,
      names: cluster.names,
      ...more,
    });
  const through = (name: string, { backend, port, lines }: Listener, target: string): Method => ({
    name,
    how: lines.at(-1)?.replace('default-server ', '') ?? '',
    writer: writer(port),
    seenAt: { target, backend },
  });
  const hosts = servers.map(({ name, port }) => ({ name, port }));
  const all: readonly Method[] = [
    {
      name: 'pgrouted',
      how: 'with probe; its own HAProxy',
      writer: writer(push.writePort),
      seenAt: { target: 'push', backend: 'be_rw' },
    },
    {
      name: 'pgrouted, fail-closed',
      how: `the same router, a HAProxy that also checks with it: ${failClosedLines(daemon.port).at(-1)?.replace('default-server ', '')}`,
      writer: writer(guard.writePort),
      seenAt: { target: 'guarded', backend: 'be_rw' },
    },
    through('httpchk, as in the docs', seed, 'checks'),
    through('httpchk, fast', fast, 'checks'),
    through('external-check, curl', script, 'script'),
    {
      name: 'libpq multi-host',
      how: "target_session_attrs=read-write, hosts in order, libpq's algorithm on the pg package",
      writer: writer(0, { open: () => connectReadWrite(hosts, cluster.app, connectTimeoutMs) }),
      seenAt: undefined,
    },
  ];
  return {
    all,
    daemon,
    sampler,
    stop: async () => {
      await Promise.all(all.map((method) => method.writer.stop()));
      sampler.stop();
      await daemon.stop();
      await Promise.all([pushed, guarded, checked, forking].map((haproxy: Haproxy) => haproxy.stop()));
    },
  };
}

/** Waits until every listener has exactly `primary` in rotation and every writer has written to it in the last half second. */
export async function settled({ all, sampler }: Methods, primary: string): Promise<void> {
  const waitsFor = (): readonly string[] =>
    all
      .filter(({ writer, seenAt }) => {
        const last = writer.attempts().at(-1);
        const writes = last?.outcome.kind === 'committed' && last.outcome.server === primary;
        const fresh = last !== undefined && performance.now() - last.endedAt < 500;
        const ready = seenAt === undefined ? primary : sampler.ready(seenAt.target, seenAt.backend)?.join(' ');
        return !(writes && fresh && ready === primary);
      })
      .map(({ name }) => name);
  await eventually(
    'all methods to write to the primary',
    () => {
      const names = waitsFor();
      if (names.length > 0) throw new Error(`not yet: ${names.join(', ')}`);
      return true;
    },
    60_000,
    50,
  );
}
