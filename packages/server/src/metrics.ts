// What Prometheus reads: made from the status document at the moment of the scrape, and from the journal as it grows.
// Names are documented in docs/metrics.md; a test holds the two together.
import { memoryUsage } from 'node:process';
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { JournalEntry, StatusDocument } from '@pgrouted/core/status/schema';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsText } from './http/app.ts';

export interface Metrics extends MetricsText {
  /** Counts what is in the journal already and all that comes; answers scrapes from `api` from now on. */
  attach(api: RouterApi): void;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const entries = new Counter({
    name: 'pgrouted_journal_entries_total',
    help: 'Entries of the journal, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const switches = new Histogram({
    name: 'pgrouted_switch_seconds',
    help: 'Switches of write services: seconds from the first sign of the switch to each phase.',
    labelNames: ['cluster', 'service', 'target', 'phase'],
    // From one pass of the controller to a failover that waited for its lease.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60],
    registers,
  });
  const gauges = scraped.map((metric) => {
    const options = { name: metric.name, help: metric.help, labelNames: [...metric.labels], registers };
    // A counter that is counted elsewhere: set anew at each scrape, so it can't drift from what the status says.
    return { metric, series: metric.type === 'counter' ? new Counter(options) : new Gauge(options) };
  });
  let api: RouterApi | undefined;

  const count = (entry: JournalEntry): void => {
    entries.inc({ kind: entry.kind });
    const { phases, cluster = '', service = '', target = '' } = entry;
    if (phases === undefined) return;
    for (const [name, ms] of Object.entries(phases)) {
      if (typeof ms === 'number')
        switches.observe({ cluster, service, target, phase: name.replace(/Ms$/, '') }, ms / 1000);
    }
  };

  return {
    contentType: registry.contentType,
    attach: (router) => {
      api = router;
      for (const entry of router.events(0, Number.MAX_SAFE_INTEGER).entries) count(entry);
      router.onEvent(count);
    },
    text: async () => {
      if (api === undefined) return '';
      const status = api.status();
      for (const { metric, series } of gauges) {
        series.reset();
        for (const [value, labels = {}] of metric.samples(status)) series.inc(labels, value);
      }
      return registry.metrics();
    },
  };
}

interface Scraped {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (status: StatusDocument) => readonly Sample[];
}

const gauge = (name: string, help: string, labels: readonly string[], samples: Scraped['samples']): Scraped => ({
  type: 'gauge',
  name: `pgrouted_${name}`,
  help,
  labels,
  samples,
});

const truth = (value: boolean): number => (value ? 1 : 0);
const seconds = (ms: number): number => ms / 1000;

/** One sample for each choice: 1 for the one that it is, 0 for the others. */
const oneHot = <T extends string>(choices: readonly T[], is: T, label: string, labels: Labels): readonly Sample[] =>
  choices.map((choice) => [truth(choice === is), { ...labels, [label]: choice }]);

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

const scraped: readonly Scraped[] = [
  gauge('info', 'Always 1; the version is a label.', ['version'], ({ router }) => [[1, { version: router.version }]]),
  gauge('uptime_seconds', 'Since this router was started.', [], ({ router }) => [[seconds(router.uptimeMs)]]),
  gauge('resident_memory_bytes', 'Memory of the process.', [], () => [[memoryUsage.rss()]]),
  gauge(
    'ready',
    'What GET /health/is-ready answers: every write service has a server that a target holds ready.',
    [],
    ({ ready }) => [[truth(ready)]],
  ),

  gauge('view_known', 'The cluster has been read from etcd.', ['cluster'], ({ clusters }) =>
    clusters.map(({ name, view }) => [truth(view !== null), { cluster: name }]),
  ),
  gauge('view_age_seconds', 'Since a linearizable read confirmed the view.', ['cluster'], (status) =>
    viewsOf(status).map(({ cluster, view }) => [seconds(view.confirmedAgeMs), { cluster }]),
  ),
  gauge('view_revision', 'etcd revision of the view.', ['cluster'], (status) =>
    viewsOf(status).map(({ cluster, view }) => [Number(view.revision), { cluster }]),
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
    '1 for the member that holds the leader key; no sample while nobody does.',
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
  gauge('member_present', "The member's record is in etcd.", ['cluster', 'member'], (status) =>
    membersOf(status).map(({ labels, member }) => [truth(member.present), labels]),
  ),
  gauge(
    'member_lag_bytes',
    "Behind the primary by the member's record; no sample while unknown.",
    ['cluster', 'member'],
    (status) =>
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
