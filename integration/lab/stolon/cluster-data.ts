// What Stolon 0.17.0 stores, format version 1, as it lies in the JSON: a field that Go's `omitempty` drops is undefined here.
// `clusterDataJson` and its siblings are the only way by which this lab writes these documents.
import { holding, listOf, mapOf, plain, struct, ZERO_TIME } from './go-json.ts';

export interface ClusterData {
  formatVersion: number;
  changeTime: string;
  cluster: {
    uid: string;
    generation: number;
    changeTime: string;
    spec: ClusterSpec;
    status: { phase?: 'initializing' | 'normal' | undefined; master?: string | undefined };
  };
  keepers: Record<string, Keeper>;
  dbs: Record<string, Db>;
  proxy: {
    generation?: number | undefined;
    changeTime: string;
    spec: { masterDbUid?: string | undefined; enabledProxies?: string[] | undefined };
    status: Record<string, never>;
  };
}

/** Durations are Go's text. What is missing has Stolon's default (`effectiveSpec`). */
export interface ClusterSpec {
  sleepInterval?: string;
  requestTimeout?: string;
  convergenceTimeout?: string;
  initTimeout?: string;
  syncTimeout?: string;
  dbWaitReadyTimeout?: string;
  failInterval?: string;
  deadKeeperRemovalInterval?: string;
  proxyCheckInterval?: string;
  proxyTimeout?: string;
  maxStandbys?: number;
  maxStandbysPerSender?: number;
  maxStandbyLag?: number;
  synchronousReplication?: boolean;
  minSynchronousStandbys?: number;
  maxSynchronousStandbys?: number;
  additionalWalSenders?: number | null;
  additionalMasterReplicationSlots?: string[] | null;
  usePgrewind?: boolean;
  initMode?: string;
  mergePgParameters?: boolean;
  role?: 'master' | 'standby';
  pitrConfig?: PitrConfig;
  standbyConfig?: { standbySettings?: StandbySettings };
  pgParameters?: Record<string, string>;
  pgHBA?: string[] | null;
  automaticPgRestart?: boolean | null;
}

export interface PitrConfig {
  dataRestoreCommand: string;
}

export interface StandbySettings {
  primaryConninfo?: string;
  primarySlotName?: string;
  recoveryMinApplyDelay?: string;
}

export interface BinaryVersion {
  Maj: number;
  Min: number;
}

export interface Keeper {
  uid: string;
  generation: number;
  changeTime: string;
  spec: Record<string, never>;
  status: {
    healthy?: boolean | undefined;
    lastHealthyTime: string;
    bootUUID?: string | undefined;
    postgresBinaryVersion: BinaryVersion;
    forceFail?: boolean | undefined;
    canBeMaster?: boolean | undefined;
    canBeSynchronousReplica?: boolean | undefined;
  };
}

export interface Db {
  uid: string;
  generation: number;
  changeTime: string;
  spec: DbSpec;
  status: DbStatus;
}

export interface FollowConfig {
  type: 'internal' | 'external';
  dbuid?: string;
  standbySettings?: StandbySettings;
}

export interface DbSpec {
  keeperUID: string;
  requestTimeout: string;
  maxStandbys: number;
  additionalWalSenders: number | null;
  additionalReplicationSlots: string[] | null;
  initMode: 'none' | 'existing' | 'new' | 'pitr' | 'resync';
  pitrConfig?: PitrConfig | undefined;
  pgParameters?: Record<string, string> | undefined;
  pgHBA: string[] | null;
  role: 'master' | 'standby';
  followConfig?: FollowConfig | undefined;
  followers: string[] | null;
  includePreviousConfig?: boolean | undefined;
  synchronousStandbys: string[] | null;
  externalSynchronousStandbys: string[] | null;
}

export interface TimelineHistory {
  timelineID: number;
  switchPoint: number;
  reason: string;
}

export interface DbStatus {
  healthy?: boolean | undefined;
  currentGeneration?: number | undefined;
  listenAddress?: string | undefined;
  port?: string | undefined;
  /** Stolon's own spelling. */
  systemdID?: string | undefined;
  timelineID?: number | undefined;
  xLogPos?: number | undefined;
  timelinesHistory?: TimelineHistory[] | undefined;
  pgParameters?: Record<string, string> | undefined;
  synchronousStandbys: string[] | null;
  olderWalFile?: string | undefined;
}

const standbySettings = struct(...plain('primaryConninfo?', 'primarySlotName?', 'recoveryMinApplyDelay?'));
const standbyConfig = struct(holding('standbySettings~', standbySettings), ...plain('archiveRecoverySettings~'));

