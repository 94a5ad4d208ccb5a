// The commands that set, lift and list overrides, and the one that waits for the fleet, against a real HTTP server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetDocument, OverrideDocument } from '@pgrouted/core/status/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChangingRouter, startChangingRouter } from '../test/changing-router.ts';
import * as documents from '../test/documents.ts';
import { pgroutectl } from '../test/router.ts';

let router: ChangingRouter;
beforeEach(async () => {
  router = await startChangingRouter();
});
afterEach(() => router.close());

const ctl = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  pgroutectl(['--url', router.url, ...args], { env: { USER: 'alice', ...env } });

const override = (changes: Partial<OverrideDocument> = {}): OverrideDocument => ({
  id: 'ab12cd34',
  cluster: 'orders',
  member: 'n2',
  service: null,
  action: 'maint',
  weight: null,
  owner: 'alice@lb1',
  reason: 'kernel update',
  createdAt: '2026-11-21T12:00:00.000Z',
  expiresAt: '2026-11-21T14:00:00.000Z',
  endsInMs: 7_200_000,
  scope: 'fleet',
  ...changes,
});

const takes = (...answers: (readonly [number, unknown])[]) => router.answers.set('POST /v2/overrides', answers);
const done = (one: OverrideDocument, why: string | null = null) => ({ override: one, scope: one.scope, why });

describe('pgroutectl maint, drain, ready, weight', () => {
  it('asks the router, and says how it is taken back', async () => {
    takes([201, done(override())]);
    const run = ctl(['maint', 'n2', '--for', '2h', '--reason', 'kernel update']);
    expect([await run.code, run.out()]).toEqual([
      0,
      'maint of n2 in cluster orders for 2 h; pgroutectl lift ab12cd34 takes it back\n',
    ]);
    expect(router.asked).toMatchObject([
      {
        method: 'POST',
        type: 'application/json',
        body: { member: 'n2', service: null, action: 'maint', reason: 'kernel update', for_seconds: 7_200 },
      },
    ]);
    expect(router.asked[0]?.body).toMatchObject({ owner: expect.stringMatching(/^alice@./) });
  });

  it('says that a local one is local, and why', async () => {
    takes([201, done(override({ scope: 'local', endsInMs: null }), 'etcd: permission denied')]);
    const run = ctl(['drain', 'n2', '--reason', 'x']);
    expect(await run.code).toBe(0);
    expect(run.out()).toContain(
      'ONLY THIS ROUTER obeys it, until it ends or pgrouted is restarted: etcd: permission denied',
    );
  });

  it('hands on service, cluster, owner and weight', async () => {
    takes([201, done(override({ action: 'weight', weight: 0 }))]);
    const args = [
      'weight',
      'n2',
      '0',
      '--cluster',
      'orders',
      '--service',
      'replica',
      '--owner',
      'bob',
      '--reason',
      'x',
    ];
    expect(await ctl(args).code).toBe(0);
    expect(router.asked[0]?.body).toEqual({
      cluster: 'orders',
      member: 'n2',
      service: 'replica',
      action: 'weight',
      weight: 0,
      owner: 'bob',
      reason: 'x',
      for_seconds: null,
    });
  });

  it('tells who asks behind sudo', async () => {
    takes([201, done(override())]);
    await ctl(['ready', 'n2', '--reason', 'x'], { USER: 'root', SUDO_USER: 'carol' }).code;
    expect(router.asked[0]?.body).toMatchObject({ owner: expect.stringMatching(/^carol@/) });
  });

  it('shows a refusal with its remedy as one line', async () => {
    takes([404, { error: 'there is no member n9 in cluster orders', remedy: 'did you mean n2?' }]);
    const run = ctl(['drain', 'n9', '--reason', 'x']);
    expect([await run.code, run.err(), run.out()]).toEqual([
      1,
      'pgroutectl: there is no member n9 in cluster orders; did you mean n2?\n',
      '',
    ]);
  });

  it('says so of a router that knows no overrides', async () => {
    const run = ctl(['drain', 'n2', '--reason', 'x']);
    expect(await run.code).toBe(1);
    expect(run.err()).toContain('HTTP status 404 (no such route): is that a pgrouted that knows overrides?');
  });

  it.each([
    [['maint', 'n2'], /required option '--reason <text>'/],
    [['weight', 'n2', '257', '--reason', 'x'], /a whole number from 0 to 256/],
    [['weight', 'n2', '--reason', 'x'], /missing required argument 'weight'/],
    [['drain', 'n2', '--for', '5', '--reason', 'x'], /a duration such as/],
  ])('%j ends with 2 and says what is wrong', async (args, message) => {
    const run = ctl(args);
    expect([await run.code, run.err()]).toEqual([2, expect.stringMatching(message)]);
    expect(router.asked).toEqual([]);
  });
});

