// What acts, verdict and live line need of a running cluster, whoever manages it: Patroni (stage.ts) or Stolon (stolon-stage.ts).
import type { Daemon } from '../lab/daemon.ts';
import type { OverlapWatch } from '../lab/overlap.ts';
import type { Rows } from '../lab/patroni-node.ts';
import type { Writer } from '../lab/writer.ts';
import type { Moment } from './timeline.ts';

export const writeBackend = 'demo_primary';
export const readBackend = 'demo_replica';

/** Often enough to catch an overlap of one client's write, and hardly felt by the rest on two cores. */
export const witnessEveryMs = 2;

/** Who shows how the client fares. */
export interface Watched {
  readonly writer: Writer;
  /** Asks HAProxy itself who accepts writers. */
  readonly witness: OverlapWatch;
}

export interface Theatre extends Watched {
  readonly daemon: Daemon;
  /** How many servers there are. */
  readonly servers: number;
  /** Who takes writes by the word of the cluster's manager. */
  readonly primary: () => Promise<{ readonly name: string; readonly sql: (text: string) => Promise<Rows> }>;
  /** Waits until the manager holds every server for healthy. */
  readonly healthy: () => Promise<void>;
  /** What others than pgrouted and the client have to tell of an act that began then: a time of day in ms. */
  readonly told: (actAt: number) => readonly Moment[];
}
