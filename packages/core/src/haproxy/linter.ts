// Looks at what haproxy.cfg lacks at the start, with each new worker, and now and then; remembers since when checks run, and what was told. No I/O.
import type { Reason } from '../model/reason.ts';
import { after, longAgo, type Millis } from '../model/units.ts';
import { type LintPicture, lint } from './lint.ts';
import { isHeldInMaint, serverKey } from './parse.ts';
import type { TargetReport } from './report.ts';

/** The answers to all first questions are there by then; what changes later is found at leisure. */
const FIRST_LOOKS = 3;
const SOON_MS = 500;
const EVERY_MS = 5_000;
/** A check that runs for so long has asked whomever it asks, unless its `inter` is longer. */
const CHECKS_WITHIN_MS = 10_000;

export class Linter {
  #lookAt: Millis = longAgo;
  #looks = 0;
  #findings: readonly Reason[] = [];
  #checkedSince: ReadonlyMap<string, Millis> = new Map();
  readonly #told = new Set<string>();

  /** As of the last look. */
  get findings(): readonly Reason[] {
    return this.#findings;
  }

  /** HAProxy was read back. What is found for the first time is reported. */
  read(picture: Omit<LintPicture, 'checking'>, now: Millis): readonly TargetReport[] {
    if (now < this.#lookAt) return [];
    this.#looks += 1;
    this.#lookAt = after(now, this.#looks < FIRST_LOOKS ? SOON_MS : EVERY_MS);
    // In maint a check doesn't run.
    const running = picture.wanted.filter(({ line }) => line.checked && !line.agent && !isHeldInMaint(line));
    const keys = running.map(({ line }) => serverKey(line));
    this.#checkedSince = new Map(keys.map((key) => [key, this.#checkedSince.get(key) ?? now]));
    const checking = new Set(keys.filter((key) => now - (this.#checkedSince.get(key) ?? now) >= CHECKS_WITHIN_MS));
    this.#findings = lint({ ...picture, checking });
    const fresh = this.#findings.filter((finding) => !this.#told.has(textOf(finding)));
    this.#told.clear();
    for (const finding of this.#findings) this.#told.add(textOf(finding));
    return fresh.length === 0 ? [] : [{ kind: 'lint', at: now, findings: fresh }];
  }

  /** Another worker: perhaps another haproxy.cfg. */
  otherWorker(): void {
    this.#lookAt = longAgo;
    this.#looks = 0;
    this.#checkedSince = new Map();
  }
}

const textOf = (finding: Reason): string => JSON.stringify(finding);
