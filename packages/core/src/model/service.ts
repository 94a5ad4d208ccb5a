// A service as the operator asked for it: who may serve, how far behind, how servers leave, what an outage of the view means, and which server lines of
// HAProxy carry it. Plain data: two specs with the same JSON are the same service.

/**
 * `primary` makes it a write service: at most one server, and only with authority. All others are read services: `replica` any running standby, `sync`,
 * `quorum` and `async` standbys of that kind (Patroni's `sync` key; `quorum` from Patroni 4.0), `standby_leader` the leader of a standby cluster,
 * `any` standbys and the primary alike.
 */
export type ServiceRole = 'primary' | 'replica' | 'sync' | 'async' | 'quorum' | 'standby_leader' | 'any';

export const serviceRoles = [
  'primary',
  'replica',
  'sync',
  'async',
  'quorum',
  'standby_leader',
  'any',
] as const satisfies readonly ServiceRole[];

/** Its servers take writes: one at a time. */
export const isWriteService = ({ role }: { readonly role: ServiceRole }): boolean => role === 'primary';

/** A server that is in leaves above `leave`; one that is out comes back at or below `enter`. Never `enter` > `leave`. */
export interface LagThreshold {
  readonly leave: number;
  readonly enter: number;
}

/** At least one of the two is given. A standby is out if either says so, and back if both allow it. */
export interface LagLimit {
  readonly bytes: LagThreshold | undefined;
  /** Milliseconds since the newest transaction that was replayed; needs the probe. */
  readonly time: LagThreshold | undefined;
  /** How long it stays out, or in, at least, as far as lag goes. */
  readonly dwellMs: number;
}

/**
 * What becomes of the open sessions on a server that leaves. `kill`: ended at once. `drain`: they stay until they end by themselves.
 * `drain_then_kill`: they stay for `drainTimeoutMs`, then they are ended.
 */
export type Leaving = 'kill' | 'drain' | 'drain_then_kill';

/**
 * Why a server leaves a service. `role_lost`: it is not any more what the service wants (promoted, demoted, claims to be primary without authority).
 * `down`: PostgreSQL says so, or does not answer there. `absent`: its record is gone. `lag`. `excluded`: a tag or the selector does not take it any more,
 * an override drains it. `preferred`: it stood in for others, which are back. `maintenance`: an override of kind maint. `view_lost`: the view can't be confirmed for
 * longer than the outage policy allows. `removed`: it is no member any more.
 */
export type LeaveCause =
  | 'role_lost'
  | 'down'
  | 'absent'
  | 'lag'
  | 'excluded'
  | 'preferred'
  | 'maintenance'
  | 'view_lost'
  | 'removed';

export type LeavingTable = Readonly<Record<LeaveCause, Leaving>>;

/** In a write service `role_lost`, `down`, `absent` and `view_lost` are always `kill`, whatever the table says: one writer. */
export const leavingDefaults: LeavingTable = {
  role_lost: 'kill',
  down: 'kill',
  absent: 'drain',
  lag: 'drain',
  excluded: 'drain',
  preferred: 'drain',
  maintenance: 'drain_then_kill',
  view_lost: 'drain',
  removed: 'drain_then_kill',
};

/**
 * What a service does when its view can't be confirmed (PGD Proxy's consensus_grace_period). `close`: leaves at once. `hold`: stays for `forMs`, undefined: for as
 * long as the outage lasts. `auto`: as the cluster manager's own lease or proxy timeout allows (limits.ts).
 */
export type OutagePolicy =
  | { readonly kind: 'auto' }
  | { readonly kind: 'close' }
  | { readonly kind: 'hold'; readonly forMs: number | undefined };

/** New client connections wait in HAProxy while the service has no server (haproxy/pgrouted-hold.lua). */
export interface HoldSpec {
  /** How long one connection waits at most. */
  readonly waitMs: number;
  /** How many may wait at once; more are refused at once. */
  readonly most: number;
}

