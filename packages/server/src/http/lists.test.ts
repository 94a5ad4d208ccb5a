import type { MemberAnswer } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { type Picture, routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

const member = (cluster: string, name: string, status: MemberAnswer['status']): MemberAnswer => ({
  cluster,
  member: name,
  status,
  groups: [cluster],
});

const calm: Picture = {
  members: [
    member('orders', 'pg3', 'standby'),
    member('orders', 'pg1', 'primary'),
    member('orders', 'pg2', 'standby'),
    member('orders', 'pg4', 'unavailable'),
  ],
  revision: '4711',
  ageMs: 42,
};
const headless: Picture = {
  ...calm,
  members: [member('orders', 'pg1', 'standby'), member('orders', 'pg2', 'unavailable')],
};
const twoClusters: Picture = {
  ...calm,
  members: [
    member('orders', 'o1', 'primary'),
    member('orders', 'twin', 'standby'),
    member('orders', 'same', 'standby'),
    member('stock', 's1', 'primary'),
    member('stock', 'twin', 'unavailable'),
    member('stock', 'same', 'standby'),
  ],
};
const oddNames: Picture = {
  ...calm,
  members: ['pg\u{1f418}', 'pg\uffee', '<b>&"', 'Pg', 'pg', 'pg\u2028'].map((name) =>
    member('orders', name, 'standby'),
  ),
};
const nothingRead: Picture = {};

const ask = (picture: Picture, url: string, method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS' | 'PUT' | 'DELETE' = 'GET') =>
  buildHttp(routerOf(picture), { metrics: createMetrics(), clock: systemClock, log: silentLog }).inject({
    method,
    url,
  });

const list = (...names: readonly string[]): string => `[\n${names.map((name) => `    "${name}"`).join(',\n')}\n]`;

describe("PgRoute66's lists", () => {
  it.each<[url: string, what: string, picture: Picture, status: number, body: string]>([
    ['/v1/primary', 'with one primary', calm, 200, '"pg1"'],
    ['/v1/primary', 'with none', headless, 404, '""'],
    ['/v1/primary', 'with two', twoClusters, 409, '""'],
    ['/v1/primary', 'before etcd was read', nothingRead, 404, '""'],
    ['/v1/primary?group=all', 'with one primary', calm, 200, '"pg1"'],
    ['/v1/primary?group=orders', 'of one cluster', twoClusters, 200, '"o1"'],
    ['/v1/primary?group=stock', 'of the other', twoClusters, 200, '"s1"'],
    ['/v1/primary?group=stock&group=orders', 'takes the first group', twoClusters, 200, '"s1"'],
    ['/v1/primary?group=nope', 'of an unknown group', calm, 404, '""'],
    ['/v1/primary?group=', 'of a group without a name', calm, 404, '""'],
    ['/v1/primaries', 'with one primary', calm, 200, list('pg1')],
    ['/v1/primaries', 'with none', headless, 200, '[]'],
    ['/v1/primaries', 'with two', twoClusters, 200, list('o1', 's1')],
    ['/v1/primaries', 'before etcd was read', nothingRead, 200, '[]'],
    ['/v1/primaries?group=nope', 'of an unknown group', calm, 200, '[]'],
    ['/v1/standbys', 'sorted by name', calm, 200, list('pg2', 'pg3')],
    ['/v1/standbys', 'before etcd was read', nothingRead, 200, '[]'],
    ['/v1/standbys?group=stock', 'of one cluster', twoClusters, 200, list('same')],
    ['/v1/standbys?group=nope', 'of an unknown group', calm, 200, '[]'],
    ['/v1/pg1/status', 'of the primary', calm, 200, '"primary"'],
    ['/v1/pg2/status', 'of a standby', calm, 200, '"standby"'],
    ['/v1/pg4/status', 'of one that is neither', calm, 422, '"unavailable"'],
    ['/v1/pg9/status', 'of one that is unknown', calm, 404, '"invalid"'],
    ['/v1/pg1/status', 'before etcd was read', nothingRead, 404, '"invalid"'],
    ['/v1/same/status', 'of a name in two clusters that agree', twoClusters, 200, '"standby"'],
    ['/v1/twin/status', 'of a name in two clusters that do not', twoClusters, 422, '"unavailable"'],
    [
      '/v1/standbys',
      "of names that Go's encoder escapes, in the order of their bytes",
      oddNames,
      200,
      list('\\u003cb\\u003e\\u0026\\"', 'Pg', 'pg', 'pg\\u2028', 'pg\uffee', 'pg\u{1f418}'),
    ],
    ['/v1/%3Cb%3E&%22/status', 'of such a name', oddNames, 200, '"standby"'],
    ['/v1/%70g1/status', 'of a name in its encoded form', calm, 200, '"primary"'],
  ])('GET %s %s', async (url, _, picture, status, body) => {
    const answer = await ask(picture, url);
    expect(answer.statusCode).toBe(status);
    expect(answer.body).toBe(body);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-pgrouted-source']).toBe('patroni');
    expect(answer.headers['x-pgrouted-revision']).toBe(picture.revision);
    expect(answer.headers['x-pgrouted-age-ms']).toBe(picture.ageMs?.toString());
  });

  it.each(['patroni', 'stolon', 'patroni, stolon'])('say that they rest on %s', async (source) => {
    for (const url of ['/v1/primary', '/v1/primaries', '/v1/standbys', '/v1/pg1/status']) {
      expect((await ask({ ...calm, source }, url)).headers['x-pgrouted-source']).toBe(source);
    }
  });

  it.each(['POST', 'PUT', 'DELETE'] as const)('know no %s', async (method) => {
    for (const url of [
      '/v1/primary',
      '/v1/primaries',
      '/v1/standbys',
      '/v1/pg1/status',
      '/health/is-live',
      '/v2/status',
    ]) {
      expect((await ask(calm, url, method)).statusCode).toBe(404);
    }
  });
});
