// What clients without a pool see of planned switchovers of a real Patroni cluster: 200 new connections a second through a frontend that holds them while the
// service has no server, and some through one that does not, at the same time and by the same HAProxy and daemon.
import { type Arrivals, startArrivals } from '../lab/arrivals.ts';
import { startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { haproxyConfig, holdLua, startHaproxy } from '../lab/haproxy.ts';
import { startPatroniCluster } from '../lab/patroni.ts';
import { eventually, freePort } from '../lab/process.ts';
import { percentile, showMs, table } from './figures.ts';
import { sleep } from './instant.ts';
import { cpuSecondsOf } from './processor.ts';
import type { Section, SectionResult } from './result.ts';

const everyMs = 5;
const plainEveryMs = 50;
const waitMs = 15_000;

interface Seen {
  readonly arrivals: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Of all that came from a second before the order until the new primary served. */
  readonly longestMs: number;
  readonly p99Ms: number;
}

interface Round {
  readonly held: Seen;
  readonly plain: Seen;
  /** CPU seconds of HAProxy in the round. */
  readonly haproxyS: number;
}

export const hold: Section = async ({ quick, say, folder }) => {
  const etcd = await startEtcd({ folder, members: 3 });
  const cluster = await startPatroniCluster({
    folder,
    etcdEndpoints: etcd.endpoints,
    hba: ['host all app 127.0.0.1/32 trust'],
  });
  const [heldPort, plainPort] = [await freePort(), await freePort()];
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({
      writePort: heldPort,
      readPort: await freePort(),
      globalOptions: [`lua-load ${holdLua}`],
      writeFrontendOptions: [
        'tcp-request inspect-delay 30s',
        `tcp-request content lua.pgrouted_hold be_rw ${waitMs} 5000`,
      ],
      backendOptions: ['timeout queue 30s'],
      // Those that have waited come all at once: HAProxy lets in as many as PostgreSQL has room for.
      serverOptions: 'disabled maxconn 20',
      servers: cluster.nodes.map(({ name, pgPort }) => ({ name, port: pgPort })),
      extra: ['frontend fe_plain', `    bind 127.0.0.1:${plainPort}`, '    default_backend be_rw'].join('\n'),
    }),
  });
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'bench',
        patroni: { scope: cluster.scope },
        probe: { user: cluster.probe.user, password: cluster.probe.password },
        services: { primary: { backend: 'be_rw', role: 'primary', hold: { wait: `${waitMs}ms`, connections: 5_000 } } },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'edge' }],
    more: { log: { level: 'warn' } },
  });
  const clients = (port: number, every: number): Arrivals =>
    startArrivals({ port, user: cluster.app.user, everyMs: every, names: cluster.names });
  const rounds: Round[] = [];
  try {
    for (let index = 1; index <= (quick ? 2 : 10); index += 1) {
      await cluster.waitUntilHealthy(90_000);
      await daemon.ready();
      const pid = await haproxy.workerPid();
      const cpu = cpuSecondsOf(pid);
      const [held, plain] = [clients(heldPort, everyMs), clients(plainPort, plainEveryMs)];
      await sleep(1_000);
      const to = await cluster.switchover();
      await eventually('the new primary to serve', () => held.servers().includes(to) || undefined, 60_000);
      await sleep(1_000);
      await Promise.all([held.stop(), plain.stop()]);
      const round = { held: seenBy(held), plain: seenBy(plain), haproxyS: cpuSecondsOf(pid) - cpu };
      rounds.push(round);
      const failed = (seen: Seen) => Object.values(seen.failures).reduce((sum, count) => sum + count, 0);
      say(
        `switchover ${index}: held ${round.held.arrivals}, failed ${failed(round.held)}, longest ${showMs(round.held.longestMs)} ms; not held ${round.plain.arrivals}, failed ${failed(round.plain)}`,
      );
    }
    return resultOf(rounds);
  } finally {
    await daemon.stop();
    await haproxy.stop();
    await cluster.stop();
    await etcd.stop();
  }
};

function seenBy(arrivals: Arrivals): Seen {
  const took = arrivals.tookMs(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return {
    arrivals: took.length,
    failures: arrivals.failures(),
    longestMs: percentile(took, 1),
    p99Ms: percentile(took, 0.99),
  };
}

function resultOf(rounds: readonly Round[]): SectionResult {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const failed = (seen: readonly Seen[]): number => sum(seen.flatMap(({ failures }) => Object.values(failures)));
  const held = rounds.map((round) => round.held);
  const plain = rounds.map((round) => round.plain);
  const row = (name: string, seen: readonly Seen[]) => [
    name,
    String(sum(seen.map(({ arrivals }) => arrivals))),
    String(failed(seen)),
    showMs(
      percentile(
        seen.map(({ longestMs }) => longestMs),
        0.5,
      ),
    ),
    showMs(Math.max(...seen.map(({ longestMs }) => longestMs))),
  ];
  const errors = [...new Set(rounds.flatMap((round) => Object.keys(round.plain.failures)))];
  return {
    figures: { rounds },
    definitions: [
      `${rounds.length} planned switchovers of a Patroni cluster of three nodes (ttl 20 s, loop_wait 2 s), ordered by its REST API; etcd has three members; everything on one machine.`,
      `each client connects (every second one asks for TLS first), greets PostgreSQL, asks one question and goes; ${1_000 / everyMs} a second through the frontend that holds, ${1_000 / plainEveryMs} through the one that does not.`,
      'longest: from connecting to the answer to the question, of the slowest client of a switchover; the queue of those that waited is in it (maxconn 20).',
      `without hold they met: ${errors.join('; ')}.`,
    ],
    tables: [
      table([
        ['', 'connections', 'failed', 'longest, median ms', 'longest ms'],
        row('held', held),
        row('not held', plain),
      ]),
    ],
    goals: [
      {
        what: 'new connections that fail in a planned switchover',
        wanted: '0',
        measured: `${failed(held)} of ${sum(held.map(({ arrivals }) => arrivals))}`,
        met: failed(held) === 0,
      },
    ],
  };
}
