// The metrics of connections that wait in HAProxy for a server of their service (pgrouted-hold.lua).
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { gauge, oneHot, type Scraped } from './metric-form.ts';

const outcomes = ['served', 'late', 'many', 'gone'] as const;

const holdsOf = ({ targets }: StatusDocument) =>
  targets.flatMap(({ name: target, hold }) => (hold === null || hold === undefined ? [] : [{ target, hold }]));

export const holdMetrics: readonly Scraped[] = [
  gauge(
    'hold_loaded',
    '1 for whether HAProxy has the hold action, 0 for the others; no sample where no service is to hold connections.',
    ['target', 'state'],
    (status) =>
      holdsOf(status).flatMap(({ target, hold }) =>
        oneHot(['loaded', 'absent', 'unknown'], hold.state, 'state', { target }),
      ),
  ),
  gauge(
    'hold_waiting',
    'New connections that wait for a server now, a second old at most; no sample before the first one waited.',
    ['target', 'backend'],
    (status) =>
      holdsOf(status).flatMap(({ target, hold }) =>
        hold.backends.map(({ backend, waiting }) => [waiting, { target, backend }] as const),
      ),
  ),
  {
    type: 'counter',
    name: 'pgrouted_hold_connections_total',
    help: 'Connections that had to wait, by what became of them, since the HAProxy worker began.',
    labels: ['target', 'backend', 'outcome'],
    samples: (status) =>
      holdsOf(status).flatMap(({ target, hold }) =>
        hold.backends.flatMap((counts) =>
          outcomes.map((outcome) => [counts[outcome], { target, backend: counts.backend, outcome }] as const),
        ),
      ),
  },
];
