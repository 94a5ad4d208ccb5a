// One recording: etcd's keys below a cluster's prefix, and if wanted what each PostgreSQL says, as lines with times.
//
//   waiting for the first list ──▶ recording ──duration, Ctrl-C or a failed write──▶ closed
import { EtcdClient } from '@pgrouted/core/etcd/client';
import { EtcdMirror, type MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import type { Log } from '@pgrouted/core/model/log';
import type { ProbeReading } from '@pgrouted/core/model/probe';
import type { EtcdSpec, StoredClusterSpec } from '@pgrouted/core/model/spec';
import { Prober } from '@pgrouted/core/postgres/probe';
import { sourcePrefix } from '@pgrouted/core/source/source';
import { Failure } from '../failure.ts';
import { type Io, pause } from '../io.ts';
import { clean } from '../render/text.ts';
import type { LineSink } from './output-file.ts';
import { probeWords } from './probe-words.ts';
import { StreamLines } from './stream-lines.ts';
import { WatchedCluster } from './watched-cluster.ts';

export interface RecordingOptions {
  readonly etcd: EtcdSpec;
  readonly cluster: StoredClusterSpec;
  readonly events: LineSink;
  /** Undefined: PostgreSQL is not asked. */
  readonly probes: LineSink | undefined;
  /** Counted from the first list; undefined: until interrupted. */
  readonly durationMs: number | undefined;
  /** How long to wait for the first list. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** Called several times a second. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly events: number;
  readonly probeLines: number;
  readonly gaps: number;
  /** False: etcd does not confirm the view at the moment. */
  readonly confirmed: boolean;
}

/** The proof comes every 250 ms; without one for so long it counts as lost. */
const confirmationLostMs = 1_000;
const lookEveryMs = 50;
/** After a change of authority every PostgreSQL is asked in the burst's rhythm for this long. */
const hurryMs = 10_000;

/** Records until the end and gives the last progress. Throws a Failure if it could not begin or a line could not be written. */
export async function record(io: Io, options: RecordingOptions): Promise<Progress> {
  const recording = new Recording(io, options);
  try {
    return await recording.run();
  } finally {
    await recording.close();
  }
}

class Recording {
  readonly #io: Io;
  readonly #options: RecordingOptions;
  readonly #cluster: WatchedCluster;
  readonly #lines = new StreamLines();
  readonly #client: EtcdClient;
  readonly #mirror: EtcdMirror;
  readonly #prober: Prober | undefined;
  readonly #said = new Map<string, string>();
  #probeLines = 0;
  #hurryUntil = 0;
  #failure: unknown;

  constructor(io: Io, options: RecordingOptions) {
    const { etcd, cluster, log } = options;
    const { clock } = io;
    this.#io = io;
    this.#options = options;
    this.#cluster = new WatchedCluster(cluster);
    this.#client = new EtcdClient({ spec: etcd, clock, log });
    this.#mirror = new EtcdMirror({ client: this.#client, prefix: sourcePrefix(cluster.source), clock, log });
    this.#prober =
      options.probes === undefined || cluster.probe === undefined
        ? undefined
        : new Prober({
            spec: cluster.probe,
            clock,
            log,
            onReading: (member, { latest }) => this.#onReading(member, latest),
          });
  }

  async run(): Promise<Progress> {
    const { clock, interrupted } = this.#io;
    const { durationMs, timeoutMs, onProgress } = this.#options;
    this.#mirror.onChange((change) => {
      const before = this.#lines.startedAt;
      this.#write(this.#options.events, this.#lines.change(change, clock.now()));
      if (change.kind !== 'confirmed' || before === undefined) this.#watchMembers(change.snapshot);
    });
    this.#mirror.start();
    const begun = clock.now();
    while (!interrupted.aborted && this.#failure === undefined) {
      const now = clock.now();
      const { startedAt } = this.#lines;
      if (startedAt === undefined && now - begun > timeoutMs) throw this.#notBegun();
      if (startedAt !== undefined) {
        if (durationMs !== undefined && now - startedAt >= durationMs) break;
        this.#write(
          this.#options.events,
          this.#lines.confirmation(this.#isConfirmed(), this.#mirror.snapshot()?.confirmedAt ?? now, now),
        );
        this.#pace();
        onProgress(this.#progress());
      }
      await pause(this.#io, lookEveryMs);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#progress();
  }

  async close(): Promise<void> {
    await this.#prober?.close();
    await this.#mirror.close();
    await this.#client.close();
  }

  #isConfirmed(): boolean {
    const confirmedAt = this.#mirror.snapshot()?.confirmedAt;
    return confirmedAt !== undefined && this.#io.clock.now() - confirmedAt < confirmationLostMs;
  }

  #progress(): Progress {
    const { startedAt, events, gaps } = this.#lines;
    const now = this.#io.clock.now();
    return {
      elapsedMs: startedAt === undefined ? 0 : now - startedAt,
      events,
      probeLines: this.#probeLines,
      gaps,
      confirmed: this.#isConfirmed(),
    };
  }

  #watchMembers(records: MirrorSnapshot): void {
    if (this.#prober === undefined) return;
    const now = this.#io.clock.now();
    if (this.#cluster.see(records, now)) this.#hurryUntil = now + hurryMs;
    this.#prober.watch(this.#cluster.members());
    this.#pace();
  }

  /** In a hurry right after a change of authority, at leisure else. */
  #pace(): void {
    const isHurried = this.#io.clock.now() < this.#hurryUntil;
    this.#prober?.hurry(isHurried ? this.#cluster.members().map(({ name }) => name) : []);
  }

  #onReading(member: string, { kind }: ProbeReading): void {
    const { probes } = this.#options;
    const { startedAt } = this.#lines;
    if (probes === undefined || startedAt === undefined || this.#said.get(member) === kind) return;
    this.#said.set(member, kind);
    this.#probeLines += 1;
    const t_ms = Math.round(this.#io.clock.now() - startedAt);
    this.#write(probes, [`${JSON.stringify({ t_ms, node: member, probe: 'pg', value: probeWords[kind] })}\n`]);
  }

  /** A line that can't be written ends the recording; the first reason counts. */
  #write(sink: LineSink, lines: readonly string[]): void {
    if (this.#failure !== undefined) return;
    try {
      for (const line of lines) sink.write(line);
    } catch (error) {
      this.#failure = error;
    }
  }

  #notBegun(): Failure {
    const { error, members } = this.#mirror.status();
    const each = members.map(
      (member) =>
        `${member.endpoint}: ${member.error ?? (member.connected ? 'connected, no answer' : 'no connection')}`,
    );
    const why = each.length > 0 ? each.join('; ') : (error ?? 'no endpoint');
    return new Failure(
      clean(
        `etcd gave no list within ${this.#options.timeoutMs} ms: ${why} (see etcd.endpoints in the configuration; --timeout waits longer)`,
      ),
    );
  }
}
