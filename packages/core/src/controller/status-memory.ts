// The members' statuses of one cluster, kept for as long as they can't be others: they are asked for with every request. Judges nothing.
import type { Decision } from '../model/decision.ts';
import type { Millis } from '../model/units.ts';
import type { KnownStatuses, Status } from './member-status.ts';

type Statuses = ReadonlyMap<string, Status>;

const nobody: Statuses = new Map();

export class StatusMemory {
  readonly #judge: (now: Millis) => KnownStatuses | undefined;
  #statuses = nobody;
  #of: Decision | undefined;
  #until: Millis | undefined;

  /** `judge`: undefined as long as nothing is known. */
  constructor(judge: (now: Millis) => KnownStatuses | undefined) {
    this.#judge = judge;
  }

  /** The very same map until one of the statuses changes. `decision`: the newest; each pass makes another. */
  at(decision: Decision | undefined, now: Millis): Statuses {
    if (decision === this.#of && (this.#until === undefined || now < this.#until)) return this.#statuses;
    const known = this.#judge(now);
    const statuses = known?.statuses ?? nobody;
    if (!same(statuses, this.#statuses)) this.#statuses = statuses;
    this.#of = decision;
    this.#until = known?.until;
    return this.#statuses;
  }
}

const same = (a: Statuses, b: Statuses): boolean =>
  a.size === b.size && [...a].every(([member, status]) => b.get(member) === status);
