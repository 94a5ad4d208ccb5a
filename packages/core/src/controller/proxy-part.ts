// A cluster's part in Stolon's proxy protocol, as the controller sees it: is there one, does HAProxy hold anything back, until when may HAProxy
// serve without us, and how it ends. Where a cluster has no write service there is nothing to let go of, and so nothing to register.
import type { LetGo } from '../haproxy/let-go.ts';
import type { Clock } from '../model/clock.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { after, type Millis } from '../model/units.ts';
import type { Registration } from '../stolon/registration.ts';

/** HAProxy's own watchdog comes a little after the decision that closes for the same reason: the orderly way goes first. */
const WATCHDOG_SLACK_MS = 500;
/** A clean stop waits this long for HAProxy to let go. */
const RELEASE_WITHIN_MS = 5_000;

/** The backends of a cluster's write services. */
export const writeBackends = ({ services }: ClusterSpec): readonly string[] =>
  services.filter(({ role }) => role === 'primary').map(({ backend }) => backend);

/** Whether this cluster's configuration asks for a registration as a Stolon proxy. */
export const registers = (spec: ClusterSpec): boolean =>
  spec.source.kind === 'stolon' && spec.source.register && writeBackends(spec).length > 0;

/** Why not all targets have let go; undefined: they have. */
export function firstHold(answers: readonly LetGo[]): string | undefined {
  for (const answer of answers) if (answer.kind === 'holds') return answer.why;
  return undefined;
}

/** Until when HAProxy may serve each write service if nothing is heard from us any more; empty: there is no registration that lives. */
export function watchdogDeadlines(
  spec: ClusterSpec,
  registration: Registration | undefined,
): ReadonlyMap<string, Millis> {
  const state = registration?.state();
  if (state?.aliveAt === undefined) return new Map();
  const deadline = after(state.aliveAt, state.timeoutMs + WATCHDOG_SLACK_MS);
  return new Map(writeBackends(spec).map((backend) => [backend, deadline]));
}

/** Waits for HAProxy to let go, looking each time it is told to. Gives why it has not, if it does not in time. */
export class LettingGo {
  readonly #holds: () => string | undefined;
  readonly #done: Promise<string | undefined>;
  #settle: (why: string | undefined) => void = () => {};

  constructor(clock: Clock, holds: () => string | undefined) {
    this.#holds = holds;
    this.#done = new Promise((resolve) => {
      const timer = clock.after(RELEASE_WITHIN_MS, () => resolve(holds()));
      this.#settle = (why) => {
        timer.cancel();
        resolve(why);
      };
    });
  }

  look(): void {
    if (this.#holds() === undefined) this.#settle(undefined);
  }

  get done(): Promise<string | undefined> {
    return this.#done;
  }
}
