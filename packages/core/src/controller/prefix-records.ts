// Where a cluster's records come from: a mirror of its own prefix in etcd, or its part of a mirror that many clusters share. Types only.
import type { MirrorChange, MirrorSnapshot, MirrorStatus, ProofResult } from '../etcd/mirror.ts';
import type { Millis } from '../model/units.ts';

/** What a cluster wants to hear of confirmations that bring nothing new. */
export interface Attention {
  /** Each of them counts: something waits for one. */
  readonly each: boolean;
  /** So long after its last confirmation a picture is to be judged anew, unless it was confirmed meanwhile. Undefined: never. */
  readonly agesAfterMs: number | undefined;
}

export interface PrefixRecords {
  start(): void;
  close(): Promise<void>;
  /** Undefined until the first list. */
  snapshot(): MirrorSnapshot | undefined;
  /** As `EtcdMirror.onChange`. */
  onChange(listener: (change: MirrorChange) => void): () => void;
  /** As `EtcdMirror.prove`. */
  prove(deadlineMs?: number): Promise<ProofResult>;
  status(): MirrorStatus;
  /** As `EtcdMirror.dueAt`. */
  readonly dueAt: Millis | undefined;
  /**
   * Undefined: each confirmation is told, and whoever minds the age looks at his own clock. Else confirmations are told to those only who attend to
   * them, and `onAged` is called when the records have not been confirmed for as long as was said.
   */
  readonly attend?: (attention: Attention, onAged: () => void) => void;
  /** When the snapshot was last confirmed: `snapshot()?.confirmedAt` without making one. */
  confirmedAt?(): Millis | undefined;
}
