// A proven master is named, and this router is registered as a Stolon proxy: may it send anybody there? As stolon-proxy (0.17, cmd/proxy) forwards
// only after a check that went well, and only while it is enabled:
//   our record was not renewed for proxyTimeout                              maint: the sentinel will go on without us
//   nothing acknowledged yet; nothing since this master was named            maint: acknowledge, then open
//   not enabled; enabled, but nothing acknowledged since then                maint: the same
//   else                                                                     as judged
// It is compared with when the master was named and when we were enabled, not with the newest generation: another proxy that comes or goes makes a new
// generation under the same master, and open sessions have nothing to fear from it.
//
// After a start HAProxy may still serve the named master from the process before. Its server is kept as it is until we are enabled ourselves. That is
// safe because the sentinel, before it names another master, waits for every proxy that it lists as active, enabled or not, so for us from our first
// acknowledgement on; and until then for the process before, whose record counts as active for twice its proxyTimeout after it was last renewed. Even
// without both, a view this young that names the master proves that no other one is named yet (limits.ts, passiveGraceMs).
import type { ProxiesView, RegistrationState } from '../model/proxies.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type Leadership, memberOf } from '../model/view.ts';
import type { Horizon } from './horizon.ts';
import { ENABLE_INTERVALS, passiveGraceMs, REGISTER_MS } from './limits.ts';
import { saysNoPrimary } from './probe-words.ts';
import type { Case, WriterRuling } from './ruling.ts';

type Held = Extract<Leadership, { kind: 'held' }>;

/** What is judged about the named master, as far as this proxy may act on it. A passive reader has nothing to wait for. */
export function gated(given: Case, held: Held, judged: WriterRuling): WriterRuling {
  const { view, horizon } = given;
  const { proxies } = view;
  const registration = proxies?.registration;
  if (proxies === undefined || registration === undefined || judged.state === 'maint') return judged;
  const closed = closedBy(horizon, held, proxies, registration);
  if (closed === undefined) return judged;
  if (closed.code === 'proxy_timeout' || !takesOver(given, held, proxies, registration)) {
    return { ...judged, state: 'maint', reason: closed, undecided: false, keeps: false };
  }
  return judged.state === 'ready'
    ? { ...judged, state: 'drain', reason: closed, undecided: true, keeps: true }
    : judged;
}

/** The reasons by which the gate alone keeps a master out that has proven itself. */
const gateCodes: readonly Reason['code'][] = [
  'proxy_timeout',
  'proxy_not_registered',
  'proxy_not_acknowledged',
  'proxy_not_enabled',
];

/** Nothing but Stolon's word to this proxy is missing. */
export const isOfGate = ({ code }: Reason): boolean => gateCodes.includes(code);

function closedBy(
  horizon: Horizon,
  held: Held,
  proxies: ProxiesView,
  { uid, acknowledged, aliveAt, timeoutMs, hindrance }: RegistrationState,
): Reason | undefined {
  const { member } = held;
  const because = hindrance ?? 'it is being written';
  const unacknowledged = reason('proxy_not_acknowledged', { member, generation: proxies.generation, because });
  if (aliveAt !== undefined && !horizon.within(aliveAt, timeoutMs)) {
    return reason('proxy_timeout', { member, timeout_ms: timeoutMs });
  }
  if (acknowledged === undefined || aliveAt === undefined) return reason('proxy_not_registered', { member, because });
  if (acknowledged.clusterUid !== proxies.clusterUid || acknowledged.viewRevision < held.revision) {
    return unacknowledged;
  }
  const enabled = proxies.enabled.find((proxy) => proxy.uid === uid);
  if (enabled === undefined) return reason('proxy_not_enabled', { member, proxy: uid });
  return acknowledged.viewRevision < enabled.since ? unacknowledged : undefined;
}

/** The process before may have left the named master's server in, and Stolon's word to this one is still to be expected. */
function takesOver(
  { view, horizon }: Case,
  held: Held,
  proxies: ProxiesView,
  { uid, startedAt, acknowledged, registeredAt = acknowledged?.at, wasEnabled }: RegistrationState,
): boolean {
  const probe = memberOf(view, held.member)?.probe;
  if (held.origin !== 'found' || (probe !== undefined && saysNoPrimary(probe.latest))) return false;
  if (!horizon.within(view.confirmedAt, passiveGraceMs(proxies))) return false;
  // Taken off the list again: that is Stolon's word.
  if (wasEnabled === true && !proxies.enabled.some((proxy) => proxy.uid === uid)) return false;
  // From then on Stolon waits for us: a view confirmed since still names the master.
  const counted = registeredAt !== undefined && view.confirmedAt >= registeredAt;
  // The first look comes later where etcd could not be read at first, or where the configuration was read anew under the same registration.
  const since = startedAt > held.seenAt ? startedAt : held.seenAt;
  return horizon.within(since, counted ? ENABLE_INTERVALS * proxies.sleepIntervalMs : REGISTER_MS);
}
