// What Prometheus reads: made from the status document at the moment of the scrape, and from the journal as it grows.
// Names are documented in docs/metrics.md; a test holds the two together.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsText } from './http/app.ts';
import { RequestCounts } from './http/request-counts.ts';
import { generalMetrics } from './metric-list.ts';
import { fleetMetrics } from './metric-list-fleet.ts';
import { holdMetrics } from './metric-list-hold.ts';
import { stolonMetrics } from './metric-list-stolon.ts';

export interface Metrics extends MetricsText {
  /**
   * Counts what is in the journal already and all that comes; answers scrapes from `api` from now on. `notAfter`: when the certificate of the API runs
   * out, if it has one.
   */
  attach(api: RouterApi, notAfter?: () => Date | undefined): void;
}

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
  const gauges = [...generalMetrics, ...fleetMetrics, ...holdMetrics, ...stolonMetrics].map((metric) => {
    const options = { name: metric.name, help: metric.help, labelNames: [...metric.labels], registers };
    // A counter that is counted elsewhere: set anew at each scrape, so it can't drift from what the status says.
    return { metric, series: metric.type === 'counter' ? new Counter(options) : new Gauge(options) };
  });
  const answered = new Counter({
    name: 'pgrouted_http_requests_total',
    help: 'Requests that were answered, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const answerAge = new Gauge({
    name: 'pgrouted_http_answer_age_seconds',
    help: 'What X-Pgrouted-Age-Ms says: the age of the oldest facts that the lists rest on; no sample before the first.',
    labelNames: [],
    registers,
  });
  const certificateEnd = new Gauge({
    name: 'pgrouted_http_certificate_not_after_seconds',
    help: 'When the certificate of the API runs out, in seconds since 1970; no sample without TLS.',
    labelNames: [],
    registers,
  });
  const requests = new RequestCounts();
  let api: RouterApi | undefined;
  let certificate: () => Date | undefined = () => undefined;

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
    requests,
    attach: (router, notAfter = certificate) => {
      api = router;
      certificate = notAfter;
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
      answered.reset();
      for (const { route, status: code, n } of requests.all()) answered.inc({ route, status: String(code) }, n);
      setOrRemove(answerAge, api.freshness().ageMs);
      setOrRemove(certificateEnd, certificate()?.getTime());
      return registry.metrics();
    },
  };
}

/** Milliseconds as seconds; no sample for undefined. */
function setOrRemove(gauge: Gauge, ms: number | undefined): void {
  if (ms === undefined) gauge.remove();
  else gauge.set(ms / 1000);
}