describe('the token', () => {
  it('comes from a file or the environment, and is shown nowhere', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pgroutectl-'));
    const file = join(folder, 'token');
    writeFileSync(file, 's3cret\n');
    takes([401, { error: 'the token is missing or is another one', remedy: 'send it' }]);
    for (const [args, env] of [
      [['--token-file', file], {}],
      [[], { PGROUTED_TOKEN_FILE: file }],
      [[], { PGROUTED_TOKEN: 's3cret' }],
    ] as const) {
      const run = ctl(['drain', 'n2', '--reason', 'x', ...args], env);
      expect(await run.code).toBe(1);
      expect(run.err() + run.out()).not.toContain('s3cret');
    }
    expect(router.asked.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer s3cret'));
    writeFileSync(file, 'two words');
    expect(await ctl(['drain', 'n2', '--reason', 'x', '--token-file', file]).code).toBe(2);
    rmSync(folder, { recursive: true });
    expect(await ctl(['drain', 'n2', '--reason', 'x', '--token-file', file]).code).toBe(2);
  });
});

describe('pgroutectl overrides and lift', () => {
  const stand = (...overrides: OverrideDocument[]) =>
    router.answers.set('GET /v2/status', [[200, documents.document({ overrides })]]);

  it('lists those that stand, each with its owner, reason and end', async () => {
    stand(
      override(),
      override({ id: 'ff00', action: 'weight', weight: 10, service: 'replica', scope: 'local', endsInMs: null }),
    );
    const run = ctl(['overrides']);
    expect(await run.code).toBe(0);
    expect(run.out()).toMatch(/ab12cd34 +orders +n2 +all +maint +2 h +alice@lb1 +kernel update/);
    expect(run.out()).toContain('LOCAL: this router alone obeys it');
    expect(run.out()).toMatch(/ff00 +orders +n2 +replica +weight 10 +open end +alice@lb1 +kernel update/);
    stand();
    const none = ctl(['overrides']);
    expect([await none.code, none.out()]).toEqual([0, 'no override stands\n']);
  });

  it('finds the cluster of an id by itself', async () => {
    stand(override());
    router.answers.set('DELETE /v2/overrides/orders/ab12cd34', [[200, done(override())]]);
    const run = ctl(['lift', 'ab12cd34', '--owner', 'bob']);
    expect([await run.code, run.out()]).toEqual([0, 'maint of n2 in cluster orders is lifted\n']);
    expect(router.asked.at(-1)?.url).toBe('/v2/overrides/orders/ab12cd34?by=bob');
  });

  it('asks for the cluster where several have the id, and names those that stand', async () => {
    stand(override(), override({ cluster: 'stock' }));
    const run = ctl(['lift', 'ab12cd34']);
    expect([await run.code, run.err()]).toEqual([2, expect.stringContaining('say which one with --cluster NAME')]);
    const other = ctl(['lift', 'zz']);
    expect([await other.code, other.err()]).toEqual([
      1,
      'pgroutectl: no override zz stands; known: ab12cd34, ab12cd34\n',
    ]);
  });

  it('are shown on the status page', async () => {
    stand(override({ service: 'replica' }));
    const run = pgroutectl(['--url', router.url, 'status']);
    await run.code;
    expect(run.out().replaceAll(/\n +/g, ' ')).toContain(
      'OVERRIDE  orders: maint of n2 in replica by alice@lb1 (kernel update), for another 2 h [ab12cd34]',
    );
  });
});

