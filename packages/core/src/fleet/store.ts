// The part of an etcd client that the fleet needs, as an interface of its own. Types only.
import type { Revision } from '../model/units.ts';

export type FleetWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: string }
  | { readonly type: 'delete'; readonly key: string };

export interface FleetCondition {
  readonly key: string;
  /** 0: it must not exist. */
  readonly modRevision: Revision;
}

export interface FleetEntry {
  readonly key: string;
  readonly value: string;
  readonly modRevision: Revision;
  /** Decimal; `0`: none. */
  readonly lease: string;
}

export type FleetWritten =
  | { readonly done: true; readonly revision: Revision }
  /** A condition did not hold. `found`: the keys of the conditions that exist, as they are. */
  | { readonly done: false; readonly revision: Revision; readonly found: readonly FleetEntry[] };

/** All reject when etcd does not do it, or when it is not known whether it did. */
export interface FleetStore {
  grantLease(ttlS: number): Promise<{ readonly lease: string }>;
  /** False: there is no such lease any more, and its keys are gone. */
  keepLease(lease: string): Promise<boolean>;
  revokeLease(lease: string): Promise<void>;
  write(writes: readonly FleetWrite[], conditions: readonly FleetCondition[]): Promise<FleetWritten>;
}
