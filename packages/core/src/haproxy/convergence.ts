// Whether HAProxy was last read back as decided, and what of that is worth telling: that it is, what had been changed by somebody else, and what
// HAProxy lacks. Values in, reports out; it does no I/O.
import type { Millis } from '../model/units.ts';
import type { DriftLedger } from './drift.ts';
import type { Plan } from './plan.ts';
import type { TargetReport } from './report.ts';

interface ReadUnder {
  readonly serial: number;
  /** No newer decision has come meanwhile. */
  readonly newest: boolean;
  /** No old worker has a session that a write service must not have. */
  readonly clear: boolean;
  readonly now: Millis;
}

export class Convergence {
  readonly #drift: DriftLedger;
  #settled = false;
  #serial: number | undefined;
  #missingTold = '';

  constructor(drift: DriftLedger) {
    this.#drift = drift;
  }

  /** Read back as decided, and nothing has happened since. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The last decision that was read back as carried out. */
  get serial(): number | undefined {
    return this.#serial;
  }

  /** Another decision, another worker, or no answer. */
  disturbed(): void {
    this.#settled = false;
  }

  /** HAProxy was read back; `next` is what is left to do. */
  read(next: Plan, under: ReadUnder): readonly TargetReport[] {
    return [...this.#readMissing(next, under), ...this.#readConverged(next, under)];
  }

  #readMissing({ missing }: Plan, { serial, now }: ReadUnder): readonly TargetReport[] {
    const text = JSON.stringify(missing);
    if (text === this.#missingTold || (missing.length === 0 && this.#missingTold === '')) return [];
    this.#missingTold = missing.length === 0 ? '' : text;
    return [{ kind: 'missing', serial, at: now, missing }];
  }

  #readConverged(next: Plan, { serial, newest, clear, now }: ReadUnder): readonly TargetReport[] {
    if (!next.converged || !clear) {
      this.#settled = false;
      return [];
    }
    const servers = this.#drift.restored();
    const reports: TargetReport[] = servers.length > 0 ? [{ kind: 'drift', serial, at: now, servers }] : [];
    // With a newer decision on its way it converged with something older.
    if (this.#settled || !newest) return reports;
    this.#settled = true;
    this.#serial = serial;
    return [...reports, { kind: 'converged', serial, at: now }];
  }
}
