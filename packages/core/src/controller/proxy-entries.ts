// Stolon's handshake as journal entries: what the sentinel told the proxies, what we answered, whether we are enabled. Pure.
import type { EnabledProxy, ProxiesView } from '../model/proxies.ts';
import type { ClusterView } from '../model/view.ts';
import type { RegistrationEvent } from '../stolon/registration.ts';
import type { NewEntry } from './journal.ts';

/** What the sentinel (or `stolonctl`) changed between two views. */
export function proxyChanges(before: ClusterView | undefined, view: ClusterView): readonly NewEntry[] {
  const is = view.proxies;
  const was = before?.proxies;
  if (is === undefined || is.problem !== undefined) return [];
  const entry = (text: string): NewEntry => ({
    kind: 'proxy',
    cluster: view.cluster,
    revision: String(is.generationRevision),
    text,
  });
  const entries: NewEntry[] = [];
  if (was?.generation !== is.generation || was.clusterUid !== is.clusterUid) {
    entries.push(entry(`generation ${is.generation} of the proxies seen: ${whatChanged(was, is, view)}`));
  }
  const uid = is.registration?.uid;
  if (uid !== undefined && was?.registration !== undefined) {
    const enabled = isEnabled(is.enabled, uid);
    if (enabled !== isEnabled(was.enabled, uid)) {
      entries.push(
        entry(enabled ? `Stolon has enabled this proxy (${uid})` : `Stolon has taken this proxy (${uid}) off its list`),
      );
    }
  }
  return entries;
}

function whatChanged(was: ProxiesView | undefined, is: ProxiesView, view: ClusterView): string {
  const { leadership } = view;
  const master = leadership.kind === 'held' ? `${leadership.member} (db ${is.masterDbUid})` : undefined;
  if (was !== undefined && was.clusterUid !== is.clusterUid) {
    return `another cluster (${is.clusterUid}) under the same name, ${master === undefined ? 'without a master' : `master ${master}`}`;
  }
  if (was === undefined || was.masterDbUid !== is.masterDbUid) {
    if (master !== undefined) return `the master is ${master}`;
    return is.masterDbUid === undefined
      ? 'the master is withdrawn, Stolon waits for its proxies'
      : `the master is db ${is.masterDbUid}, which does not exist`;
  }
  const uids = is.enabled.map(({ uid }) => uid).join(', ');
  return `enabled are ${uids === '' ? 'none' : uids}`;
}

const isEnabled = (enabled: readonly EnabledProxy[], uid: string): boolean =>
  enabled.some((proxy) => proxy.uid === uid);

/** What etcd answered to our own record; nothing for a mere renewal. */
export function registrationEntry(cluster: string, uid: string, event: RegistrationEvent): NewEntry | undefined {
  switch (event.kind) {
    case 'acknowledged':
      return {
        kind: 'proxy',
        cluster,
        text: `generation ${event.generation} acknowledged as proxy ${uid}, ${event.sinceSeenMs.toFixed(1)} ms after it was seen`,
      };
    case 'failing':
      return { kind: 'proxy', cluster, text: `the registration as proxy ${uid} could not be renewed: ${event.error}` };
    case 'working':
      return { kind: 'proxy', cluster, text: `the registration as proxy ${uid} is renewed again` };
    case 'renewed':
      return undefined;
  }
}
