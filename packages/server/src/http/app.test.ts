import { readFileSync } from 'node:fs';
import { silentLog } from '@pgrouted/core/model/log';
import { eventsSchema, statusSchema } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import { emptyStatus, entryOf, fullStatus, type Picture, routerOf } from '../../test/picture.ts';
import { stolonSection, stolonStatus, stolonStatusWith } from '../../test/stolon-picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

const appOf = (picture: Picture) =>
  buildHttp(routerOf(picture), { metrics: createMetrics(), clock: systemClock, log: silentLog });
const get = (picture: Picture, url: string) => appOf(picture).inject({ method: 'GET', url });

describe('health', () => {
  it.each([
    ['/health/is-live', false, 200, 'true'],
    ['/health/is-live', true, 200, 'true'],
    ['/health/is-ready', true, 200, 'true'],
    ['/health/is-ready', false, 500, 'false'],
  ])('GET %s while ready is %s answers %d', async (url, ready, status, body) => {
    const answer = await get({ ready }, url);
    expect([answer.statusCode, answer.body]).toEqual([status, body]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});

describe('the status document', () => {
  it('is what the router knows, by the published schema', async () => {
    const answer = await get({ status: fullStatus }, '/v2/status');
    expect(answer.statusCode).toBe(200);
    expect(statusSchema.parse(answer.json())).toEqual(fullStatus);
  });

  it.each([
    ['registered', stolonSection],
    ['passive', { ...stolonSection, registration: null }],
    ['with clusterdata that can not be used', { ...stolonSection, problem: 'formatVersion 2' }],
    ['not read yet', null],
  ])('tells of a Stolon cluster, %s', async (_, stolon) => {
    const status = stolonStatusWith(stolon);
    expect(statusSchema.parse((await get({ status }, '/v2/status')).json())).toEqual(status);
  });

  it('comes with its JSON schema', async () => {
    const app = appOf({});
    const answer = await app.inject('/v2/status/schema');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['router', 'clusters', 'targets']),
    });
    expect((await app.inject('/v2/status/schema')).body).toBe(answer.body);
  });
});

describe('the journal over HTTP', () => {
  const entries = [1, 2, 3, 4].map((seq) => entryOf(seq));

  it.each([
    ['/v2/events', [1, 2, 3, 4]],
    ['/v2/events?after=2', [3, 4]],
    ['/v2/events?after=4', []],
    ['/v2/events?limit=1', [4]],
    ['/v2/events?after=1&limit=2', [3, 4]],
  ])('GET %s gives entries %j', async (url, seqs) => {
    const document = eventsSchema.parse((await get({ entries }, url)).json());
    expect(document.entries.map(({ seq }) => seq)).toEqual(seqs);
    expect(document.lastSeq).toBe(4);
  });

  it.each(['after=x', 'after=-1', 'after=', 'after=1e9', 'limit=0', 'limit=two', 'limit=99999999'])(
    'refuses ?%s',
    async (query) => {
      const answer = await get({ entries }, `/v2/events?${query}`);
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toEqual({ error: expect.stringMatching(/^(after|limit) must be a whole number/) });
    },
  );
});

describe("HAProxy's check", () => {
  it.each([
    ['the writer, by its server line', 'orders_primary/line1', 200, 'ready'],
    ['a server that is out', 'orders_primary/line2', 503, 'maint'],
    ['a member whose line has another name', 'orders_primary/pg1', 503, 'unknown'],
    ['a member whose line is not known yet', 'orders_replica/pg2', 200, 'ready'],
    ['a server that is drained', 'orders_replica/pg1', 503, 'drain'],
    ['a server that nobody knows', 'orders_primary/pg9', 503, 'unknown'],
    ['a backend that nobody knows', 'nope/line1', 503, 'unknown'],
    ["the keeper of Stolon's master", 'shop_primary/keeper1', 200, 'ready'],
    ['another keeper', 'shop_primary/keeper2', 503, 'maint'],
    ['a keeper without a db', 'shop_primary/keeper3', 503, 'maint'],
  ])('of %s: GET /haproxy/%s answers %d', async (_, path, status, body) => {
    const both = { ...fullStatus, clusters: [...fullStatus.clusters, ...stolonStatus.clusters] };
    const answer = await get({ status: both }, `/haproxy/${path}`);
    expect([answer.statusCode, answer.json()]).toEqual([status, body]);
  });

  it('holds on to a server that is kept as it is after a start', async () => {
    const clusters = stolonStatus.clusters.map((cluster) => ({
      ...cluster,
      services: cluster.services.map((service) => ({
        ...service,
        kept: 'keeper1',
        servers: service.servers.map((server) => ({ ...server, state: 'drain' as const })),
      })),
    }));
    const both = (path: string) => get({ status: { ...stolonStatus, clusters } }, `/haproxy/shop_primary/${path}`);
    expect([(await both('keeper1')).statusCode, (await both('keeper1')).json()]).toEqual([200, 'kept']);
    expect((await both('keeper2')).statusCode).toBe(503);
  });

  it('fails as long as nothing is decided', async () => {
    expect((await get({ status: emptyStatus }, '/haproxy/orders_primary/line1')).statusCode).toBe(503);
  });
});

describe('a route that breaks inside', () => {
  it('says so without saying how', async () => {
    const logged: unknown[] = [];
    const broken = {
      ...routerOf({}),
      status: () => {
        throw new Error('password=hunter2');
      },
    };
    const log = { ...silentLog, error: (...line: unknown[]) => void logged.push(line) };
    const answer = await buildHttp(broken, { metrics: createMetrics(), clock: systemClock, log }).inject('/v2/status');
    expect([answer.statusCode, answer.json()]).toEqual([500, { error: 'internal error' }]);
    expect(logged).toEqual([[{ method: 'GET', route: '/v2/status', err: 'password=hunter2' }, 'a request has failed']]);
  });
});

describe('docs/rest.md', () => {
  it('has a heading for every route, and for no other', async () => {
    const page = readFileSync(new URL('../../../../docs/rest.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^##+ GET (\S+)$/gm)].map(([, route]) => route ?? '');
    const app = appOf({});
    await app.ready();
    expect(documented.filter((url) => !app.hasRoute({ method: 'GET', url }))).toEqual([]);
    // The tree of routes has one line with methods for each of them.
    expect(app.printRoutes().match(/\(.*\bGET\b.*\)/g)).toHaveLength(documented.length);
  });
});