describe('pgroutectl explain', () => {
  it('names the override that a server is out for', async () => {
    const [primary, replica] = documents.healthyServices('orders', 'n2', ['n1', 'n3']);
    if (primary === undefined || replica === undefined) throw new Error('two services were made');
    const servers = replica.servers.map((one) =>
      one.member === 'n1'
        ? { ...one, state: 'drain' as const, override: 'ab12cd34', reason: documents.because('override_drain') }
        : one,
    );
    const services = [primary, { ...replica, servers }];
    const clusters = [documents.healthyCluster({ services })];
    const overrides = [override({ member: 'n1', action: 'drain' }), override({ cluster: 'stock' })];
    router.answers.set('GET /v2/status', [[200, documents.document({ clusters, overrides })]]);
    const run = ctl(['explain', 'n1', '--service', 'replica']);
    expect(await run.code).toBe(0);
    expect(run.out().replaceAll(/\n +/g, ' ')).toContain(
      'override: drain of n1 by alice@lb1 (kernel update), for another 2 h [ab12cd34]',
    );
    const json = ctl(['explain', 'n1', '-o', 'json']);
    await json.code;
    expect(JSON.parse(json.out())).toMatchObject([{ override: null }, { override: { id: 'ab12cd34' } }]);
  });
});

describe('pgroutectl fleet', () => {
  const fleetOf = (applied: boolean, changes: Partial<FleetDocument> = {}): FleetDocument => ({
    enabled: true,
    prefix: '/pgrouted',
    name: 'lb1',
    shared: true,
    registered: true,
    problem: null,
    alarms: [],
    clusters: [
      {
        cluster: 'orders',
        leader: 'n2',
        applied,
        waiting: applied ? [] : ['HAProxy edge of lb2 does not hold it yet (hung)'],
        routers: ['lb1', 'lb2'].map((name) => ({
          name,
          own: name === 'lb1',
          version: '1.0.0',
          host: name,
          since: '2026-11-21T10:00:00Z',
          leader: 'n2',
          revision: '1200',
          services: { primary: { in: ['n2'], reason: 'write_open' } },
          targets: [{ name: 'edge', state: applied ? 'reachable' : 'hung', converged: applied }],
          health: [],
        })),
      },
    ],
    ...changes,
  });
  const says = (...documents_: FleetDocument[]) =>
    router.answers.set(
      'GET /v2/fleet',
      documents_.map((one) => [200, one] as const),
    );

  it('ends with 0 where all have switched, and with 1 and what is waited for where not', async () => {
    says(fleetOf(true));
    const run = ctl(['fleet']);
    expect([await run.code, run.out()]).toEqual([0, expect.stringContaining('every router and HAProxy leads to n2')]);
    says(fleetOf(false));
    const late = ctl(['fleet', '--wait', '1ms']);
    expect(await late.code).toBe(1);
    expect(late.out()).toContain('waiting: HAProxy edge of lb2 does not hold it yet (hung)');
    expect(late.out()).toMatch(/lb1 \(this\) +1\.0\.0 +n2 +1200 +edge +no: hung/);
  });

  it('waits until they have', async () => {
    says(fleetOf(false), fleetOf(false), fleetOf(true));
    expect(await ctl(['fleet', '--wait', '30']).code).toBe(0);
    expect(router.asked).toHaveLength(3);
  });

  it.each([
    [
      fleetOf(true, { shared: false, problem: 'etcd: permission denied' }),
      [],
      /knows of no other: etcd: permission denied/,
    ],
    [fleetOf(true, { shared: false, enabled: false }), [], /shares nothing with others/],
    [fleetOf(true), ['--cluster', 'x'], /no cluster named x; known: orders/],
  ])('ends with 1 where there is nothing to tell', async (document, args, message) => {
    says(document);
    const run = ctl(['fleet', ...args]);
    expect([await run.code, run.err()]).toEqual([1, expect.stringMatching(message)]);
  });
});
