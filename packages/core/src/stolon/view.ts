// Stolon's clusterdata and the proxies' records at one revision -> ClusterView. A pure fold, as patroni/view.ts is for Patroni. keepers/info is not
// read: what keepers claim there becomes a decision only when the sentinel has copied it into clusterdata.
import type { ClusterDataProblem, ProxiesView } from '../model/proxies.ts';
import type { StolonSpec } from '../model/spec.ts';
import type { Lsn, Millis, Revision } from '../model/units.ts';
import type { ClusterView, ManagerSettings } from '../model/view.ts';
import type { StoreEntry, StoreRecords } from '../store/entries.ts';
import { clusterSpecSchema, type StolonClusterSpec, specOf } from './cluster-spec.ts';
import { type ClusterData, readClusterData } from './clusterdata.ts';
import { leadershipAfter, namedKeeper, withRecordProof } from './leadership.ts';
import { foldMembers } from './members.ts';
import { type ProxyKeys, proxiesAfter, proxyKeys } from './proxies.ts';

/** `stolon/cluster/orders/`: with the trailing slash. */
export function stolonPrefix({ prefix, name }: Pick<StolonSpec, 'prefix' | 'name'>): string {
  return `${prefix}/${name}/`.replace(/\/{2,}/g, '/');
}

interface Seen {
  readonly cluster: string;
  readonly records: StoreRecords;
  readonly keys: ProxyKeys;
  readonly before: ClusterView | undefined;
  readonly now: Millis;
}

/**
 * The picture after these records. `before`: the picture before, of the same cluster, undefined for the first. `now`: when the records were
 * seen here.
 */
export function stolonView(
  cluster: string,
  prefix: string,
  records: StoreRecords,
  before: ClusterView | undefined,
  now: Millis,
): ClusterView {
  const key = `${prefix}clusterdata`;
  const entry = records.entries.get(key);
  const seen: Seen = { cluster, records, keys: proxyKeys(prefix, records), before, now };
  if (entry === undefined) return unusable(seen, { kind: 'absent', key }, undefined);
  const reading = readClusterData(entry);
  if (!reading.ok) return unusable(seen, { kind: 'unreadable', key, error: reading.error }, entry);
  const { value } = reading;
  return value.kind === 'data' ? usable(seen, key, value.data, entry) : unusable(seen, { ...value, key }, entry);
}

function usable(seen: Seen, key: string, data: ClusterData, { modRevision: revision }: StoreEntry): ClusterView {
  const { cluster, records, keys, before, now } = seen;
  // `stolonctl init` over a live cluster: another cluster with the same keepers. What was known of the old one says nothing about it.
  const known = before?.proxies?.clusterUid === data.clusterUid ? before : undefined;
  const restored = before !== undefined && isEarlier(records.revision, revision, before);
  const first = before?.proxies === undefined || before.proxies.clusterUid === NEVER_READ;
  const named = leadershipAfter(known, { data, revision, now, first, restored });
  const position = masterPosition(data) ?? known?.position ?? furthest(data);
  const { members, problems } = foldMembers({
    key,
    data,
    revision,
    ahead: position,
    before: known,
    now,
    keep: [named.kind === 'held' ? named.member : named.former],
  });
  const leadership = withRecordProof(named, members, known, now);
  const timeline = greater(known?.timeline, masterDb(data)?.timeline);
  return {
    cluster,
    source: 'stolon',
    revision: records.revision,
    confirmedAt: records.confirmedAt,
    initialized: data.phase === 'normal',
    leadership,
    members,
    settings: settingsOf(data.spec),
    failsafeMembers: [],
    plannedSwitch: undefined,
    timeline,
    problems: [...problems, ...keys.problems],
    timelineSeenAt: timeline === known?.timeline ? known?.timelineSeenAt : now,
    position,
    systemId: masterDb(data)?.systemId ?? known?.systemId,
    proxies: proxiesAfter({
      data,
      revision,
      keys,
      before: known?.proxies,
      sameNaming: known !== undefined && sameNaming(known, data) && named.revision === known.leadership.revision,
      restored,
      now,
    }),
  };
}

