// Follows one write service through a switch on one target and tells the milliseconds of its phases.
//
//   settled(A) ──leader key gone or taken over──▶ switching(from A) ──opened(B)──▶ settled(B), summary
//
// Times are instants at which *we* saw or did something; the first sign of the switch is zero.
import type { Millis } from '../model/units.ts';
import type { Leadership } from '../model/view.ts';
import type { SwitchPhases } from '../status/schema.ts';

export interface SwitchSummary {
  readonly from: string;
  readonly to: string;
  readonly phases: SwitchPhases;
}

type Phase = 'leaderGone' | 'leaderNamed' | 'fenced' | 'proven' | 'decided' | 'opened' | 'acknowledged' | 'enabled';

export class SwitchClock {
  #settled: string | undefined;
  #startedAt: Millis | undefined;
  #times = new Map<Phase, Millis>();
  #named: string | undefined;

  /** The leadership of the view, each time it may have changed. */
  leadership(leadership: Leadership, now: Millis): void {
    const holder = leadership.kind === 'held' ? leadership.member : undefined;
    if (this.#startedAt === undefined) {
      if (holder !== undefined && holder === this.#settled) return;
      this.#begin(now);
    }
    if (holder === undefined) {
      if (!this.#times.has('leaderGone') || this.#named !== undefined) this.#mark('leaderGone', now);
      this.#named = undefined;
    } else if (holder !== this.#named) {
      if (!this.#times.has('leaderGone') && this.#settled !== undefined) this.#mark('leaderGone', now);
      this.#named = holder;
      this.#mark('leaderNamed', now);
      // What was proven and decided belonged to another name.
      this.#times.delete('proven');
      this.#times.delete('decided');
      this.#times.delete('enabled');
    }
  }

  /** Stolon: etcd took our acknowledgement of the generation that withdrew the master. */
  acknowledged(now: Millis): void {
    if (this.#startedAt !== undefined && !this.#times.has('acknowledged')) this.#mark('acknowledged', now);
  }

  /** Stolon: this proxy is enabled under the master that is named now. */
  enabled(now: Millis): void {
    if (this.#startedAt !== undefined && !this.#times.has('enabled')) this.#mark('enabled', now);
  }

  /** The service is decided closed. Without a change of leader (its PostgreSQL went down) that begins a switch from a server to itself. */
  closed(now: Millis): void {
    if (this.#startedAt === undefined) {
      this.#begin(now);
      this.#named = this.#settled;
    }
    // Closed again after it was to be opened: that proof is used up.
    if (this.#times.delete('decided')) this.#times.delete('proven');
  }

  /** PostgreSQL of the named member said that it takes writes; the question was sent at `askedAt`. */
  proven(member: string, askedAt: Millis, now: Millis): void {
    if (
      this.#startedAt === undefined ||
      askedAt < this.#startedAt ||
      member !== this.#named ||
      this.#times.has('proven')
    )
      return;
    this.#mark('proven', now);
  }

  decided(now: Millis): void {
    if (this.#startedAt !== undefined && !this.#times.has('decided')) this.#mark('decided', now);
  }

  fenced(now: Millis): void {
    if (this.#startedAt !== undefined) this.#mark('fenced', now);
  }

  /** The target was read back with `member` in. Gives the summary of the switch that this ends; the first opening of all is none. */
  opened(member: string, now: Millis): SwitchSummary | undefined {
    const startedAt = this.#startedAt;
    const from = this.#settled;
    if (startedAt === undefined || from === undefined) {
      this.settle(member);
      return undefined;
    }
    this.#mark('opened', now);
    const at = (phase: Phase): number | null => {
      const time = this.#times.get(phase);
      return time === undefined ? null : Math.round((time - startedAt) * 1000) / 1000;
    };
    const phases: SwitchPhases = {
      leaderGoneMs: at('leaderGone'),
      leaderNamedMs: at('leaderNamed'),
      fencedMs: at('fenced'),
      provenMs: at('proven'),
      decidedMs: at('decided'),
      openedMs: at('opened'),
      ...(this.#times.has('acknowledged') ? { acknowledgedMs: at('acknowledged') } : {}),
      ...(this.#times.has('enabled') ? { enabledMs: at('enabled') } : {}),
    };
    this.#settled = member;
    this.#startedAt = undefined;
    this.#times = new Map();
    return { from, to: member, phases };
  }

  /** The target was found holding `member` in without our doing: nothing to time. */
  settle(member: string): void {
    this.#settled = member;
    this.#startedAt = undefined;
    this.#times = new Map();
  }

  #begin(now: Millis): void {
    this.#startedAt = now;
    this.#times = new Map();
    this.#named = undefined;
  }

  #mark(phase: Phase, now: Millis): void {
    this.#times.set(phase, now);
  }
}
