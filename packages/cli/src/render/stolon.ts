// What stands in a Stolon cluster's header beyond the rest: whom the proxies are told to use, how far this router's own registration is, who else is
// registered, and whether a sentinel watches. Pure.
import type { ClusterStatus } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { isAcknowledged, isAlive, keeperOf, type StolonStatus } from './handshake.ts';
import type { Ink } from './text.ts';

/** A line below a cluster's first one. */
export interface Remark {
  readonly text: string;
  readonly ink: Ink;
}

type View = NonNullable<ClusterStatus['view']>;
type Registration = NonNullable<StolonStatus['registration']>;

/** A leading sentinel writes clusterdata each sleepInterval; so many missed ones mean that none leads, or that it is cut off. */
const missedWrites = 3;

/** The master in words: `master keeper2 (db 8652dbd0)`, or that there is none. */
export function masterWords({ stolon }: ClusterStatus, { leadership }: View): string {
  if (leadership.kind === 'vacant') return 'NO MASTER';
  const db = stolon?.masterDbUid ?? null;
  return `master ${leadership.member}${db === null ? '' : ` (db ${db})`}`;
}

/** Why no master is named, and what the naming waits for. */
export function vacancyRemarks(cluster: ClusterStatus, view: View, stolon: StolonStatus): readonly Remark[] {
  const remarks: Remark[] = [];
  const { leadership } = view;
  if (stolon.problem !== null) remarks.push({ text: stolon.problem, ink: 'bad' });
  else if (!view.initialized) {
    remarks.push({ text: 'NOT INITIALIZED: Stolon has not brought this cluster into its normal phase', ink: 'bad' });
  }
  if (leadership.kind === 'held') return remarks;
  const former =
    leadership.former === null ? 'nobody is known to have been it before' : `${leadership.former} was it last`;
  const since = formatAge(leadership.forMs);
  const text =
    stolon.masterDbUid === null
      ? `the proxies have no master for ${since}: ${former}`
      : `the proxies are told to use db ${stolon.masterDbUid} for ${since}, which no keeper has: ${former}`;
  remarks.push({ text, ink: 'bad' });
  if (stolon.masterDbUid === null && stolon.problem === null) remarks.push(...nextMaster(cluster, stolon));
  return remarks;
}

/** Who is to become the master, and whose acknowledgement the sentinel still waits for. */
function nextMaster({ members }: ClusterStatus, stolon: StolonStatus): readonly Remark[] {
  const { statusMasterDbUid, proxies, generation, sleepIntervalMs } = stolon;
  if (statusMasterDbUid === null) return [];
  const next = `${keeperOf(members, statusMasterDbUid) ?? 'nobody'} (db ${statusMasterDbUid})`;
  const behind = proxies.filter((proxy) => proxy.generation !== generation);
  if (behind.length === 0) {
    const text = `the sentinel has chosen ${next}; every proxy has let go, it goes on at its next look (each ${formatAge(sleepIntervalMs)})`;
    return [{ text, ink: 'warn' }];
  }
  const names = listed(behind.map(({ uid, own }) => `${uid}${own ? ' (this router)' : ''}`));
  const text = `the sentinel has chosen ${next} and waits for generation ${generation} to be acknowledged by ${names}`;
  return [{ text, ink: behind.some(({ own }) => own) ? 'bad' : 'warn' }];
}

/** The handshake, the other proxies, the sentinel. */
export function stolonRemarks(view: View, stolon: StolonStatus): readonly Remark[] {
  const { registration, generation } = stolon;
  const own: Remark =
    registration === null
      ? { text: `proxy: passive, no failover waits for this router; generation ${generation}`, ink: 'plain' }
      : ownProxy(stolon, registration);
  const sentinel = sentinelRemark(view, stolon);
  const proxies = [own, ...otherProxies(stolon)];
  return sentinel.ink === 'bad' ? [sentinel, ...proxies] : [...proxies, sentinel];
}

function ownProxy(stolon: StolonStatus, registration: Registration): Remark {
  const { generation, generationAgeMs, proxyCheckIntervalMs } = stolon;
  const { uid, hindrance, acknowledgedGeneration, aliveAgeMs, timeoutMs } = registration;
  const who = `proxy ${uid} (this router)`;
  if (acknowledgedGeneration === null || aliveAgeMs === null) {
    const why = hindrance === null ? '' : `: ${hindrance}`;
    return {
      text: `${who}: NOT REGISTERED yet, generation ${generation}${why}`,
      ink: hindrance === null ? 'warn' : 'bad',
    };
  }
  const isTold = isAcknowledged(stolon, registration);
  const parts = [
    isTold
      ? `generation ${generation} acknowledged`
      : `generation ${generation}, seen ${formatAge(generationAgeMs)} ago, is NOT ACKNOWLEDGED (last: ${acknowledgedGeneration})${hindrance === null ? '' : `: ${hindrance}`}`,
    registration.enabled ? 'enabled' : 'NOT ENABLED by the sentinel',
    isAlive(registration)
      ? `renewed ${formatAge(aliveAgeMs)} ago`
      : `NOT RENEWED for ${formatAge(aliveAgeMs)}: after ${formatAge(timeoutMs)} Stolon may go on without it`,
  ];
  const isLate = aliveAgeMs > 2 * proxyCheckIntervalMs;
  const ink: Ink =
    !isAlive(registration) || (!isTold && hindrance !== null)
      ? 'bad'
      : isTold && registration.enabled && !isLate
        ? 'plain'
        : 'warn';
  return { text: `${who}: ${parts.join('; ')}`, ink };
}

/** Those in order on one line; each of the others on its own, since a failover may wait for it. */
function otherProxies({ proxies, generation }: StolonStatus): readonly Remark[] {
  const others = proxies.filter(({ own }) => !own);
  const inOrder = others.filter((proxy) => proxy.enabled && proxy.generation === generation);
  const remarks: Remark[] = others
    .filter((proxy) => !inOrder.includes(proxy))
    .map((proxy) => {
      const acknowledged =
        proxy.generation === generation
          ? `generation ${generation}`
          : `generation ${generation} NOT ACKNOWLEDGED (last: ${proxy.generation})`;
      return { text: `proxy ${proxy.uid}: ${acknowledged}; ${proxy.enabled ? 'enabled' : 'NOT ENABLED'}`, ink: 'warn' };
    });
  if (inOrder.length === 0) return remarks;
  const text = `other proxies, enabled, generation ${generation}: ${listed(inOrder.map(({ uid }) => uid))}`;
  return [...remarks, { text, ink: 'plain' }];
}

const shownProxies = 12;

/** A fleet may have a hundred of them. */
function listed(names: readonly string[]): string {
  const more = names.length > shownProxies ? ` and ${names.length - shownProxies} more` : '';
  return `${names.slice(0, shownProxies).join(', ')}${more}`;
}

function sentinelRemark(view: View, { sentinel, writtenAgeMs, sleepIntervalMs, problem }: StolonStatus): Remark {
  // What was written since etcd confirmed the view last is not known.
  const isSilent = problem === null && writtenAgeMs - view.confirmedAgeMs > missedWrites * sleepIntervalMs;
  const consequence = 'a dead master would not be noticed, no failover is decided';
  const written = isSilent ? `, clusterdata not written for ${formatAge(writtenAgeMs)}` : '';
  if (sentinel === null) return { text: `NO SENTINEL leads${written}: ${consequence}`, ink: 'bad' };
  if (!isSilent) return { text: `sentinel ${sentinel}`, ink: 'plain' };
  return { text: `sentinel ${sentinel} is SILENT${written}: ${consequence}`, ink: 'bad' };
}
