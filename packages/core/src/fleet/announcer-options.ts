// What a router needs to announce itself: where, as whom, and how it finds out what is so. Types only.
import type { Clock } from '../model/clock.ts';
import type { RouterFacts, RouterSelf } from './router-record.ts';
import type { FleetStore } from './store.ts';

export interface AnnouncerOptions {
  readonly store: FleetStore;
  readonly prefix: string;
  readonly clock: Clock;
  readonly self: RouterSelf;
  /** Without any number behind it. */
  readonly name: string;
  readonly clusters: () => readonly string[];
  /** How things are at this instant, to be asked of each cluster of a batch. Undefined: there is no such cluster (any more). */
  readonly facts: () => (cluster: string) => RouterFacts | undefined;
  /** A HAProxy is being told something: what is said now would not last. */
  readonly busy: () => boolean;
  /** Another process stands under this name. */
  readonly isTaken: (name: string) => boolean;
  /** Told when it works or fails, when the name is another one, and with each beat. */
  readonly onChange: () => void;
}
