// Whether what comes round again and again does so: each part of the router tells by when it is to have taken its next step, or to have ended the one under
// way, whatever becomes of etcd, PostgreSQL and HAProxy: that one of them is silent makes nobody late, since every question has a deadline. Pure.
import type { Millis } from './units.ts';

/** A part of the router, and by when it is to have gone on. */
export interface Due {
  /** For people: `the loop of cluster orders`. */
  readonly part: string;
  /** Undefined: nothing is due. */
  readonly at: Millis | undefined;
}

/** What should have gone on by now, and did not. */
export interface Late {
  readonly part: string;
  readonly byMs: number;
}

/** Undefined: it is not late. */
export const lateness = ({ part, at }: Due, now: Millis): Late | undefined =>
  at === undefined || at >= now ? undefined : { part, byMs: now - at };
