// Where some proxy's registration stood, as its own record tells: what a replay lays over the view when it plays that proxy.
import type { ProxiesView, ProxyRecord, RegistrationState } from '../model/proxies.ts';
import { type Millis, type Revision, revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';

export interface RecordedRegistration extends RegistrationState {
  /** Of the proxy's record as it was last seen; undefined: there is none. */
  readonly recordRevision: Revision | undefined;
}

/** The registration of the proxy `uid` after this view. `before`: the one before, undefined for the first. `now`: when the view was seen. */
export function recordedRegistration(
  { proxies }: ClusterView,
  uid: string,
  before: RecordedRegistration | undefined,
  now: Millis,
): RecordedRegistration | undefined {
  if (proxies === undefined) return undefined;
  const record = proxies.proxies.find((proxy) => proxy.uid === uid);
  if (before !== undefined && record?.revision === before.recordRevision) return before;
  const startedAt = before?.startedAt ?? now;
  const common = { uid, startedAt, hindrance: undefined, recordRevision: record?.revision };
  if (record === undefined) {
    return { ...common, acknowledged: undefined, aliveAt: undefined, timeoutMs: proxies.proxyTimeoutMs };
  }
  return {
    ...common,
    aliveAt: now,
    timeoutMs: record.timeoutMs ?? proxies.proxyTimeoutMs,
    acknowledged: {
      clusterUid: proxies.clusterUid,
      generation: record.generation,
      viewRevision: actedOn(proxies, record),
      at: now,
    },
  };
}

/** A record does not tell which view its proxy acted on; but one with an old generation was written by one that had not seen the new one. */
function actedOn({ generation, generationRevision }: ProxiesView, record: ProxyRecord): Revision {
  if (record.generation !== generation) return revision(generationRevision - 1n);
  return record.revision > generationRevision ? record.revision : generationRevision;
}