/** Nothing in clusterdata can be acted on: the picture stays what it was, but for the keys beside it. */
function unusable(seen: Seen, problem: ClusterDataProblem, entry: StoreEntry | undefined): ClusterView {
  const { cluster, records, keys, now } = seen;
  // With etcd at an earlier state as well, nothing is left of what was known.
  const restored = seen.before !== undefined && isEarlier(records.revision, entry?.modRevision, seen.before);
  const before = restored ? undefined : seen.before;
  const blank = before ?? blankView(cluster, records, now);
  const proxies = before?.proxies ?? blankProxies(records.revision, now);
  const written = entry !== undefined && entry.modRevision !== proxies.writtenRevision;
  return {
    ...blank,
    revision: records.revision,
    confirmedAt: records.confirmedAt,
    problems: keys.problems,
    proxies: {
      ...proxies,
      problem,
      proxies: keys.proxies,
      sentinel: keys.sentinel,
      writtenAt: written ? now : proxies.writtenAt,
      writtenRevision: entry?.modRevision ?? proxies.writtenRevision,
    },
  };
}

/** Stands for the cluster uid as long as no clusterdata could be read; a real one is never empty. */
const NEVER_READ = '';

const defaultSpec = specOf(clusterSpecSchema.parse({}));

function blankView(cluster: string, { revision, confirmedAt }: StoreRecords, now: Millis): ClusterView {
  return {
    cluster,
    source: 'stolon',
    revision,
    confirmedAt,
    initialized: false,
    leadership: { kind: 'vacant', former: undefined, revision, seenAt: now, graceful: false },
    members: [],
    settings: settingsOf(defaultSpec),
    failsafeMembers: [],
    plannedSwitch: undefined,
    timeline: undefined,
    problems: [],
  };
}

const blankProxies = (revision: Revision, now: Millis): ProxiesView => ({
  problem: undefined,
  clusterUid: NEVER_READ,
  generation: 0,
  generationRevision: revision,
  generationSeenAt: now,
  masterDbUid: undefined,
  statusMasterDbUid: undefined,
  enabled: [],
  proxies: [],
  sentinel: undefined,
  writtenAt: now,
  sleepIntervalMs: defaultSpec.sleepIntervalMs,
  checkIntervalMs: defaultSpec.proxyCheckIntervalMs,
  proxyTimeoutMs: defaultSpec.proxyTimeoutMs,
  maxStandbyLagBytes: defaultSpec.maxStandbyLagBytes,
});

/** What Stolon has in the place of Patroni's settings. */
const settingsOf = (spec: StolonClusterSpec): ManagerSettings => ({
  ttlMs: spec.failIntervalMs,
  loopWaitMs: spec.sleepIntervalMs,
  retryTimeoutMs: spec.requestTimeoutMs,
  maximumLagOnFailoverBytes: spec.maxStandbyLagBytes,
  synchronousMode: spec.synchronousReplication ? 'on' : 'off',
  failsafeMode: false,
  standbyCluster: spec.role === 'standby',
  paused: false,
});

/** etcd was restored from a backup: revisions never go backwards otherwise. */
function isEarlier(
  revision: Revision,
  ofData: Revision | undefined,
  { revision: before, proxies }: ClusterView,
): boolean {
  if (revision < before) return true;
  const written = proxies?.writtenRevision;
  return ofData !== undefined && written !== undefined && ofData < written;
}

const sameNaming = ({ proxies }: ClusterView, { masterDbUid }: ClusterData): boolean =>
  proxies?.masterDbUid === masterDbUid;

function masterDb(data: ClusterData) {
  const db = namedKeeper(data) === undefined ? undefined : data.dbs.get(data.masterDbUid ?? '')?.db;
  return db?.ok ? db.value : undefined;
}

/** First looked at while nobody is named: what some server has is at least what the master had written. */
function furthest({ dbs }: ClusterData): Lsn | undefined {
  let most: Lsn | undefined;
  for (const { db } of dbs.values()) {
    const position = db.ok ? db.value.position : undefined;
    if (position !== undefined && (most === undefined || position > most)) most = position;
  }
  return most;
}

const masterPosition = (data: ClusterData): Lsn | undefined => masterDb(data)?.position;

const greater = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;
