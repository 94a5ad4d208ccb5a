// What a target has to remember of its lines from one read-back to the next, because a single one can't tell: for whom a line stood before, since when it
// stands for nobody, since when it is idle. Values only; another worker begins with an empty memory.
import type { Leaving } from '../model/service.ts';
import { type Millis, millis } from '../model/units.ts';
import type { DesiredBackend } from './desired.ts';
import { STRAGGLER_MS } from './let-go.ts';
import { isGone, type ServerFact, serverKey } from './parse.ts';

/** A change that HAProxy did not carry out. */
export interface Refusal {
  /** What it said meanwhile; for people. */
  readonly said: string;
  readonly tries: number;
  /** To be tried once more now. */
  readonly due: boolean;
}

/** All keys are `backend/server`, those of `refused` the arrangements' own. */
export interface Remembered {
  readonly now: Millis;
  /** Lines that stood for a member when they were last read back. */
  readonly claimed: ReadonlySet<string>;
  /** Since when they stand for nobody, though they did before. */
  readonly removedSince: ReadonlyMap<string, Millis>;
  /** Lines that were found in maint without a session twice, far enough apart that none can be on its way. */
  readonly idle: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Refusal>;
}

/** A router that has just been started: sessions on lines that stand for nobody are left alone. */
export const nothingRemembered: Remembered = {
  now: millis(0),
  claimed: new Set(),
  removedSince: new Map(),
  idle: new Set(),
  refused: new Map(),
};

/** What becomes of a line of a read service that stands for nobody. */
export function leavingOf(
  line: ServerFact,
  removed: DesiredBackend['removed'],
  { now, claimed, removedSince }: Remembered,
): { readonly state: 'drain' | 'maint'; readonly ends: boolean } {
  const key = serverKey(line);
  const since = removedSince.get(key) ?? (claimed.has(key) ? now : undefined);
  if (removed === undefined || since === undefined) return { state: 'maint', ends: false };
  if (isOver(removed.leaving, now - since, removed.drainTimeoutMs)) return { state: 'maint', ends: true };
  // Without a session there is nothing to drain any more: it may get another address, or be deleted.
  return { state: line.sessions === 0 ? 'maint' : 'drain', ends: false };
}

const isOver = (leaving: Leaving, forMs: number, drainTimeoutMs: number): boolean =>
  leaving === 'kill' || (leaving === 'drain_then_kill' && forMs >= drainTimeoutMs);

/** A line as it was read back, with the member that it stood for. */
interface Stood {
  readonly line: ServerFact;
  readonly member: string | undefined;
}

/** Follows the lines of the backends that a target drives. */
export class LineMemory {
  readonly #claimed = new Set<string>();
  /** The same by backend: of thousands only those that were looked at are gone through. */
  readonly #claimedOf = new Map<string, Set<string>>();
  readonly #removedSince = new Map<string, Millis>();
  /** Since which read-back each line has been idle without a break, and up to which it was seen so. */
  #idle: ReadonlyMap<string, { readonly since: Millis; readonly until: Millis }> = new Map();

  /** HAProxy was read back; the read-back began at `begunAt`. `backends`: those that were looked at, what is known of others stays; undefined: all. */
  read(wanted: readonly Stood[], begunAt: Millis, now: Millis, backends?: ReadonlySet<string>): void {
    const looked = (key: string): boolean => backends?.has(backendOf(key)) !== false;
    const isGoneFrom = (key: string): boolean => !there.has(key) && looked(key);
    const idle = new Map([...this.#idle].filter(([key]) => !looked(key)));
    const there = new Set<string>();
    for (const { line, member } of wanted) {
      const key = serverKey(line);
      there.add(key);
      if (member !== undefined) {
        this.#claim(line.backend, key);
        this.#removedSince.delete(key);
      } else {
        if (this.#unclaim(line.backend, key)) this.#removedSince.set(key, now);
        if (isGone(line)) idle.set(key, { since: this.#idle.get(key)?.since ?? now, until: begunAt });
      }
    }
    this.#idle = idle;
    for (const key of this.#removedSince.keys()) if (isGoneFrom(key)) this.#removedSince.delete(key);
    for (const backend of backends ?? [...this.#claimedOf.keys()]) {
      for (const key of this.#claimedOf.get(backend) ?? []) if (!there.has(key)) this.#unclaim(backend, key);
    }
  }

  /** Another worker answers. */
  otherWorker(): void {
    this.#claimed.clear();
    this.#claimedOf.clear();
    this.#removedSince.clear();
    this.#idle = new Map();
  }

  at(now: Millis, refused: Remembered['refused']): Remembered {
    const idle = [...this.#idle].filter(([, { since, until }]) => until - since >= STRAGGLER_MS).map(([key]) => key);
    return { now, claimed: this.#claimed, removedSince: this.#removedSince, idle: new Set(idle), refused };
  }

  #claim(backend: string, key: string): void {
    if (this.#claimed.has(key)) return;
    this.#claimed.add(key);
    const keys = this.#claimedOf.get(backend) ?? new Set();
    this.#claimedOf.set(backend, keys.add(key));
  }

  /** Whether it was claimed. */
  #unclaim(backend: string, key: string): boolean {
    const keys = this.#claimedOf.get(backend);
    keys?.delete(key);
    if (keys?.size === 0) this.#claimedOf.delete(backend);
    return this.#claimed.delete(key);
  }

  /** Backends that a line is leaving whose sessions count. */
  get leaving(): ReadonlySet<string> {
    return new Set([...this.#removedSince.keys()].map(backendOf));
  }

  /** After how many milliseconds another read-back may show one of these lines to be idle. Undefined: no use. */
  idleInMs(keys: readonly string[], now: Millis): number | undefined {
    const waits = keys.flatMap((key) => this.#idle.get(key) ?? []);
    return waits.length === 0 ? undefined : Math.max(1, ...waits.map(({ since }) => since + STRAGGLER_MS - now));
  }
}

const backendOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));