const clusterSpec = struct(
  ...plain('sleepInterval~', 'requestTimeout~', 'convergenceTimeout~', 'initTimeout~', 'syncTimeout~'),
  ...plain(
    'dbWaitReadyTimeout~',
    'failInterval~',
    'deadKeeperRemovalInterval~',
    'proxyCheckInterval~',
    'proxyTimeout~',
  ),
  ...plain('maxStandbys~', 'maxStandbysPerSender~', 'maxStandbyLag~', 'synchronousReplication~'),
  ...plain('minSynchronousStandbys~', 'maxSynchronousStandbys~', 'additionalWalSenders'),
  ...plain('additionalMasterReplicationSlots', 'usePgrewind~', 'initMode~', 'mergePgParameters~', 'role~'),
  ...plain('newConfig~', 'pitrConfig~', 'existingConfig~'),
  holding('standbyConfig~', standbyConfig),
  ...plain('defaultSUReplAccessMode~', 'pgParameters?', 'pgHBA', 'automaticPgRestart'),
);
const cluster = struct(
  ...plain('uid?', 'generation?', 'changeTime'),
  holding('spec', clusterSpec),
  holding('status', struct(...plain('currentGeneration?', 'phase?', 'master?'))),
);
const binaryVersion = struct(...plain('Maj', 'Min'));
const keeper = struct(
  ...plain('uid?', 'generation?', 'changeTime', 'spec'),
  holding(
    'status',
    struct(
      ...plain('healthy?', 'lastHealthyTime', 'bootUUID?'),
      holding('postgresBinaryVersion', binaryVersion),
      ...plain('forceFail?', 'canBeMaster~', 'canBeSynchronousReplica~'),
    ),
  ),
);
const followConfig = struct(
  ...plain('type?', 'dbuid?'),
  holding('standbySettings~', standbySettings),
  ...plain('archiveRecoverySettings~'),
);
const dbSpec = struct(
  ...plain('keeperUID?', 'requestTimeout?', 'maxStandbys?', 'synchronousReplication?', 'usePgrewind?'),
  ...plain('additionalWalSenders', 'additionalReplicationSlots', 'initMode?', 'newConfig~', 'pitrConfig~'),
  ...plain('pgParameters?', 'pgHBA', 'role?'),
  holding('followConfig~', followConfig),
  ...plain('followers', 'includePreviousConfig?', 'synchronousStandbys', 'externalSynchronousStandbys'),
);
const timeline = struct(...plain('timelineID?', 'switchPoint?', 'reason?'));
const dbStatus = struct(
  ...plain('healthy?', 'currentGeneration?', 'listenAddress?', 'port?', 'systemdID?', 'timelineID?', 'xLogPos?'),
  holding('timelinesHistory?', listOf(timeline)),
  ...plain('pgParameters?', 'synchronousStandbys', 'olderWalFile?'),
);
const db = struct(
  ...plain('uid?', 'generation?', 'changeTime'),
  holding('spec~', dbSpec),
  holding('status?', dbStatus),
);
const proxy = struct(
  ...plain('uid?', 'generation?', 'changeTime'),
  holding('spec', struct(...plain('masterDbUid?', 'enabledProxies?'))),
  ...plain('status'),
);
const clusterData = struct(
  ...plain('formatVersion', 'changeTime'),
  holding('cluster', cluster),
  holding('keepers', mapOf(keeper)),
  holding('dbs', mapOf(db)),
  holding('proxy', proxy),
);

/** The document under the key `clusterdata`, byte for byte as Stolon's Go structs give it. */
export const clusterDataJson = (data: ClusterData): string => clusterData(data);

/** Reads what this lab (or a Stolon) wrote; the shape is trusted. */
export const parseClusterData = (text: string): ClusterData => JSON.parse(text) as ClusterData;

/** What `stolonctl init` puts. `uid`: 8 hex digits. */
export const newClusterData = (uid: string, spec: ClusterSpec, now: string): ClusterData => ({
  formatVersion: 1,
  changeTime: ZERO_TIME,
  cluster: { uid, generation: 1, changeTime: now, spec, status: { phase: 'initializing' } },
  keepers: {},
  dbs: {},
  proxy: { changeTime: ZERO_TIME, spec: {}, status: {} },
});

/** Whether two parts of the document say the same, whatever their times of change. */
export const sameJson = (a: unknown, b: unknown): boolean => {
  const text = (value: unknown) =>
    JSON.stringify(value, (key, item: unknown) => (key === 'changeTime' ? undefined : sorted(item)));
  return text(a) === text(b);
};

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
