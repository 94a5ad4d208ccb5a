// The feed of a cluster that nobody manages: every server is asked, all the time, and what they say is the picture. It has a picture from the start, of
// servers that nothing is known of.
import type { Clock } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import type { Log } from '../model/log.ts';
import type { ProbeReading, ProbeState } from '../model/probe.ts';
import type { ClusterSpec, PostgresSpec, ProbeSpec } from '../model/spec.ts';
import { after, longAgo, type Millis, millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { Prober } from '../postgres/probe.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import { postgresView } from '../postgres/view.ts';
import { proofAgeMs } from '../routing/limits.ts';
import type { Feed, FeedEvents } from './feed.ts';

/** Before a writer is opened every server that answers is asked once more, and waited for this long. */
const ROUND_MS = 300;

/** A cluster of this source: its probe is always there. */
export interface PostgresClusterSpec extends ClusterSpec {
  readonly source: PostgresSpec;
}

/** What the feed needs of the prober. */
export type Asking = Pick<Prober, 'watch' | 'hurry' | 'readings' | 'query' | 'close'>;

export interface PostgresFeedOptions extends FeedEvents {
  readonly spec: PostgresClusterSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests; a Prober unless given. */
  readonly ask?: (onReading: FeedEvents['onReading']) => Asking;
}

/** Servers that are asked once more, until each of them has said something. */
interface Round {
  readonly askedAt: Millis;
  readonly awaited: Set<string>;
  readonly end: () => void;
}

export class PostgresFeed implements Feed {
  readonly prefix = undefined;
  readonly dueAt = undefined;
  readonly #o: PostgresFeedOptions;
  readonly #asking: Asking;
  readonly #patienceMs: number;
  readonly #rounds = new Set<Round>();
  #hurried: readonly string[] = [];
  #view: ClusterView | undefined;
  #foldedAt = longAgo;
  /** The newest reading is in the view. */
  #current = false;

  constructor(o: PostgresFeedOptions) {
    this.#o = o;
    this.#patienceMs = proofAgeMs(o.spec);
    const onReading: FeedEvents['onReading'] = (member, state) => this.#onReading(member, state);
    this.#asking = o.ask?.(onReading) ?? new Prober({ spec: paceOf(o.spec), clock: o.clock, log: o.log, onReading });
  }

  start(): void {
    this.#fold(this.#o.clock.now());
    this.#asking.watch(this.#o.spec.source.hosts);
    this.#o.onNews(undefined);
  }

  async close(): Promise<void> {
    for (const { end } of this.#rounds) end();
    await this.#asking.close();
  }

  picture(): ClusterView | undefined {
    if (this.#view === undefined) return undefined;
    const now = this.#o.clock.now();
    const changesAt = this.changesAt();
    if (!this.#current || (changesAt !== undefined && now >= changesAt)) this.#fold(now);
    return this.#view;
  }

  /** When the word of a primary that gives no answer any more is too old. */
  changesAt(): Millis | undefined {
    const ends = (this.#view?.members ?? []).flatMap(({ probe }) => {
      const last = probe?.lastAnswer;
      if (last?.kind !== 'primary' || last === probe?.latest) return [];
      return [after(last.at, this.#patienceMs)];
    });
    const ahead = ends.filter((end) => end > this.#foldedAt);
    return ahead.length === 0 ? undefined : millis(Math.min(...ahead));
  }

  learntAt(): Millis | undefined {
    return oldest([...this.#asking.readings().values()]);
  }

  /** One that hangs holds up nobody here either. */
  freshSince(): Millis | undefined {
    return oldest([...this.#asking.readings().values()].filter(({ latest }) => isAnswer(latest)));
  }

  refresh(): void {
    void this.#askOnce();
  }

  follow(_view: ClusterView, { probeHard }: Decision): void {
    this.#hurried = probeHard;
    this.#hurry();
  }

  /** Nobody else vouches for what a server said: before it is let in it has to say so once more. */
  isProven(): boolean {
    return false;
  }

  /**
   * Whoever gave no answer the last time is not waited for: what hangs must not hold up what answers. What one of them says meanwhile counts all the
   * same.
   */
  async prove(member: string): Promise<boolean> {
    const askedAt = this.#o.clock.now();
    await this.#askOnce();
    const latest = this.#asking.readings().get(member)?.latest;
    return latest?.kind === 'primary' && latest.at >= askedAt;
  }

  query(member: string, text: string): Promise<QueryAnswer> {
    return this.#asking.query(member, text);
  }

  status(): undefined {
    return undefined;
  }

  /** Whoever gave an answer the last time is asked once more. Settles when all have said something, or after `ROUND_MS`. */
  #askOnce(): Promise<void> {
    const names = [...this.#asking.readings()].flatMap(([name, { latest }]) => (isAnswer(latest) ? [name] : []));
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#rounds.delete(round);
        this.#hurry();
        resolve();
      };
      const round: Round = { askedAt: this.#o.clock.now(), awaited: new Set(names), end };
      const timer = this.#o.clock.after(ROUND_MS, end);
      this.#rounds.add(round);
      if (names.length === 0) end();
      else this.#hurry();
    });
  }

  /** Whom the decision hangs on, and whom a round still waits for. */
  #hurry(): void {
    this.#asking.hurry([...this.#hurried, ...[...this.#rounds].flatMap(({ awaited }) => [...awaited])]);
  }

  #onReading(member: string, state: ProbeState): void {
    this.#current = false;
    this.#o.onReading(member, state);
    const { latest } = state;
    for (const { awaited, askedAt, end } of [...this.#rounds]) {
      // One that gives no answer any more is not waited for either.
      if (latest.at < askedAt && isAnswer(latest)) continue;
      if (awaited.delete(member) && awaited.size === 0) end();
    }
  }

  #fold(now: Millis): void {
    this.#view = postgresView(this.#o.spec, this.#view, this.#asking.readings(), this.#patienceMs, now);
    this.#foldedAt = now;
    this.#current = true;
  }
}

const isAnswer = ({ kind }: ProbeReading): boolean => kind === 'primary' || kind === 'standby';

const oldest = (readings: readonly ProbeState[]): Millis | undefined =>
  readings.length === 0 ? undefined : millis(Math.min(...readings.map(({ latest }) => latest.at)));

function paceOf({ name, probe, source }: PostgresClusterSpec): ProbeSpec {
  const pace = probe ?? source.hosts[0]?.connection;
  if (pace === undefined) throw new Error(`cluster ${name} has no servers`);
  return pace;
}