/** Servers that are added to HAProxy at run time (`add server`, HAProxy >= 2.6). They are told from others by the prefix of their names. */
export interface AddedServers {
  /** The name is the prefix and the member's name. */
  readonly prefix: string;
  /** What stands behind the address, word by word: `check`, `inter`, `1s`, ... HAProxy's `default-server` does not count for them. */
  readonly parameters: readonly string[];
}

/** Which server lines of a backend stand for which member. */
export interface ServersSpec {
  /** `auto`: by name, else by address. */
  readonly match: 'auto' | 'name' | 'address';
  /** `{member}` stands for the member's name. */
  readonly name: string;
  /** The name of a member's second line, which bears `backup` in haproxy.cfg: `{member}-fb`. Undefined: there are no such lines. */
  readonly backupName: string | undefined;
  /** Spare lines (`server-template`), told by the prefix of their names: they get address and port at run time. Undefined: there are none. */
  readonly spares: string | undefined;
  readonly add: AddedServers | undefined;
}

export const serversDefault: ServersSpec = {
  match: 'auto',
  name: '{member}',
  backupName: undefined,
  spares: undefined,
  add: undefined,
};

export interface ServiceSpec {
  readonly name: string;
  /** The HAProxy backends that carry this service: at least one, and no other service has it. */
  readonly backends: readonly string[];
  readonly role: ServiceRole;
  /** JMESPath over the list of members (routing/selector.ts); gives those that may serve. Undefined: all. */
  readonly selector: string | undefined;
  /** Read services: lower tiers, each a selector of its own, without regard to `role`. One serves only while all above it are empty. */
  readonly backup: readonly string[];
  /** Read services: the last tier of all, below `backup`. */
  readonly fallback: 'primary' | 'none';
  /** Read services. Undefined: no limit (Stolon: its own maxStandbyLag). */
  readonly maxLag: LagLimit | undefined;
  /** Read services: so many servers stay in though they lag, those that lag least. 0: none. */
  readonly keepAtLeast: number;
  /** Where the servers lead to instead of the port in the member's record: a pooler beside PostgreSQL. */
  readonly port: number | undefined;
  /** The custom tag that holds a member's weight, 0 to 256. Undefined: weights are as in haproxy.cfg. */
  readonly weightTag: string | undefined;
  readonly leaving: LeavingTable;
  readonly drainTimeoutMs: number;
  readonly outage: OutagePolicy;
  /** Write services. Undefined: a connection that finds no server is refused. */
  readonly hold: HoldSpec | undefined;
  readonly servers: ServersSpec;
  /** The port that clients connect to, for the fragment of haproxy.cfg; undefined: it is the fragment's own choice. */
  readonly listenPort: number | undefined;
}

/** What a service is where the operator does not say. A read service holds what it has during an outage, a write service follows the cluster's `grace`. */
export const serviceDefaults = {
  selector: undefined,
  backup: [],
  fallback: 'none',
  maxLag: undefined,
  keepAtLeast: 0,
  port: undefined,
  weightTag: 'weight',
  leaving: leavingDefaults,
  drainTimeoutMs: 60_000,
  hold: undefined,
  servers: serversDefault,
  listenPort: undefined,
} as const satisfies Partial<ServiceSpec>;

/** How long a replica that was out, or in, stays so at least, where the operator does not say. */
export const LAG_DWELL_MS = 5_000;

/** The limit as one figure: out above it, back at half of it. */
export const lagThreshold = (leave: number): LagThreshold => ({ leave, enter: Math.floor(leave / 2) });

/** A limit in bytes alone. */
export const lagLimitOfBytes = (bytes: number): LagLimit => ({
  bytes: lagThreshold(bytes),
  time: undefined,
  dwellMs: LAG_DWELL_MS,
});

/** The two mean the same. */
export const sameOutage = (a: OutagePolicy, b: OutagePolicy): boolean =>
  a.kind === 'hold' && b.kind === 'hold' ? a.forMs === b.forMs : a.kind === b.kind;

/** An outage policy where the operator names none. */
export const outageDefault = (role: ServiceRole, grace: 'auto' | number): OutagePolicy => {
  if (role !== 'primary') return { kind: 'hold', forMs: undefined };
  return grace === 'auto' ? { kind: 'auto' } : { kind: 'hold', forMs: grace };
};
