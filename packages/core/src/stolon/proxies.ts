// What Stolon tells its proxies and what they tell it, with what is remembered of that from picture to picture.
import type { EnabledProxy, ProxiesView, ProxyRecord } from '../model/proxies.ts';
import type { Millis, Revision } from '../model/units.ts';
import type { RecordProblem } from '../model/view.ts';
import type { StoreEntry, StoreRecords } from '../store/entries.ts';
import { parseName, shown } from '../store/names.ts';
import type { ClusterData } from './clusterdata.ts';
import { readProxyInfo } from './proxy-info.ts';

/** The parts of ProxiesView that stand in keys of their own, whatever clusterdata says. */
export interface ProxyKeys {
  readonly proxies: readonly ProxyRecord[];
  readonly sentinel: string | undefined;
  readonly problems: readonly RecordProblem[];
}

/** `prefix`: the cluster's, with a slash at the end. */
export function proxyKeys(prefix: string, { entries }: StoreRecords): ProxyKeys {
  const proxies: ProxyRecord[] = [];
  const problems: RecordProblem[] = [];
  const infos = `${prefix}proxies/info/`;
  for (const [key, entry] of entries) {
    if (!key.startsWith(infos)) continue;
    const proxy = proxyRecord(key.slice(infos.length), entry);
    if (typeof proxy !== 'string') proxies.push(proxy);
    else problems.push({ key: infos + shown(key.slice(infos.length)), error: proxy, member: undefined });
  }
  proxies.sort((a, b) => (a.uid < b.uid ? -1 : 1));
  return { proxies, problems, sentinel: leadingSentinel(prefix, entries) };
}

/** The record, or what is wrong with it. */
function proxyRecord(uid: string, entry: StoreEntry): ProxyRecord | string {
  const name = parseName(uid);
  if (!name.ok) return name.error;
  const info = readProxyInfo(entry);
  if (!info.ok) return info.error;
  return info.value.uid === uid ? { ...info.value, revision: entry.modRevision } : 'UID: not the one in the key';
}

/** etcd's election recipe: of all candidates' keys the one that was made first. */
function leadingSentinel(prefix: string, entries: StoreRecords['entries']): string | undefined {
  let first: { readonly made: Revision; readonly value: string } | undefined;
  for (const [key, { value, createRevision, modRevision }] of entries) {
    if (!key.startsWith(`${prefix}sentinel-leader/`)) continue;
    const made = createRevision ?? modRevision;
    if (first === undefined || made < first.made) first = { made, value };
  }
  return first !== undefined && parseName(first.value).ok ? first.value : undefined;
}

export interface ProxiesInput {
  readonly data: ClusterData;
  /** Of clusterdata as it is now. */
  readonly revision: Revision;
  readonly keys: ProxyKeys;
  /** As it was, of the same cluster uid. */
  readonly before: ProxiesView | undefined;
  /** The naming is the same as before, seen without a break. */
  readonly sameNaming: boolean;
  readonly restored: boolean;
  readonly now: Millis;
}

/** The proxies' part of the view, from clusterdata that can be used. */
export function proxiesAfter(input: ProxiesInput): ProxiesView {
  const { data, revision, keys, before, restored, now } = input;
  const { spec } = data;
  const sameGeneration = before?.generation === data.proxyGeneration && !restored;
  const written = before?.writtenRevision !== revision;
  return {
    problem: undefined,
    clusterUid: data.clusterUid,
    generation: data.proxyGeneration,
    generationRevision: sameGeneration ? before.generationRevision : revision,
    generationSeenAt: sameGeneration ? before.generationSeenAt : now,
    masterDbUid: data.masterDbUid,
    statusMasterDbUid: data.statusMaster,
    enabled: enabledAfter(input),
    proxies: keys.proxies,
    sentinel: keys.sentinel,
    writtenAt: before === undefined || written ? now : before.writtenAt,
    writtenRevision: revision,
    sleepIntervalMs: spec.sleepIntervalMs,
    checkIntervalMs: spec.proxyCheckIntervalMs,
    proxyTimeoutMs: spec.proxyTimeoutMs,
    maxStandbyLagBytes: spec.maxStandbyLagBytes,
  };
}

function enabledAfter({ data, revision, before, sameNaming, restored }: ProxiesInput): readonly EnabledProxy[] {
  const known = new Map(sameNaming && !restored ? before?.enabled.map(({ uid, since }) => [uid, since]) : []);
  return [...new Set(data.enabledProxies)].sort().map((uid) => ({ uid, since: known.get(uid) ?? revision }));
}
