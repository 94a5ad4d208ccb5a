// The metrics of every router, made from the status document: the router itself, clusters and members, services, etcd, HAProxy.
import { memoryUsage } from 'node:process';
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { gauge, oneHot, type Scraped, seconds, truth } from './metric-form.ts';

const viewsOf = ({ clusters }: StatusDocument) =>
  clusters.flatMap(({ name, view }) => (view === null ? [] : [{ cluster: name, view }]));

const membersOf = ({ clusters }: StatusDocument) =>
  clusters.flatMap(({ name, members }) =>
    members.map((member) => ({ labels: { cluster: name, member: member.name }, member })),
  );

const servicesOf = ({ clusters }: StatusDocument) =>
  clusters.flatMap(({ name, services }) =>
    services.map((service) => ({ labels: { cluster: name, service: service.name }, service })),
  );

const serversOf = (status: StatusDocument) =>
  servicesOf(status).flatMap(({ labels, service }) =>
    service.servers.map((server) => ({ labels: { ...labels, member: server.member }, server })),
  );

const countByCode = (reasons: readonly { readonly code: string }[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { code } of reasons) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
};

const targetCounter = (key: string, name: string, help: string): Scraped => ({
  type: 'counter',
  name: `pgrouted_target_${name}_total`,
  help,
  labels: ['target'],
  samples: ({ targets }) => targets.map(({ name: target, counters }) => [counters[key] ?? 0, { target }]),
});

