// Servers that someone else changed: what was found, what was put back, and whether it happens so often that somebody decides differently.
//
//   as decided --found changed--> waiting (a newer decision may be on its way to us) --> put back --read back--> as decided
import type { Millis } from '../model/units.ts';
import { after } from '../model/units.ts';
import { heldState, serverKey } from './parse.ts';
import type { Plan } from './plan.ts';
import type { Drifted } from './report.ts';

const WINDOW_MS = 10_000;
const REPEATED = 3;
/** A single wrong server may be the newer decision of a second router: ours gets this long to arrive before it is put back. */
const PAUSE_MS = 20;

/** A server that was found changed in the last 10 s: how, how often, and whether so often that someone must decide differently. */
export interface RecentDrift extends Drifted {
  readonly times: number;
  readonly repeated: boolean;
}

export class DriftLedger {
  #found: { readonly drifted: Drifted; readonly at: Millis }[] = [];
  #open: { readonly servers: readonly Drifted[]; readonly actAt: Millis } | undefined;

  /**
   * The last read-back was as decided; this one asks for `next`. Notes what differs, if anything. `exclusive`: the write services; where two
   * of their servers accept there is no pause.
   */
  look(next: Plan, exclusive: ReadonlySet<string>, now: Millis): void {
    const servers = driftedIn(next);
    if (servers.length === 0) return;
    this.#found.push(...servers.map((drifted) => ({ drifted, at: now })));
    const writers = next.wanted.filter(({ line }) => exclusive.has(line.backend) && line.inRotation);
    const twoAccept = new Set(writers.map(({ line }) => line.backend)).size < writers.length;
    this.#open = { servers, actAt: twoAccept ? now : after(now, PAUSE_MS) };
  }

  /** How long to leave things as they were found. */
  pauseMs(now: Millis): number {
    return Math.max(0, (this.#open?.actAt ?? now) - now);
  }

  /** A newer decision is there: no more waiting for one. */
  decided(now: Millis): void {
    if (this.#open !== undefined) this.#open = { ...this.#open, actAt: now };
  }

  /** Everything is as decided again: what had been changed. */
  restored(): readonly Drifted[] {
    const servers = this.#open?.servers ?? [];
    this.#open = undefined;
    return servers;
  }

  /** Another worker: what was found belongs to the one before. */
  forget(): void {
    this.#open = undefined;
  }

  /** Servers found changed in the last 10 s, each with what was found last. */
  recent(now: Millis): readonly RecentDrift[] {
    this.#found = this.#found.filter(({ at }) => now - at < WINDOW_MS);
    const recent = new Map<string, RecentDrift>();
    for (const { drifted } of this.#found) {
      const key = serverKey(drifted);
      const times = (recent.get(key)?.times ?? 0) + 1;
      recent.set(key, { ...drifted, times, repeated: times >= REPEATED });
    }
    return [...recent.values()];
  }
}

function driftedIn(next: Plan): readonly Drifted[] {
  const due = new Set(
    next.steps.flatMap((step) => (step.kind === 'fence' || step.kind === 'open' ? step.servers.map(serverKey) : [])),
  );
  return next.wanted.flatMap(({ line, member, state }): readonly Drifted[] => {
    const found = heldState(line);
    if (!due.has(serverKey(line)) || (found === 'maint' && state === 'maint')) return [];
    return [{ backend: line.backend, server: line.server, member, found, restored: state }];
  });
}
