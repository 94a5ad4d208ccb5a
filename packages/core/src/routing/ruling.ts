// What the judges of the parts hand to one another.
import type { ServerState, ServiceDecision } from '../model/decision.ts';
import type { RoutingMemory } from '../model/memory.ts';
import type { Override } from '../model/override.ts';
import type { Reason } from '../model/reason.ts';
import type { OutagePolicy, ServiceSpec } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';
import type { Horizon } from './horizon.ts';

/** One case to judge: the picture, the wishes, the clock, and what the last look left behind. */
export interface Case {
  readonly view: ClusterView;
  readonly spec: ClusterSpec;
  readonly horizon: Horizon;
  /** What an outage of the view means to the write service that is judged. */
  readonly outage: OutagePolicy;
  readonly overrides: readonly Override[];
  readonly memory: RoutingMemory;
}

/** What one service shall hold, and what has to be remembered of it. */
export interface ServiceRuling {
  readonly decision: ServiceDecision;
  readonly memory: RoutingMemory;
  /** What a person has to look at in this service. */
  readonly alarms?: readonly Reason[] | undefined;
}

export const namesOf = ({
  name,
  backends,
  role,
}: ServiceSpec): Pick<ServiceDecision, 'service' | 'backends' | 'role'> => ({
  service: name,
  backends,
  role,
});

/** Who may take writes, if anybody. At most one member is ever not in maint. */
export interface WriterRuling {
  /** The leader, or the former one during a vacancy; undefined: nobody to speak of. */
  readonly member: string | undefined;
  readonly state: ServerState;
  /** About `member`; about the whole cluster when there is none. */
  readonly reason: Reason;
  /** True: the reason is the cluster's; every member shares it. */
  readonly forAll: boolean;
  /** It may still take reads when no standby can: nothing speaks against it but that etcd does not confirm its authority. */
  readonly mayRead: boolean;
  /** PostgreSQL of `member` has to be asked in a tight loop: what it says next decides. */
  readonly askHard: boolean;
  /** Who may be about to take over: asked in a tight loop as well. */
  readonly successors: readonly string[];
  /** It may be in from before this process started, and what would keep it in or put it out is still on its way. */
  readonly undecided: boolean;
  /** Undecided about `member` only: its server stays as it is, everybody else is decided. Otherwise undecided as a whole. */
  readonly keeps: boolean;
}

export function ruling(
  member: string | undefined,
  state: ServerState,
  reason: Reason,
  more: Partial<Pick<WriterRuling, 'forAll' | 'mayRead' | 'askHard' | 'undecided' | 'keeps' | 'successors'>> = {},
): WriterRuling {
  return {
    member,
    state,
    reason,
    forAll: false,
    mayRead: state === 'ready',
    askHard: false,
    successors: [],
    undecided: false,
    keeps: false,
    ...more,
  };
}

/** Nobody takes writes, for a reason that all members share. */
export const closedForAll = (reason: Reason, more: Pick<Partial<WriterRuling>, 'successors'> = {}): WriterRuling =>
  ruling(undefined, 'maint', reason, { ...more, forAll: true });