export const generalMetrics: readonly Scraped[] = [
  gauge('info', 'Always 1; the version is a label.', ['version'], ({ router }) => [[1, { version: router.version }]]),
  gauge('uptime_seconds', 'Since this router was started.', [], ({ router }) => [[seconds(router.uptimeMs)]]),
  gauge('resident_memory_bytes', 'Memory of the process.', [], () => [[memoryUsage.rss()]]),
  gauge(
    'ready',
    'What GET /health/is-ready answers: every write service has a server that a target holds ready.',
    [],
    ({ ready }) => [[truth(ready)]],
  ),

  gauge(
    'view_known',
    'The cluster has been read: from etcd, or from the servers themselves.',
    ['cluster'],
    ({ clusters }) => clusters.map(({ name, view }) => [truth(view !== null), { cluster: name }]),
  ),
  gauge(
    'view_age_seconds',
    'Since a linearizable read (source postgres: an answer of a server) confirmed the view.',
    ['cluster'],
    (status) => viewsOf(status).map(({ cluster, view }) => [seconds(view.confirmedAgeMs), { cluster }]),
  ),
  gauge(
    'view_revision',
    'etcd revision of the view; source postgres: how often what the servers say has changed.',
    ['cluster'],
    (status) => viewsOf(status).map(({ cluster, view }) => [Number(view.revision), { cluster }]),
  ),
  gauge('cluster_timeline', "PostgreSQL's timeline.", ['cluster'], (status) =>
    viewsOf(status).flatMap(({ cluster, view }) =>
      view.timeline === null ? [] : [[view.timeline, { cluster }] as const],
    ),
  ),
  gauge('cluster_paused', 'Patroni is paused.', ['cluster'], (status) =>
    viewsOf(status).map(({ cluster, view }) => [truth(view.paused), { cluster }]),
  ),
  gauge(
    'cluster_leader',
    '1 for the member that holds the leader key, that Stolon names as master, or that alone says it is primary; no sample while there is none.',
    ['cluster', 'member'],
    (status) =>
      viewsOf(status).flatMap(({ cluster, view }) =>
        view.leadership.kind === 'held' ? [[1, { cluster, member: view.leadership.member }] as const] : [],
      ),
  ),
  gauge('alarms', 'Alarms that are on, by code.', ['cluster', 'code'], ({ clusters }) =>
    clusters.flatMap(({ name, alarms }) =>
      [...countByCode(alarms)].map(([code, count]) => [count, { cluster: name, code }] as const),
    ),
  ),

  gauge(
    'member_status',
    '1 for what GET /v1/<name>/status answers, 0 for the others.',
    ['cluster', 'member', 'status'],
    (status) =>
      membersOf(status).flatMap(({ labels, member }) =>
        oneHot(['primary', 'standby', 'unavailable'], member.status, 'status', labels),
      ),
  ),
  gauge(
    'member_present',
    "The member's record, or its keeper in clusterdata, is in etcd; source postgres: always.",
    ['cluster', 'member'],
    (status) => membersOf(status).map(({ labels, member }) => [truth(member.present), labels]),
  ),
  gauge('member_lag_bytes', 'Behind the primary; no sample while unknown.', ['cluster', 'member'], (status) =>
    membersOf(status).flatMap(({ labels, member }) =>
      member.lagBytes === null ? [] : [[member.lagBytes, labels] as const],
    ),
  ),
  gauge(
    'member_probe',
    '1 for what the last probe found; no sample without probes.',
    ['cluster', 'member', 'kind'],
    (status) =>
      membersOf(status).flatMap(({ labels, member }) =>
        member.probe === null ? [] : [[1, { ...labels, kind: member.probe.kind }] as const],
      ),
  ),

  gauge('service_open', 'At least one server is decided ready.', ['cluster', 'service'], (status) =>
    servicesOf(status).map(({ labels, service }) => [truth(service.open), labels]),
  ),
  gauge('service_routing', 'At least one target holds at least one ready server.', ['cluster', 'service'], (status) =>
    servicesOf(status).map(({ labels, service }) => [truth(service.routing), labels]),
  ),
  gauge(
    'decision',
    '1 for the state that is decided, 0 for the others.',
    ['cluster', 'service', 'member', 'state'],
    (status) =>
      serversOf(status).flatMap(({ labels, server }) =>
        oneHot(['ready', 'drain', 'maint'], server.state, 'state', labels),
      ),
  ),
  gauge(
    'server_sessions',
    'Sessions on the server line, as last read back; no sample while unknown.',
    ['cluster', 'service', 'member', 'target'],
    (status) =>
      serversOf(status).flatMap(({ labels, server }) =>
        server.held.flatMap(({ target, sessions }) =>
          sessions === null ? [] : [[sessions, { ...labels, target }] as const],
        ),
      ),
  ),

  gauge('etcd_member_connected', 'There is a session with this etcd member.', ['endpoint'], ({ etcd }) =>
    etcd.members.map(({ endpoint, connected }) => [truth(connected), { endpoint }]),
  ),
  gauge('etcd_member_silence_seconds', 'Since this etcd member was last heard of.', ['endpoint'], ({ etcd }) =>
    etcd.members.flatMap(({ endpoint, lastHeardAgeMs }) =>
      lastHeardAgeMs === null ? [] : [[seconds(lastHeardAgeMs), { endpoint }] as const],
    ),
  ),

  gauge('target_state', '1 for the state of the HAProxy, 0 for the others.', ['target', 'state'], ({ targets }) =>
    targets.flatMap(({ name, state }) =>
      oneHot(['reachable', 'not_running', 'hung', 'no_permission', 'broken', 'unknown'], state, 'state', {
        target: name,
      }),
    ),
  ),
  gauge('target_converged', 'It was last read back as holding the newest decision.', ['target'], ({ targets }) =>
    targets.map(({ name, converged }) => [truth(converged), { target: name }]),
  ),
  gauge('target_read_back_age_seconds', 'Since it was last read back.', ['target'], ({ targets }) =>
    targets.flatMap(({ name, readBackAgeMs }) =>
      readBackAgeMs === null ? [] : [[seconds(readBackAgeMs), { target: name }] as const],
    ),
  ),
  gauge('target_problems', 'Problems of the HAProxy, by code.', ['target', 'code'], ({ targets }) =>
    targets.flatMap(({ name, problems }) =>
      [...countByCode(problems)].map(([code, count]) => [count, { target: name, code }] as const),
    ),
  ),
  gauge('target_old_workers', 'Workers that still serve connections from before a reload.', ['target'], ({ targets }) =>
    targets.map(({ name, oldWorkers }) => [oldWorkers.length, { target: name }]),
  ),
  targetCounter('transactions', 'transactions', 'Lines sent that were to change something.'),
  targetCounter('exchanges', 'exchanges', 'Lines sent in all.'),
  targetCounter('corrections', 'corrections', 'Servers put back after someone else had changed them.'),
  targetCounter('reloads', 'reloads', 'Reloads and restarts of HAProxy that were noticed.'),
  targetCounter('failures', 'failures', 'Exchanges that failed.'),
  targetCounter('sessionsEnded', 'sessions_ended', 'Sessions ended on servers that were taken out of a write service.'),
  targetCounter(
    'refusals',
    'refusals',
    'Servers of a write service not let in, because the proof right before it failed.',
  ),
];
