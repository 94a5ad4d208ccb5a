import type { AvailabilityAnswer } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

/** Asks a router that gives this answer; tells what came back, and what the router was asked. */
async function ask(query: string, answer: AvailabilityAnswer = { kind: 'ok' }, name = 'pg1') {
  const asked: (readonly [string, number])[] = [];
  const api = {
    ...routerOf({}),
    availability: async (member: string, limitS: number) => {
      asked.push([member, limitS]);
      return answer;
    },
  };
  const app = buildHttp(api, { metrics: createMetrics(), clock: systemClock, log: silentLog });
  const { statusCode, body, headers } = await app.inject(`/v1/${name}/availability${query}`);
  return { asked, statusCode, body, type: headers['content-type'] };
}

describe('the limit of the availability check', () => {
  it.each([
    ['', 10],
    ['?limit=', -1],
    ['?limit', -1],
    ['?limit=0', 0],
    ['?limit=0.5', 0.5],
    ['?limit=.5', 0.5],
    ['?limit=5.', 5],
    ['?limit=%2B5', 5],
    ['?limit=-1', -1],
    ['?limit=1e9', 1e9],
    ['?limit=1e50', Number.POSITIVE_INFINITY],
    ['?limit=-1e50', Number.NEGATIVE_INFINITY],
    ['?limit=1e-50', 0],
    ['?limit=inf', Number.POSITIVE_INFINITY],
    ['?limit=-Infinity', Number.NEGATIVE_INFINITY],
    ['?limit=NaN', Number.NaN],
    ['?limit=abc', 0],
    ['?limit=5s', 0],
    ['?limit=%205', 0],
    ['?limit=1,5', 0],
    ['?limit=5&limit=6', 5],
    ['?Limit=5', 10],
    // No pair that can be read.
    ['?limit=%zz', 10],
    ['?limit=5;6', 10],
    ['?a=b;c&limit=5', 5],
    ['?l%69mit=+5', 0],
    ['?limit=%FF', 0],
    // The nearest that 32 bits can hold.
    ['?limit=0.1', 0.10000000149011612],
    ['?limit=16777217', 16_777_216],
  ])('%j is %d seconds', async (query, limitS) => {
    expect((await ask(query)).asked).toEqual([['pg1', limitS]]);
  });
});

describe('the availability check', () => {
  const exceeded = (limit: number, age: number): AvailabilityAnswer => ({ kind: 'exceeded', limit, age });

  it.each<[AvailabilityAnswer, number, string]>([
    [{ kind: 'ok' }, 200, '"ok"'],
    [exceeded(10, 12.3), 408, '"exceeded (exceeded 10.000000 by 12.300000 msec)"'],
    [exceeded(-1, 0), 408, '"exceeded (exceeded -1.000000 by 0.000000 msec)"'],
    [exceeded(Math.fround(0.1), 0.25), 408, '"exceeded (exceeded 0.100000 by 0.250000 msec)"'],
    [exceeded(Number.NEGATIVE_INFINITY, 1e-7), 408, '"exceeded (exceeded -Inf by 0.000000 msec)"'],
    [exceeded(Number.NaN, Number.POSITIVE_INFINITY), 408, '"exceeded (exceeded NaN by +Inf msec)"'],
    [exceeded(-(2 ** 100), 1), 408, '"exceeded (exceeded -1267650600228229401496703205376.000000 by 1.000000 msec)"'],
    [{ kind: 'failed', text: 'invalid' }, 417, '"invalid"'],
    [
      { kind: 'failed', text: 'failed to check for table "public"."pgr66_avc"' },
      417,
      '"failed to check for table \\"public\\".\\"pgr66_avc\\""',
    ],
    [{ kind: 'failed', text: 'a<b & c' }, 417, '"a\\u003cb \\u0026 c"'],
    [{ kind: 'not_allowed' }, 417, '"this check writes to the primary; allow it with http.availability: true"'],
  ])('says %j in its words', async (answer, status, body) => {
    expect(await ask('', answer)).toMatchObject({ statusCode: status, body, type: 'application/json; charset=utf-8' });
  });

  it('is about the member whose name is in the path', async () => {
    expect((await ask('', { kind: 'ok' }, 'pg%202')).asked).toEqual([['pg 2', 10]]);
  });
});
