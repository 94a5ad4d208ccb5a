// The metrics of a Stolon cluster: what the sentinel tells the proxies, and where this router's own registration as one stands.
import type { ClusterStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { gauge, type Labels, oneHot, type Scraped, seconds, truth } from './metric-form.ts';

type Stolon = NonNullable<ClusterStatus['stolon']>;
type Registration = NonNullable<Stolon['registration']>;

const stolonGauge = (name: string, help: string, value: (stolon: Stolon) => number): Scraped =>
  gauge(`stolon_${name}`, help, ['cluster'], ({ clusters }) =>
    clusters.flatMap(({ name: cluster, stolon }) => (stolon === null ? [] : [[value(stolon), { cluster }] as const])),
  );

const registrationsOf = ({ clusters }: StatusDocument): readonly { registration: Registration; labels: Labels }[] =>
  clusters.flatMap(({ name: cluster, stolon }) =>
    stolon === null || stolon.registration === null ? [] : [{ registration: stolon.registration, labels: { cluster } }],
  );

/** `value` null: no sample. */
const registrationGauge = (name: string, help: string, value: (registration: Registration) => number | null): Scraped =>
  gauge(`stolon_${name}`, help, ['cluster'], (status) =>
    registrationsOf(status).flatMap(({ registration, labels }) => {
      const given = value(registration);
      return given === null ? [] : [[given, labels] as const];
    }),
  );

export const stolonMetrics: readonly Scraped[] = [
  stolonGauge('clusterdata_usable', 'clusterdata can be acted on.', ({ problem }) => truth(problem === null)),
  stolonGauge('generation', 'The generation of the proxies, as clusterdata has it.', ({ generation }) => generation),
  stolonGauge(
    'sentinel_silence_seconds',
    'Since clusterdata was last seen to be written; a leading sentinel writes it each sleepInterval.',
    ({ writtenAgeMs }) => seconds(writtenAgeMs),
  ),
  registrationGauge(
    'acknowledged_generation',
    'The generation that this router has acknowledged last; no sample before the first one.',
    ({ acknowledgedGeneration }) => acknowledgedGeneration,
  ),
  registrationGauge(
    'acknowledgement_blocked',
    'The newest generation can not be acknowledged yet, as while HAProxy has not let go: a failover waits.',
    ({ hindrance }) => truth(hindrance !== null),
  ),
  registrationGauge(
    'renewal_age_seconds',
    'Since the last renewal of the registration that etcd took; no sample before the first one.',
    ({ aliveAgeMs }) => (aliveAgeMs === null ? null : seconds(aliveAgeMs)),
  ),
  registrationGauge(
    'proxy_timeout_seconds',
    'Without a renewal for this long the write services are closed.',
    ({ timeoutMs }) => seconds(timeoutMs),
  ),
  registrationGauge('enabled', 'Stolon has this router among its enabled proxies.', ({ enabled }) => truth(enabled)),
  gauge(
    'target_watchdog',
    "1 for the state of HAProxy's own watchdog, 0 for the others; no sample where nothing asks for it.",
    ['target', 'state'],
    ({ targets }) =>
      targets.flatMap(({ name: target, watchdog }) =>
        watchdog === null ? [] : oneHot(['armed', 'absent', 'unknown'], watchdog, 'state', { target }),
      ),
  ),
];
