// Changes that HAProxy was told and that its read-back did not show. A few tries in a row, then once in a while: whatever stands against it (a static
// algorithm, a name that is taken, a version), asking again at once would not help. Values only.
import { after, type Millis } from '../model/units.ts';
import type { Arrangement } from './arrange.ts';
import type { Refusal } from './remembered.ts';

const QUICK_TRIES = 3;
const AGAIN_MS = 5_000;
/** Of what HAProxy said. */
const MOST_CHARACTERS = 200;

interface Try {
  readonly times: number;
  readonly said: string;
  readonly nextAt: Millis;
}

export class Refusals {
  #tries: ReadonlyMap<string, Try> = new Map();

  /** These were sent, and HAProxy was read back: `due` are those that are still to be made. What it said is only for people. */
  told(sent: readonly Arrangement[], due: readonly Arrangement[], notes: readonly string[], now: Millis): void {
    const left = new Set(due.map(({ key }) => key));
    const tries = new Map([...this.#tries].filter(([key]) => left.has(key)));
    for (const { key } of sent) {
      if (!left.has(key)) continue;
      const times = (tries.get(key)?.times ?? 0) + 1;
      tries.set(key, { times, said: saidIn(notes), nextAt: after(now, times < QUICK_TRIES ? 0 : AGAIN_MS) });
    }
    this.#tries = tries;
  }

  /** How often the changes had no effect: the least of them, so that one that is refused doesn't slow the others. */
  leastTries(sent: readonly Arrangement[]): number {
    return Math.min(...sent.map(({ key }) => this.#tries.get(key)?.times ?? 0));
  }

  at(now: Millis): ReadonlyMap<string, Refusal> {
    const refused = [...this.#tries].filter(([, { times }]) => times >= QUICK_TRIES);
    return new Map(
      refused.map(([key, { times, said, nextAt }]) => [key, { said, tries: times, due: now >= nextAt }] as const),
    );
  }

  /** Another worker may do what the one before refused. */
  otherWorker(): void {
    this.#tries = new Map();
  }
}

function saidIn(notes: readonly string[]): string {
  const text = [...new Set(notes.map((note) => note.trim()))].filter((note) => note !== '').join(' / ');
  return text === '' ? 'nothing' : text.slice(0, MOST_CHARACTERS);
}
