// What Prometheus reads: made from the status document at the moment of the scrape, and from the journal as it grows.
// Names are documented in docs/metrics.md; a test holds the two together.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsText } from './http/app.ts';
import { generalMetrics } from './metric-list.ts';
import { stolonMetrics } from './metric-list-stolon.ts';

export interface Metrics extends MetricsText {
  /** Counts what is in the journal already and all that comes; answers scrapes from `api` from now on. */
  attach(api: RouterApi): void;
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
  const gauges = [...generalMetrics, ...stolonMetrics].map((metric) => {
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
