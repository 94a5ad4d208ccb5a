import type { CheckAnswer, CheckQuestion, RouterApi } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

const primary: CheckAnswer = {
  status: 200,
  standing: 'primary',
  reason: 'pg1 has said that it is primary',
  body: { state: 'running', role: 'primary' },
};
const standby: CheckAnswer = { ...primary, standing: 'standby', body: { state: 'running', role: 'replica' } };
const nobody: CheckAnswer = { ...primary, status: 503, standing: 'neither', reason: 'no answer:\nrefused', body: {} };

/** A router that gives this answer about `pg1` and has heard these questions. */
function routerWith(answer: CheckAnswer): { readonly api: RouterApi; readonly asked: CheckQuestion[] } {
  const asked: CheckQuestion[] = [];
  const check: RouterApi['check'] = (question) => {
    asked.push(question);
    return question.member === 'pg1' || question.member === 'a b/c' ? answer : undefined;
  };
  return { api: { ...routerOf({}), check }, asked };
}

type Method = 'GET' | 'HEAD' | 'OPTIONS';

const ask = (api: RouterApi, url: string, method: Method = 'GET') =>
  buildHttp(api, { metrics: createMetrics(), clock: systemClock, log: silentLog }).inject({ method, url });

describe("Patroni's checks over HTTP", () => {
  it('answer GET with compact JSON', async () => {
    const answer = await ask(routerWith(primary).api, '/v1/pg1/check/primary');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.body).toBe('{"state":"running","role":"primary"}');
  });

  it.each(['check/primary', 'pgsqlchk'])('tell what they rest on in headers, as the lists do: %s', async (check) => {
    const api = { ...routerOf({ revision: '7', ageMs: 3, source: 'stolon' }), check: () => primary };
    for (const method of ['GET', 'OPTIONS'] as const) {
      const { headers } = await ask(api, `/v1/pg1/${check}`, method);
      expect(headers).toMatchObject({
        'x-pgrouted-source': 'stolon',
        'x-pgrouted-revision': '7',
        'x-pgrouted-age-ms': '3',
      });
    }
  });

  it.each<[method: Method, url: string, answer: CheckAnswer, status: number]>([
    ['HEAD', '/v1/pg1/check/primary', primary, 200],
    ['OPTIONS', '/v1/pg1/check/primary', primary, 200],
    ['OPTIONS', '/v1/pg1/check/', primary, 200],
    ['HEAD', '/v1/pg1/check/replica', nobody, 503],
    ['OPTIONS', '/v1/pg1/check/replica', nobody, 503],
    ['OPTIONS', '/v1/pg9/check/primary', primary, 404],
    ['HEAD', '/v1/pg9/check/liveness', primary, 404],
    // With these methods Patroni knows neither.
    ['OPTIONS', '/v1/pg1/check/liveness', primary, 503],
    ['HEAD', '/v1/pg1/check/readiness', primary, 503],
  ])('%s %s is a status line alone', async (method, url, given, status) => {
    const answer = await ask(routerWith(given).api, url, method);
    expect([answer.statusCode, answer.body]).toEqual([status, '']);
  });

  it('say `invalid` of a name that nobody bears', async () => {
    const answer = await ask(routerWith(primary).api, '/v1/pg9/check/primary');
    expect([answer.statusCode, answer.body]).toEqual([404, '"invalid"']);
  });

  it.each<[url: string, question: CheckQuestion]>([
    ['/v1/pg1/check/', { member: 'pg1', kind: '', query: [] }],
    ['/v1/pg1/check/replica/x', { member: 'pg1', kind: 'replica/x', query: [] }],
    ['/v1/a%20b%2Fc/check/sync', { member: 'a b/c', kind: 'sync', query: [] }],
    [
      '/v1/pg1/check/replica?lag=16MB&tag_zone=a+b%2Bc&lag=1',
      {
        member: 'pg1',
        kind: 'replica',
        query: [
          ['lag', '16MB'],
          ['tag_zone', 'a b+c'],
          ['lag', '1'],
        ],
      },
    ],
    ['/v1/pg1/check/replica?', { member: 'pg1', kind: 'replica', query: [] }],
  ])('%s asks what is written there', async (url, question) => {
    const { api, asked } = routerWith(primary);
    await ask(api, url);
    expect(asked).toEqual([question]);
  });

  it('leave other routes of the same name alone', async () => {
    const { api, asked } = routerWith(primary);
    expect((await ask(api, '/v1/pg1/status')).statusCode).toBe(404);
    expect((await ask(api, '/v1/pg1/check')).statusCode).toBe(404);
    expect(asked).toEqual([]);
  });
});

describe('the pgsqlchk check', () => {
  it.each<[what: string, given: CheckAnswer, status: number, line: string]>([
    ['a primary', primary, 200, 'pg1 is primary\n'],
    ['a standby', standby, 206, 'pg1 is standby\n'],
    ['a standby that the tag noloadbalance keeps out', { ...standby, status: 503 }, 206, 'pg1 is standby\n'],
    ['anything else', nobody, 503, 'pg1 takes no traffic: no answer: refused\n'],
  ])('tells %s by status and in one line', async (_what, given, status, line) => {
    const answer = await ask(routerWith(given).api, '/v1/pg1/pgsqlchk');
    expect([answer.statusCode, answer.body]).toEqual([status, line]);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    for (const method of ['HEAD', 'OPTIONS'] as const) {
      const bare = await ask(routerWith(given).api, '/v1/pg1/pgsqlchk', method);
      expect([bare.statusCode, bare.body]).toEqual([status, '']);
    }
  });

  it('knows nobody of another name', async () => {
    const answer = await ask(routerWith(primary).api, '/v1/pg9/pgsqlchk');
    expect([answer.statusCode, answer.body]).toEqual([404, 'no such member\n']);
  });

  it('lets the cluster be named, and takes no other parameter', async () => {
    const { api, asked } = routerWith(primary);
    await ask(api, '/v1/pg1/pgsqlchk?cluster=orders&lag=0&tag_x=1');
    expect(asked).toEqual([{ member: 'pg1', kind: 'read-only', query: [['cluster', 'orders']] }]);
  });
});
