// What a Stolon proxy tells the sentinel next. Pure: the view, what was told before, whether HAProxy has let go; out comes what to write.
//
// The sentinel waits, after it took the master away, until every active proxy has published the new generation (stolon v0.17.0, cmd/sentinel). So
// publishing a generation means: nobody but the master that it names is served here any more. Until that is true, the last acknowledged
// generation is published on: Stolon sees that we live, and waits.
import type { RegistrationState } from '../model/proxies.ts';
import type { Revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';

type Told = Pick<RegistrationState, 'acknowledged' | 'timeoutMs'>;

export interface Announcement {
  readonly generation: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** What is acknowledged by it; undefined: it only shows that we live. */
  readonly acknowledges:
    | { readonly clusterUid: string; readonly generation: number; readonly viewRevision: Revision }
    | undefined;
  /** Not told before: to be written at once rather than at the next regular time. */
  readonly news: boolean;
}

export type NextAnnouncement =
  | { readonly kind: 'write'; readonly announcement: Announcement; readonly hindrance: string | undefined }
  /** Nothing may be written; a record that is there already runs out, as stolon-proxy's does when it can't use clusterdata. */
  | { readonly kind: 'nothing'; readonly hindrance: string };

/** `holds`: why HAProxy has not let go of everything that the newest decision keeps out; undefined: it has. */
export function nextAnnouncement(view: ClusterView, told: Told, holds: string | undefined): NextAnnouncement {
  const { proxies } = view;
  if (proxies === undefined) return { kind: 'nothing', hindrance: 'this is no Stolon cluster' };
  if (proxies.problem !== undefined) return { kind: 'nothing', hindrance: 'clusterdata can not be used' };
  const { clusterUid, generation, proxyTimeoutMs } = proxies;
  // While proxyTimeout is lowered the sentinel may still count with the greater one.
  const timeoutMs = Math.max(told.timeoutMs, proxyTimeoutMs);
  const news = !isAcknowledged(view, told);
  if (holds === undefined) {
    const acknowledges = { clusterUid, generation, viewRevision: view.revision };
    return { kind: 'write', announcement: { generation, timeoutMs, acknowledges, news }, hindrance: undefined };
  }
  const { acknowledged } = told;
  // Never acknowledged anything: to Stolon we do not exist, and it waits for nobody.
  if (acknowledged === undefined) return { kind: 'nothing', hindrance: holds };
  // The same number, but of another time (after `stolonctl init`, or a restored etcd): it would be taken for an acknowledgement.
  if (news && acknowledged.generation === generation) return { kind: 'nothing', hindrance: holds };
  const announcement = { generation: acknowledged.generation, timeoutMs, acknowledges: undefined, news: false };
  return { kind: 'write', announcement, hindrance: holds };
}

/** The view's generation has been acknowledged, and not only one of the same number. */
export function isAcknowledged({ proxies }: ClusterView, { acknowledged }: Told): boolean {
  return (
    proxies !== undefined &&
    acknowledged?.clusterUid === proxies.clusterUid &&
    acknowledged.generation === proxies.generation &&
    acknowledged.at >= proxies.generationSeenAt
  );
}
