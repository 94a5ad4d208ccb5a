// Remembers which servers were found changed by someone else, to tell one slip of a hand from a second router that decides differently.
import type { Millis } from '../model/units.ts';
import { serverKey } from './parse.ts';
import type { Drifted } from './report.ts';

const WINDOW_MS = 10_000;
const REPEATED = 3;

/** A server that was found changed in the last 10 s: how, how often, and whether so often that someone must decide differently. */
export interface RecentDrift extends Drifted {
  readonly times: number;
  readonly repeated: boolean;
}

export class DriftLedger {
  #found: { readonly drifted: Drifted; readonly at: Millis }[] = [];

  /** These servers were found otherwise than they had been read back before. */
  note(servers: readonly Drifted[], at: Millis): void {
    this.#found.push(...servers.map((drifted) => ({ drifted, at })));
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
