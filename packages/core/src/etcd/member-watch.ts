// The watch of one prefix on one member: opened whenever the member has a session, resumed from where the mirror is, opened again when it ends.
// It judges nothing about the data; what comes is handed on.
//
//   resting ──session ready, list there──▶ opening ──created──▶ watching
//      ▲────────────pause, or next session───────┴─canceled, ended──┘
import type { Clock, Timer } from '../model/clock.ts';
import type { Revision } from '../model/units.ts';
import { EtcdError, isGarbage } from './errors.ts';
import type { Member } from './member.ts';
import { type KeyRange, type WatchResponse, watchMethod } from './messages.ts';
import type { Exchange } from './transport.ts';

export interface MemberWatchOptions {
  readonly member: Member;
  readonly range: KeyRange;
  readonly clock: Clock;
  /** The first revision still wanted; undefined: there is no list yet, so there is nothing to resume. */
  readonly startRevision: () => Revision | undefined;
  /** Gives an error to end this watch. */
  readonly onResponse: (response: WatchResponse) => EtcdError | undefined;
  /** The revisions before this one are no longer to be had. Resolves when another start revision can be given. */
  readonly onCompacted: (compactRevision: Revision) => Promise<void>;
}

const firstPauseMs = 100;
const lastPauseMs = 1_000;
/** A refusal that an operator has to mend. */
const mendPauseMs = 5_000;

export class MemberWatch {
  readonly member: Member;
  readonly #options: MemberWatchOptions;
  readonly #leave: () => void;
  #exchange: Exchange | undefined;
  #pause: Timer | undefined;
  #failures = 0;
  #watching = false;
  #triedNewToken = false;
  #error: string | undefined;
  #closed = false;

  constructor(options: MemberWatchOptions) {
    this.#options = options;
    this.member = options.member;
    this.#leave = options.member.onReady(() => this.reopen());
  }

  /** The member has taken the watch, and has not ended it. Says nothing about whether it still hears of changes. */
  get watching(): boolean {
    return this.#watching;
  }

  /** Why it does not watch although it is connected. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Opens the watch on the member's newest session, from the revision that is wanted now; whatever was open is left. */
  reopen(): void {
    this.#pause?.cancel();
    this.#exchange?.cancel();
    this.#exchange = undefined;
    this.#watching = false;
    const startRevision = this.#options.startRevision();
    if (this.#closed || startRevision === undefined || !this.member.ready) return;
    let over = false;
    const end = (error: EtcdError) => {
      if (over) return;
      over = true;
      exchange.cancel();
      if (this.#exchange === exchange) this.#ended(error);
    };
    const exchange = this.member.stream(
      watchMethod,
      { ...this.#options.range, startRevision },
      {
        onMessage: (response) => {
          if (over) return;
          if (response.canceled) return void this.#canceled(response, end);
          const refusal = this.#options.onResponse(response);
          if (refusal !== undefined) end(refusal);
          else if (response.created) this.#took();
        },
        onEnd: end,
      },
    );
    this.#exchange = exchange;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.#pause?.cancel();
    this.#exchange?.cancel();
    this.#watching = false;
  }

  #took(): void {
    this.#watching = true;
    this.#failures = 0;
    this.#triedNewToken = false;
    this.#error = undefined;
  }

  async #canceled(response: WatchResponse, end: (error: EtcdError) => void): Promise<void> {
    const { compactRevision, cancelReason } = response;
    if (compactRevision > 0n) {
      end(new EtcdError('refused', `etcd has compacted what this watch still wanted (up to ${compactRevision})`));
      await this.#options.onCompacted(compactRevision);
      if (!this.#watching) this.reopen();
      return;
    }
    if (/permission denied|invalid auth token|revision of auth store is old|user name is empty/.test(cancelReason)) {
      // etcd 3.4 calls a token that has expired "permission denied" here: only a refusal with a fresh token is one.
      if (!this.#triedNewToken) {
        this.#triedNewToken = true;
        try {
          await this.member.renewToken();
          return this.reopen();
        } catch {
          // What refused the login refuses the watch: told below.
        }
      }
      this.#triedNewToken = false;
      return end(new EtcdError('forbidden', 'etcd: permission denied to watch this prefix'));
    }
    end(new EtcdError('refused', `etcd ended the watch: ${cancelReason === '' ? 'no reason given' : cancelReason}`));
  }

  #ended(error: EtcdError): void {
    this.#exchange = undefined;
    this.#watching = false;
    if (this.#closed) return;
    this.#error = error.message;
    if (isGarbage(error)) this.member.drop(error);
    const pauseMs =
      error.code === 'forbidden' || error.code === 'foreign_cluster'
        ? mendPauseMs
        : Math.min(lastPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    // Without a session there is nothing to try: the next session opens it.
    this.#pause = this.#options.clock.after(pauseMs, () => {
      if (this.member.ready) this.reopen();
    });
  }
}
