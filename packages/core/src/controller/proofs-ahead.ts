// Proofs in advance: while a leader is named but its write service is not open yet, the view is proven again and again, so that the proof which opening
// needs is there when PostgreSQL says yes. Asks only; what the proofs say is told by whoever makes them.
import type { Clock, Timer } from '../model/clock.ts';
import type { Decision } from '../model/decision.ts';
import { isWriteService } from '../model/service.ts';
import type { ClusterView } from '../model/view.ts';

/** The first proof lets a fence go ahead. */
const FIRST_MS = 2;
const EVERY_MS = 15;
const FOR_MS = 10_000;

export class ProofsAhead {
  readonly #clock: Clock;
  readonly #prove: () => void;
  #view: ClusterView | undefined;
  #decision: Decision | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, prove: () => void) {
    this.#clock = clock;
    this.#prove = prove;
  }

  /** With each decision. */
  look(view: ClusterView, decision: Decision): void {
    this.#view = view;
    this.#decision = decision;
    this.#next(FIRST_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #next(delayMs: number): void {
    const leadership = this.#view?.leadership;
    const waits = this.#decision?.services.some(
      (service) => isWriteService(service) && !service.verdicts.some(({ state }) => state === 'ready'),
    );
    if (this.#stopped || this.#timer !== undefined || waits !== true || leadership?.kind !== 'held') return;
    if (this.#clock.now() - leadership.seenAt > FOR_MS) return;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#prove();
      this.#next(EVERY_MS);
    });
  }
}
