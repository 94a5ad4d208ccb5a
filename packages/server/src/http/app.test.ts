import { readFileSync } from 'node:fs';
import { silentLog } from '@pgrouted/core/model/log';
import { eventsSchema, statusSchema } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import { entryOf, fullStatus, type Picture, routerOf } from '../../test/picture.ts';
import { stolonSection, stolonStatusWith } from '../../test/stolon-picture.ts';
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
  const lines: NonNullable<Picture['lines']> = {
    'orders_primary/pg1': { status: 200, state: 'ready', code: 'leader_proven' },
    'orders_primary/pg2': { status: 503, state: 'maint', code: 'not_leader' },
  };

  it.each([
    ['a server that is in', 'orders_primary/pg1', 200, 'ready leader_proven\n'],
    ['a server that is out', 'orders_primary/pg2', 503, 'maint not_leader\n'],
    ['a server that nobody knows', 'nope/pg1', 503, 'unknown no_such_line\n'],
  ])('of %s: GET /haproxy/%s answers %d', async (_, path, status, body) => {
    const answer = await get({ lines }, `/haproxy/${path}`);
    expect([answer.statusCode, answer.body]).toEqual([status, body]);
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
