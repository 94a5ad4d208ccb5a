import { readFileSync } from 'node:fs';
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { emptyStatus, entryOf, fullStatus, routerOf } from '../test/picture.ts';
import { stolonSection, stolonStatus, stolonStatusWith } from '../test/stolon-picture.ts';
import { systemClock } from './clock.ts';
import { buildHttp } from './http/app.ts';
import { createMetrics } from './metrics.ts';

interface Series {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

/** Reads Prometheus' text format; a line of another form is an error. */
function parse(text: string): Series {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) types.set(name, type);
    if (line === '' || line.startsWith('#')) continue;
    const sample = /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+)$/.exec(line);
    if (sample?.[1] === undefined || Number.isNaN(Number(sample[2]))) throw new Error(`no sample: ${line}`);
    samples.set(sample[1], Number(sample[2]));
  }
  return { types, samples };
}

async function scrape(router = routerOf({ status: fullStatus })): Promise<Series> {
  const metrics = createMetrics();
  metrics.attach(router);
  return parse(await metrics.text());
}

describe('the metrics', () => {
  it('tell what the status document tells', async () => {
    const { samples } = await scrape();
    const told = Object.fromEntries([...samples].filter(([name]) => !name.startsWith('pgrouted_resident')));
    expect(told).toMatchObject({
      'pgrouted_info{version="1.2.3"}': 1,
      pgrouted_uptime_seconds: 12.5,
      pgrouted_ready: 1,
      'pgrouted_view_known{cluster="orders"}': 1,
      'pgrouted_view_known{cluster="blind"}': 0,
      'pgrouted_view_age_seconds{cluster="orders"}': 0.12,
      'pgrouted_view_revision{cluster="orders"}': 4711,
      'pgrouted_cluster_timeline{cluster="orders"}': 7,
      'pgrouted_cluster_paused{cluster="orders"}': 0,
      'pgrouted_cluster_leader{cluster="orders",member="pg1"}': 1,
      'pgrouted_alarms{cluster="orders",code="record_unreadable"}': 2,
      'pgrouted_member_status{cluster="orders",member="pg2",status="standby"}': 1,
      'pgrouted_member_status{cluster="orders",member="pg2",status="primary"}': 0,
      'pgrouted_member_present{cluster="orders",member="pg\\"3\\\\\\n"}': 0,
      'pgrouted_member_lag_bytes{cluster="orders",member="pg2"}': 4096,
      'pgrouted_member_probe{cluster="orders",member="pg1",kind="primary"}': 1,
      'pgrouted_service_open{cluster="orders",service="replica"}': 1,
      'pgrouted_service_routing{cluster="orders",service="replica"}': 0,
      'pgrouted_decision{cluster="orders",service="primary",member="pg1",state="ready"}': 1,
      'pgrouted_decision{cluster="orders",service="primary",member="pg1",state="maint"}': 0,
      'pgrouted_server_sessions{cluster="orders",service="primary",member="pg1",target="edge"}': 3,
      'pgrouted_etcd_member_connected{endpoint="http://10.0.0.2:2379"}': 0,
      'pgrouted_etcd_member_silence_seconds{endpoint="http://10.0.0.1:2379"}': 0.03,
      'pgrouted_target_state{target="edge",state="reachable"}': 1,
      'pgrouted_target_state{target="edge",state="hung"}': 0,
      'pgrouted_target_converged{target="edge"}': 1,
      'pgrouted_target_read_back_age_seconds{target="edge"}': 0.24,
      'pgrouted_target_problems{target="edge",code="server_missing"}': 1,
      'pgrouted_target_old_workers{target="edge"}': 1,
      'pgrouted_target_transactions_total{target="edge"}': 12,
      'pgrouted_target_exchanges_total{target="edge"}': 300,
      'pgrouted_target_corrections_total{target="edge"}': 1,
      'pgrouted_target_reloads_total{target="edge"}': 2,
      'pgrouted_target_failures_total{target="edge"}': 0,
      'pgrouted_target_sessions_ended_total{target="edge"}': 40,
      'pgrouted_target_refusals_total{target="edge"}': 0,
    });
    expect(samples.has('pgrouted_member_lag_bytes{cluster="orders",member="pg\\"3\\\\\\n"}')).toBe(false);
    expect(samples.get('pgrouted_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('tell who waits in HAProxy for a server, and what became of the others', async () => {
    const counts = { backend: 'orders_primary', waiting: 3, served: 120, late: 2, many: 1, gone: 4, longestMs: 900 };
    const targets = fullStatus.targets.map((target) => ({
      ...target,
      hold: { state: 'loaded' as const, backends: [counts] },
    }));
    const { samples } = await scrape(routerOf({ status: { ...fullStatus, targets } }));
    expect(Object.fromEntries([...samples].filter(([name]) => name.startsWith('pgrouted_hold')))).toEqual({
      'pgrouted_hold_loaded{target="edge",state="loaded"}': 1,
      'pgrouted_hold_loaded{target="edge",state="absent"}': 0,
      'pgrouted_hold_loaded{target="edge",state="unknown"}': 0,
      'pgrouted_hold_waiting{target="edge",backend="orders_primary"}': 3,
      'pgrouted_hold_connections_total{target="edge",backend="orders_primary",outcome="served"}': 120,
      'pgrouted_hold_connections_total{target="edge",backend="orders_primary",outcome="late"}': 2,
      'pgrouted_hold_connections_total{target="edge",backend="orders_primary",outcome="many"}': 1,
      'pgrouted_hold_connections_total{target="edge",backend="orders_primary",outcome="gone"}': 4,
    });
  });

  it("tell what Stolon tells its proxies, and where this router's registration stands", async () => {
    const { samples } = await scrape(routerOf({ status: stolonStatus }));
    const told = Object.fromEntries([...samples].filter(([name]) => /^pgrouted_(stolon|target_watchdog)/.test(name)));
    expect(told).toEqual({
      'pgrouted_stolon_clusterdata_usable{cluster="shop"}': 1,
      'pgrouted_stolon_generation{cluster="shop"}': 4,
      'pgrouted_stolon_sentinel_silence_seconds{cluster="shop"}': 2.3,
      'pgrouted_stolon_acknowledged_generation{cluster="shop"}': 4,
      'pgrouted_stolon_acknowledgement_blocked{cluster="shop"}': 0,
      'pgrouted_stolon_renewal_age_seconds{cluster="shop"}': 1.25,
      'pgrouted_stolon_proxy_timeout_seconds{cluster="shop"}': 15,
      'pgrouted_stolon_enabled{cluster="shop"}': 1,
      'pgrouted_target_watchdog{target="edge",state="armed"}': 1,
      'pgrouted_target_watchdog{target="edge",state="absent"}': 0,
      'pgrouted_target_watchdog{target="edge",state="unknown"}': 0,
    });
  });

  it('tell of a registration that has not begun, and of an acknowledgement that is held up', async () => {
    const registration = {
      uid: '5f2dd97f',
      acknowledgedGeneration: null,
      acknowledgedAgeMs: null,
      acknowledgedRevision: null,
      aliveAgeMs: null,
      timeoutMs: 15_000,
      enabled: false,
      enabledSinceRevision: null,
      hindrance: 'edge does not answer',
    };
    const status = stolonStatusWith({ ...stolonSection, problem: 'no such key', registration }, 'absent');
    const text = [...(await scrape(routerOf({ status }))).samples]
      .map(([name, value]) => `${name} ${value}`)
      .join('\n');
    expect(text).toContain('pgrouted_stolon_clusterdata_usable{cluster="shop"} 0');
    expect(text).toContain('pgrouted_stolon_acknowledgement_blocked{cluster="shop"} 1');
    expect(text).toContain('pgrouted_stolon_enabled{cluster="shop"} 0');
    expect(text).toContain('pgrouted_target_watchdog{target="edge",state="absent"} 1');
    expect(text).not.toMatch(/stolon_(acknowledged_generation|renewal_age)/);
    expect(text).not.toContain('does not answer');
  });

  it('tell no more than what etcd has when the router is passive, and nothing of Stolon without it', async () => {
    const passive = await scrape(
      routerOf({ status: stolonStatusWith({ ...stolonSection, registration: null }, null) }),
    );
    const names = (samples: ReadonlyMap<string, number>): readonly string[] =>
      [...samples.keys()].filter((name) => /stolon|watchdog/.test(name)).map((name) => name.replace(/\{.*/, ''));
    expect(names(passive.samples)).toEqual([
      'pgrouted_stolon_clusterdata_usable',
      'pgrouted_stolon_generation',
      'pgrouted_stolon_sentinel_silence_seconds',
    ]);
    expect(names((await scrape()).samples)).toEqual([]);
  });

  it('forget what is no longer so', async () => {
    let status = fullStatus;
    const metrics = createMetrics();
    metrics.attach({ ...routerOf({}), status: () => status });
    expect(await metrics.text()).toContain('member="pg1"');
    status = emptyStatus;
    expect(await metrics.text()).not.toContain('member="pg1"');
  });

  it('do not grow from scrape to scrape', async () => {
    const metrics = createMetrics();
    metrics.attach(routerOf({ status: fullStatus }));
    await metrics.text();
    expect(parse(await metrics.text()).samples.get('pgrouted_target_transactions_total{target="edge"}')).toBe(12);
  });

  it('count the journal from its first entry', async () => {
    const router = routerOf({ entries: [entryOf(1, { kind: 'started' }), entryOf(2)] });
    const metrics = createMetrics();
    metrics.attach(router);
    router.add(entryOf(3));
    const { samples } = parse(await metrics.text());
    expect(samples.get('pgrouted_journal_entries_total{kind="started"}')).toBe(1);
    expect(samples.get('pgrouted_journal_entries_total{kind="view"}')).toBe(2);
  });

  it('count the requests that were answered, by the route as it was declared', async () => {
    const metrics = createMetrics();
    const router = routerOf({ status: fullStatus, ageMs: 42 });
    metrics.attach(router);
    const app = buildHttp(router, { metrics, clock: systemClock, log: silentLog });
    for (const url of [
      '/v1/primary',
      '/v1/primary?group=x',
      '/v1/pg9/status',
      '/health/is-live',
      '/nope',
      '/v1/%zz/status',
    ])
      await app.inject(url);
    const { samples } = parse((await app.inject('/metrics')).body);
    expect([...samples].filter(([name]) => name.startsWith('pgrouted_http'))).toEqual([
      ['pgrouted_http_requests_total{route="/v1/primary",status="404"}', 2],
      ['pgrouted_http_requests_total{route="/v1/:name/status",status="404"}', 1],
      ['pgrouted_http_requests_total{route="/health/is-live",status="200"}', 1],
      ['pgrouted_http_requests_total{route="none",status="404"}', 1],
      ['pgrouted_http_answer_age_seconds', 0.042],
    ]);
  });

  it('tell when the certificate runs out, where there is one', async () => {
    const metrics = createMetrics();
    metrics.attach(routerOf({}), () => new Date('2030-01-01T00:00:00Z'));
    expect(parse(await metrics.text()).samples.get('pgrouted_http_certificate_not_after_seconds')).toBe(1_893_456_000);
    expect((await scrape()).samples.has('pgrouted_http_certificate_not_after_seconds')).toBe(false);
  });

  it('time the phases of each switch that had them', async () => {
    const phases = { leaderGoneMs: 0, leaderNamedMs: 20, fencedMs: 24, provenMs: 180, decidedMs: null, openedMs: 182 };
    const { samples } = await scrape(
      routerOf({
        entries: [entryOf(1, { kind: 'switch', cluster: 'orders', service: 'primary', target: 'edge', phases })],
      }),
    );
    const of = (suffix: string, phase: string, le = '') =>
      samples.get(
        `pgrouted_switch_seconds_${suffix}{${le === '' ? '' : `le="${le}",`}cluster="orders",service="primary",target="edge",phase="${phase}"}`,
      );
    expect(of('count', 'opened')).toBe(1);
    expect(of('sum', 'opened')).toBeCloseTo(0.182);
    expect(of('bucket', 'opened', '0.1')).toBe(0);
    expect(of('bucket', 'opened', '0.25')).toBe(1);
    expect(of('count', 'decided')).toBeUndefined();
  });

  it("time Stolon's handshake as phases of the switch, where there was one", async () => {
    const phases = {
      leaderGoneMs: 0,
      leaderNamedMs: 5020,
      fencedMs: 4,
      provenMs: 5180,
      decidedMs: 5180,
      openedMs: 5182,
      acknowledgedMs: 9,
      enabledMs: null,
    };
    const { samples } = await scrape(
      routerOf({
        entries: [entryOf(1, { kind: 'switch', cluster: 'shop', service: 'primary', target: 'edge', phases })],
      }),
    );
    const labels = 'cluster="shop",service="primary",target="edge"';
    expect(samples.get(`pgrouted_switch_seconds_sum{${labels},phase="acknowledged"}`)).toBeCloseTo(0.009);
    expect(samples.get(`pgrouted_switch_seconds_bucket{le="0.01",${labels},phase="acknowledged"}`)).toBe(1);
    expect(samples.has(`pgrouted_switch_seconds_count{${labels},phase="enabled"}`)).toBe(false);
  });

  it('are empty, and not an error, before there is a router', async () => {
    expect(parse(await createMetrics().text()).samples.size).toBe(0);
  });

  it('are all documented, with type and labels, and nothing else is', async () => {
    const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^\| `(pgrouted_\w+)` \| (\w+) \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const { types } = await scrape();
    expect(documented.sort()).toEqual([...types].map(([name, type]) => `${name} ${type}`).sort());
  });
});
