// What PgRoute66 0.8 answered to each of these was read off the program itself.
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { fullStatus, routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

const app = buildHttp(routerOf({ status: fullStatus }), {
  metrics: createMetrics(),
  clock: systemClock,
  log: silentLog,
});
const ask = (method: Method, url: string, payload?: string) =>
  app.inject({ method, url, ...(payload === undefined ? {} : { payload, headers: { 'content-type': 'x/y' } }) });

describe('a path that PgRoute66 does not know', () => {
  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/pg1',
    '/v1/status',
    '/v1/p',
    '/v1//primary',
    '//v1/primary',
    '/v1/primary//',
    '/v1/pg1/status//',
    '/v1/primary/extra',
    '/v1/pg1/status/extra',
    '/V1/primary',
    '/v1/primary%3Fgroup=all',
    '/nope/',
    '/%00',
    '/v2x',
  ])('GET %s is 404 in its words', async (url) => {
    const answer = await ask('GET', url);
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      404,
      'text/plain',
      '404 page not found',
    ]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)(
    'is what its own are to %s, with a body or without',
    async (method) => {
      for (const url of ['/v1/primary', '/v1/primary/', '/v1/pg1/status', '/v1/pg1/availability']) {
        for (const payload of [undefined, '{"half', 'x'.repeat(100_000)]) {
          const answer = await ask(method, url, payload);
          expect([answer.statusCode, answer.body]).toEqual([404, '404 page not found']);
        }
      }
    },
  );

  it.each(['/v2', '/v2/', '/v2/nope', '/health', '/metrics/x', '/haproxy/a'])(
    'below ours, as %s, is 404 in our words',
    async (url) => {
      const answer = await ask('GET', url);
      expect([answer.statusCode, answer.json()]).toEqual([404, { error: 'no such route' }]);
      expect((await ask('POST', url)).json()).toEqual({ error: 'no such route' });
    },
  );
});

describe('a slash too many at the end', () => {
  it.each([
    ['/v1/primary/', '/v1/primary'],
    ['/v1/primaries/', '/v1/primaries'],
    ['/v1/standbys/?group=a&group=b', '/v1/standbys?group=a&group=b'],
    ['/v1/primary%2f', '/v1/primary'],
    ['/v1/pg1/', '/v1/pg1'],
    ['/v1/pg1/status/', '/v1/pg1/status'],
    ['/v1/pg1/availability/?limit=', '/v1/pg1/availability?limit='],
    ['/v1//status/', '/v1/status'],
    ['/v1/pg%202/status/', '/v1/pg%202/status'],
    ['/v1/a!b/status/', '/v1/a%21b/status'],
    ["/v1/a%3Fb;c=d(e)'*/status/", '/v1/a%3Fb;c=d%28e%29%27%2A/status'],
    ['/v1/%C3%BC/status/', '/v1/%C3%BC/status'],
    ['/v1/%FF/status/', '/v1/%FF/status'],
  ])('GET %s goes to %s', async (url, location) => {
    const answer = await ask('GET', url);
    expect([answer.statusCode, answer.headers.location, answer.headers['content-type']]).toEqual([
      301,
      location,
      'text/html; charset=utf-8',
    ]);
    expect(answer.body).toBe(`<a href="${location.replaceAll('&', '&amp;')}">Moved Permanently</a>.\n\n`);
  });
});

describe('a URL that is none', () => {
  it.each(['/v1/%zz/status', '/v1/%4/status', '/%'])('GET %s is 400 in its words', async (url) => {
    const answer = await ask('GET', url);
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      400,
      'text/plain; charset=utf-8',
      '400 Bad Request',
    ]);
  });

  it.each([
    ['/v1/%FF/status', 404],
    [`/v1/${'x'.repeat(8_000)}/status`, 404],
    ['/v1//status', 404],
    ['/v1/%FF/availability', 417],
  ])('but a name that nobody can bear is an unknown one: GET %s', async (url, status) => {
    const answer = await ask('GET', url);
    expect([answer.statusCode, answer.body]).toEqual([status, '"invalid"']);
  });
});

describe('where there is a GET', () => {
  const urls = [
    '/v1/primary',
    '/v1/pg1/status',
    '/v2/status',
    '/v2/events',
    '/health/is-live',
    '/haproxy/a/b',
    '/metrics',
  ];

  it.each(urls)('HEAD %s gives its headers alone', async (url) => {
    const [head, get] = [await ask('HEAD', url), await ask('GET', url)];
    const { date: _, ...headers } = get.headers;
    expect(head.statusCode).toBe(get.statusCode);
    expect(head.headers).toMatchObject(headers);
    expect(head.body).toBe('');
  });

  it.each([...urls, '/v1/pg1/availability', '/v2/events/stream'])('OPTIONS %s says what is allowed', async (url) => {
    const answer = await ask('OPTIONS', url);
    expect([answer.statusCode, answer.headers['allow'], answer.body]).toEqual([204, 'GET, HEAD, OPTIONS', '']);
  });

  it('HEAD of the endless stream ends', async () => {
    const answer = await ask('HEAD', '/v2/events/stream');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });
});
