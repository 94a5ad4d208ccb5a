// What is asked of each backend, and since which change: what was found out under an earlier content says nothing about a later one, while the same
// content handed in again changes nothing. Values only.
import { type Desired, type DesiredBackend, sameBackend } from './desired.ts';

export interface Asked {
  readonly desired: DesiredBackend;
  /** The version at which the content last changed. */
  readonly since: number;
}

export class AskedBackends {
  #version = 0;
  #asked: ReadonlyMap<string, Asked> = new Map();

  /** Raised with each change. */
  get version(): number {
    return this.#version;
  }

  /** The newest decision. Of two entries for one backend the first counts, as in `plan`. True: something has changed. */
  decided({ backends }: Desired): boolean {
    const next = new Map<string, Asked>();
    let changed = false;
    for (const desired of backends) {
      if (next.has(desired.backend)) continue;
      const before = this.#asked.get(desired.backend);
      const same = before !== undefined && sameBackend(before.desired, desired);
      next.set(desired.backend, same ? before : { desired, since: this.#version + 1 });
      if (!same) changed = true;
    }
    if (next.size !== this.#asked.size) changed = true;
    if (changed) this.#version += 1;
    this.#asked = next;
    return changed;
  }

  /** Undefined: nothing is asked of it. */
  of(backend: string): Asked | undefined {
    return this.#asked.get(backend);
  }

  all(): readonly Asked[] {
    return [...this.#asked.values()];
  }
}
