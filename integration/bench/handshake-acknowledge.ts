// How long from the put by which the sentinel takes the master away until this proxy has acknowledged it: many failovers of a composed cluster of
// Stolon (its sentinel on a real etcd, keepers that only claim) in front of a real HAProxy, with the daemon as it is shipped.
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type Haproxy, haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort } from '../lab/process.ts';
import type { RecordedMember } from '../lab/records.ts';
import { type ComposedStolon, startComposedStolon } from '../lab/stolon/composed.ts';
import type { Summary } from './figures.ts';
import { type HandshakeObserver, startHandshakeObserver } from './handshake-observer.ts';
import { watchdogFile } from './handshake-ways.ts';
import { fromPerformance, nowMs, sleep } from './instant.ts';
import { type Sessions, startSessions } from './sessions-control.ts';

const name = 'bench';
const backend = 'be_rw';

/** The instants of one failover, of `nowMs`. */
export interface Handshake {
  readonly generation: number;
  /** Right before the clearing put was sent. */
  readonly clearingAt: number;
  /** When etcd had taken it. */
  readonly clearedAt: number;
  /** When an independent reader of etcd had read our record with its generation. */
  readonly acknowledgedAt: number;
  /** On the write service's servers, when HAProxy was asked right after that. */
  readonly sessionsLeft: number;
  /** Since when HAProxy had been read without a session then; undefined: it had one. */
  readonly emptyAt: number | undefined;
  /** When the last client saw its session end. */
  readonly lastSessionEndAt: number;
}

export interface Handshakes {
  readonly sessions: number;
  readonly rounds: readonly Handshake[];
  /** Of the daemon, over these rounds. */
  readonly journal: readonly JournalEntry[];
}

export interface Acknowledgements {
  readonly few: Handshakes;
  readonly many: Handshakes;
  /** From one question of the observer to HAProxy to the next. */
  readonly period: Summary;
}

interface Stage {
  readonly etcd: EtcdLab;
  readonly stolon: ComposedStolon;
  readonly haproxy: Haproxy;
  readonly daemon: Daemon;
  readonly observer: HandshakeObserver;
  readonly sessions: Sessions;
}

/** `counts`: how many failovers, and how many sessions are to end in each, first few, then many. */
export async function measureAcknowledgements(
  folder: string,
  counts: { readonly rounds: number; readonly few: number; readonly many: number },
  say: (text: string) => void,
): Promise<Acknowledgements> {
  const stage = await setUp(folder);
  try {
    say('etcd (3 members), sentinel, HAProxy, pgrouted (registered and enabled) are up');
    const few = await failovers(stage, counts.rounds, counts.few, say);
    const many = await failovers(stage, counts.rounds, counts.many, say);
    return { few, many, period: await stage.observer.period() };
  } finally {
    await tearDown(stage);
  }
}

async function setUp(folder: string): Promise<Stage> {
  const etcd = await startEtcd({ folder, members: 3 });
  const keepers: readonly RecordedMember[] = [
    { name: 'keeper1', port: await freePort() },
    { name: 'keeper2', port: await freePort() },
    { name: 'keeper3', port: await freePort() },
  ];
  const stolon = await startComposedStolon({
    etcd,
    name,
    keepers: keepers.map((keeper) => ({ uid: keeper.name, port: keeper.port })),
  });
  const [writePort, readPort] = [await freePort(), await freePort()];
  const sessions = await startSessions(writePort, keepers);
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({
      writePort,
      readPort,
      servers: keepers,
      globalOptions: ['stats maxconn 20', `lua-load ${watchdogFile}`],
    }),
  });
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name,
        stolon: { name },
        services: {
          primary: { backend, role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica', fallback: 'primary' },
        },
      },
    ],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket, name: 'haproxy' }],
    more: { journal: { memory_entries: 100_000 }, log: { level: 'warn' } },
  });
  await stolon.enable(1);
  await daemon.ready();
  const observer = await startHandshakeObserver({
    etcd: etcd.endpoints,
    clusters: [{ name, prefix: stolon.store.prefix }],
    haproxy: { cluster: name, socket: haproxy.adminSocket, backend, everyMs: 1 },
  });
  return { etcd, stolon, haproxy, daemon, observer, sessions };
}

async function tearDown({ etcd, stolon, haproxy, daemon, observer, sessions }: Stage): Promise<void> {
  observer.stop();
  sessions.stop();
  await daemon.stop();
  await stolon.close();
  await haproxy.stop();
  await etcd.stop();
}

async function failovers(
  stage: Stage,
  count: number,
  sessions: number,
  say: (text: string) => void,
): Promise<Handshakes> {
  const lastSeq = (await stage.daemon.events()).at(-1)?.seq ?? 0;
  const rounds: Handshake[] = [];
  let saidAt = nowMs();
  for (let index = 0; index < count; index += 1) {
    rounds.push(await failover(stage, sessions));
    // No fixed rhythm that the observer's could fall in step with.
    await sleep(3 + Math.random() * 7);
    if (nowMs() - saidAt < 10_000 && index + 1 < count) continue;
    saidAt = nowMs();
    say(`  ${index + 1} of ${count} failovers with ${sessions} sessions to end`);
  }
  return { sessions, rounds, journal: (await stage.daemon.events()).filter(({ seq }) => seq > lastSeq) };
}

async function failover({ stolon, observer, sessions }: Stage, count: number): Promise<Handshake> {
  const from = (await stolon.namedMaster())?.spec.keeperUID ?? '';
  const held = await sessions.hold(count);
  if (held.by[from] !== count)
    throw new Error(`${count} sessions were to be on ${from}; they are on ${JSON.stringify(held.by)}`);
  const cleared = await stolon.clear();
  const clearingAt = fromPerformance(cleared.decidedAt);
  const acknowledged = await observer.acknowledged(name, cleared.generation, clearingAt);
  const looked = await observer.looked(name, cleared.generation);
  const lastSessionEndAt = await held.ended;
  // Only now does the sentinel look again: nobody else is busy with etcd while the acknowledgement is on its way.
  const named = await stolon.name();
  const to = (await stolon.namedMaster())?.spec.keeperUID ?? '';
  // Without a probe it opens when the keeper has told once more, which is the sentinel's next check.
  await Promise.all([observer.opened(to, fromPerformance(named.decidedAt)), stolon.settle()]);
  return {
    generation: cleared.generation,
    clearingAt,
    clearedAt: fromPerformance(cleared.at),
    acknowledgedAt: acknowledged.at,
    sessionsLeft: looked.sessions,
    emptyAt: looked.emptySince ?? undefined,
    lastSessionEndAt,
  };
}
