// The metrics of overrides and of the fleet: what operators have set, and which routers stand beside this one.
import { gauge, type Labels, type Scraped, truth } from './metric-form.ts';

export const fleetMetrics: readonly Scraped[] = [
  gauge(
    'override_active',
    '1 for each override that stands; the service is empty where it stands for all.',
    ['cluster', 'member', 'service', 'action'],
    ({ overrides = [] }) => {
      // Two of one kind, by two people, are one sample.
      const labels = overrides.map(
        ({ cluster, member, service, action }): Labels => ({ cluster, member, service: service ?? '', action }),
      );
      const distinct = new Map(labels.map((one) => [JSON.stringify(one), one]));
      return [...distinct.values()].map((one) => [1, one] as const);
    },
  ),
  gauge('fleet_shared', 'The prefix of the fleet can be read: overrides are obeyed by all routers.', [], ({ fleet }) =>
    fleet?.enabled === true ? [[truth(fleet.shared)]] : [],
  ),
  gauge('fleet_routers', 'Routers that are registered, this one among them.', ['cluster'], ({ fleet }) =>
    (fleet?.enabled === true ? fleet.clusters : []).map(
      ({ cluster, routers }) => [routers.length, { cluster }] as const,
    ),
  ),
  gauge(
    'fleet_applied',
    'Every registered router, and every HAProxy behind it, has taken the present leader over.',
    ['cluster'],
    ({ fleet }) =>
      (fleet?.enabled === true ? fleet.clusters : []).map(
        ({ cluster, applied }) => [truth(applied), { cluster }] as const,
      ),
  ),
  gauge('fleet_alarms', 'Alarms about the fleet that are on, by code.', ['code'], ({ fleet }) => {
    const codes = fleet?.alarms.map(({ code }) => code) ?? [];
    return [...new Set(codes)].map((code) => [codes.filter((one) => one === code).length, { code }] as const);
  }),
];
