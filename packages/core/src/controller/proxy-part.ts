// A cluster's part in Stolon's proxy protocol, as the controller sees it: the registration, what holds it up, until when HAProxy may serve without us,
// and its end. Where a cluster has no write service there is nothing to let go of, and so nothing to register.
//
//   registered ──stop──▶ letting go (write services closed) ──all targets have──▶ record deleted
//                                                          └─not within 5 s────▶ record left to run out
import { messageOf } from '../etcd/errors.ts';
import type { LetGo } from '../haproxy/let-go.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { RegistrationState } from '../model/proxies.ts';
import { isWriteService } from '../model/service.ts';
import type { ClusterSpec, StoredClusterSpec } from '../model/spec.ts';
import { after, type Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import type { ProxyStore } from '../stolon/proxy-record.ts';
import { Registration, type RegistrationEvent } from '../stolon/registration.ts';
import type { Journal } from './journal.ts';
import { registrationEntry } from './proxy-entries.ts';

/** HAProxy's own watchdog comes a little after the decision that closes for the same reason: the orderly way goes first. */
const WATCHDOG_SLACK_MS = 500;
/** A clean stop waits this long for HAProxy to let go. */
const RELEASE_WITHIN_MS = 5_000;

/** The backends of a cluster's write services. */
export const writeBackends = ({ services }: ClusterSpec): readonly string[] =>
  services.filter(isWriteService).flatMap(({ backends }) => backends);

/** Whether this cluster's configuration asks for a registration as a Stolon proxy. */
export const registers = (spec: ClusterSpec): spec is StoredClusterSpec =>
  spec.source.kind === 'stolon' && spec.source.register && writeBackends(spec).length > 0;

/** Why not all targets have let go; undefined: they have. */
export function firstHold(answers: readonly LetGo[]): string | undefined {
  for (const answer of answers) if (answer.kind === 'holds') return answer.why;
  return undefined;
}

/** `configured`: only where a clean stop does (`on_stop`). `always`: the process lives on, and would acknowledge for what it no longer drives. */
export type ReleaseWhen = 'configured' | 'always';

export interface ProxyPartOptions {
  readonly spec: ClusterSpec;
  /** Where the registration is written; undefined: the cluster is not read from a store. */
  readonly store: { readonly client: ProxyStore; readonly prefix: string } | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  /** A registration from before a reload of the configuration. */
  readonly registration: Registration | undefined;
  /** 8 random hex digits. */
  readonly newUid: () => string;
  /** The view that the newest decision was made on; undefined: none yet. */
  readonly decidedView: () => ClusterView | undefined;
  /** Why HAProxy has not let go of what the newest decision keeps out; undefined: it has. */
  readonly holds: () => string | undefined;
  /** Read services that lead to the master now. */
  readonly readsOnMaster: () => readonly string[];
  /** The registration lives on (or is another): to be decided on, and HAProxy's own watchdog to be told. */
  readonly onAlive: () => void;
}

export class ProxyPart {
  readonly #o: ProxyPartOptions;
  #registration: Registration | undefined;
  #lettingGo: LettingGo | undefined;

  constructor(options: ProxyPartOptions) {
    this.#o = options;
    const { spec, store, clock, log, registration, newUid, decidedView, holds } = options;
    if (!registers(spec) || store === undefined) return;
    const { client, prefix } = store;
    const keeper = {
      store: client,
      look: () => {
        const view = decidedView();
        return view === undefined ? undefined : { view, holds: holds() };
      },
      onEvent: (event: RegistrationEvent) => this.#onEvent(event),
    };
    this.#registration = registration ?? new Registration({ prefix, keeper, clock, log, newUid });
    registration?.attach(keeper);
  }

  /** For the controller that comes after this one. */
  get registration(): Registration | undefined {
    return this.#registration;
  }

  state(): RegistrationState | undefined {
    return this.#registration?.state();
  }

  /** A clean stop closes this cluster's write services first. Never where Stolon was never told of us: then HAProxy is as the process before left it. */
  get releases(): boolean {
    const { source } = this.#o.spec;
    return this.#registration?.mayBeKnown === true && source.kind === 'stolon' && source.onStop === 'release';
  }

  /** From the beginning of a release on nothing is decided any more. */
  get releasing(): boolean {
    return this.#lettingGo !== undefined;
  }

  /** The decision, or what a target holds, may be another one than before. */
  wake(): void {
    if (this.#lettingGo !== undefined) this.#lettingGo.look();
    else this.#registration?.wake();
  }

  /** Stolon may have gone on without us: it could not be told that we live for so long (or, passive, never waited). */
  lostTouch(confirmedAt: Millis, passiveGraceMs: number, now: Millis): boolean {
    if (this.#o.spec.source.kind !== 'stolon') return false;
    const state = this.state();
    if (state === undefined) return now - confirmedAt >= passiveGraceMs;
    return state.aliveAt === undefined || now - state.aliveAt >= state.timeoutMs;
  }

  /**
   * Until when HAProxy may serve the master, in each service that leads to it, if nothing is heard from us any more; empty: there is no registration that
   * lives.
   */
  watchdogDeadlines(): ReadonlyMap<string, Millis> {
    const state = this.state();
    if (state?.aliveAt === undefined) return new Map();
    const deadline = after(state.aliveAt, state.timeoutMs + WATCHDOG_SLACK_MS);
    const backends = [...writeBackends(this.#o.spec), ...this.#o.readsOnMaster()];
    return new Map(backends.map((backend) => [backend, deadline]));
  }

  /** Ends the renewals; the record stays. */
  async detach(): Promise<void> {
    await this.#registration?.detach();
  }

  /**
   * Before a clean stop, or a configuration that takes away what the registration speaks for: `close` has the write services closed; when HAProxy has
   * let go the record is deleted, so that no failover waits for a router that is gone. In this order: without our record Stolon could name a new
   * master while HAProxy still has sessions on the old one.
   */
  async release(when: ReleaseWhen, close: () => void): Promise<void> {
    const registration = this.#registration;
    if (registration === undefined || (when === 'configured' && !this.releases)) return;
    await registration.detach();
    this.#lettingGo = new LettingGo(this.#o.clock, this.#o.holds);
    close();
    this.#lettingGo.look();
    const why = await this.#lettingGo.done;
    if (why !== undefined) {
      this.#tell(`the registration is left to run out, since HAProxy may still serve the master: ${why}`);
      return;
    }
    const { uid } = registration.state();
    try {
      await registration.leave();
      this.#registration = undefined;
      this.#tell(`the registration as proxy ${uid} is deleted, no failover waits for this router`);
      this.#o.onAlive();
    } catch (error) {
      this.#tell(`the registration as proxy ${uid} could not be deleted and runs out by itself: ${messageOf(error)}`);
    }
  }

  #onEvent(event: RegistrationEvent): void {
    const entry = registrationEntry(this.#o.spec.name, this.state()?.uid ?? '', event);
    if (entry !== undefined) this.#o.journal.add(entry);
    if (event.kind === 'acknowledged' || event.kind === 'renewed') this.#o.onAlive();
  }

  #tell(text: string): void {
    this.#o.journal.add({ kind: 'proxy', cluster: this.#o.spec.name, text });
  }
}

/** Waits for HAProxy to let go, looking each time it is told to. Gives why it has not, if it does not in time. */
class LettingGo {
  readonly done: Promise<string | undefined>;
  readonly #holds: () => string | undefined;
  #settle: (why: string | undefined) => void = () => {};

  constructor(clock: Clock, holds: () => string | undefined) {
    this.#holds = holds;
    this.done = new Promise((resolve) => {
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
}
