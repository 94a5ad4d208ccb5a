// Stolon's handshake as it stands for this router: generation seen, acknowledged, enabled, alive. Only with all four does a registered router let
// the named master in. Pure.
import type { ClusterStatus } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';

export type StolonStatus = NonNullable<ClusterStatus['stolon']>;
type Registration = NonNullable<StolonStatus['registration']>;

export interface HandshakeStep {
  readonly step: 'seen' | 'acknowledged' | 'enabled' | 'alive';
  readonly done: boolean;
  /** Milliseconds since it was so; null: never, or not told. */
  readonly ageMs: number | null;
  /** For people: begins with the step, in capitals where it is missing. */
  readonly text: string;
}

/** The steps in their order; undefined: this router is passive, so there is no handshake. */
export function handshakeOf(cluster: ClusterStatus): readonly HandshakeStep[] | undefined {
  const { stolon } = cluster;
  if (stolon === null || stolon.registration === null) return undefined;
  const { registration } = stolon;
  return [
    seen(cluster, stolon),
    acknowledged(stolon, registration),
    enabled(stolon, registration),
    alive(stolon, registration),
  ];
}

/** The member whose db the proxies are told to use; null: no db is named, or no keeper has it. */
export function masterOf({ stolon, members }: ClusterStatus): string | null {
  return keeperOf(members, stolon?.masterDbUid ?? null);
}

/** The member that has this db. */
export function keeperOf(members: ClusterStatus['members'], dbUid: string | null): string | null {
  if (dbUid === null) return null;
  return members.find((member) => member.stolon?.dbUid === dbUid)?.name ?? null;
}

/** The newest generation has been told to Stolon, and not only one of the same number before `stolonctl init`. */
export function isAcknowledged({ generation, generationAgeMs }: StolonStatus, registration: Registration): boolean {
  const { acknowledgedGeneration, acknowledgedAgeMs } = registration;
  return acknowledgedGeneration === generation && acknowledgedAgeMs !== null && acknowledgedAgeMs <= generationAgeMs;
}

/** The registration was renewed within the proxyTimeout: Stolon counts with this router. */
export const isAlive = ({ aliveAgeMs, timeoutMs }: Registration): boolean =>
  aliveAgeMs !== null && aliveAgeMs < timeoutMs;

function seen(cluster: ClusterStatus, stolon: StolonStatus): HandshakeStep {
  const { generation, generationAgeMs, masterDbUid } = stolon;
  const done = stolon.problem === null;
  const keeper = masterOf(cluster);
  const named =
    masterDbUid === null
      ? 'no master'
      : `db ${masterDbUid}, ${keeper === null ? 'which no keeper has' : `that is ${keeper}`}`;
  const text = `seen ${formatAge(generationAgeMs)} ago: generation ${generation} of the proxies; it names ${named}`;
  return {
    step: 'seen',
    done,
    ageMs: generationAgeMs,
    text: done ? text : `NOT SEEN as it is now, since clusterdata can't be used; last ${text}`,
  };
}

function acknowledged(stolon: StolonStatus, registration: Registration): HandshakeStep {
  const { acknowledgedGeneration, acknowledgedAgeMs, acknowledgedRevision, enabledSinceRevision, hindrance, uid } =
    registration;
  const done = isAcknowledged(stolon, registration);
  const step = { step: 'acknowledged', done, ageMs: acknowledgedAgeMs } as const;
  if (!done) {
    const last =
      acknowledgedGeneration === null || acknowledgedAgeMs === null
        ? 'never yet'
        : `the last was generation ${acknowledgedGeneration}, ${formatAge(acknowledgedAgeMs)} ago`;
    return { ...step, text: `NOT ACKNOWLEDGED: ${hindrance ?? 'it is being written'} (${last})` };
  }
  const isEarlier =
    acknowledgedRevision !== null &&
    enabledSinceRevision !== null &&
    Number(acknowledgedRevision) < Number(enabledSinceRevision);
  return {
    ...step,
    done: !isEarlier,
    text: isEarlier
      ? `NOT ACKNOWLEDGED since it was enabled under this master (revision ${enabledSinceRevision}); the last was at revision ${acknowledgedRevision}`
      : `acknowledged ${formatAge(acknowledgedAgeMs ?? 0)} ago as proxy ${uid}`,
  };
}

function enabled({ sleepIntervalMs }: StolonStatus, registration: Registration): HandshakeStep {
  const { enabled: done, enabledSinceRevision, uid } = registration;
  return {
    step: 'enabled',
    done,
    ageMs: null,
    text: done
      ? `enabled by the sentinel${enabledSinceRevision === null ? '' : ` since revision ${enabledSinceRevision}`}`
      : `NOT ENABLED: ${uid} is not among enabledProxies; the sentinel looks each ${formatAge(sleepIntervalMs)}`,
  };
}

function alive({ proxyCheckIntervalMs }: StolonStatus, registration: Registration): HandshakeStep {
  const { aliveAgeMs, timeoutMs } = registration;
  const limit = formatAge(timeoutMs);
  const done = isAlive(registration);
  const step = { step: 'alive', done, ageMs: aliveAgeMs } as const;
  if (aliveAgeMs === null) return { ...step, text: 'NOT ALIVE to Stolon: etcd has not taken the registration yet' };
  const age = formatAge(aliveAgeMs);
  return {
    ...step,
    text: done
      ? `alive, renewed ${age} ago (each ${formatAge(proxyCheckIntervalMs)}; without it for ${limit} the service closes)`
      : `NOT ALIVE to Stolon: not renewed for ${age}, longer than the proxyTimeout of ${limit}`,
  };
}
