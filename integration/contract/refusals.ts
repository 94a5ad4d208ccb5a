// The contract, continued: what PgRoute66 answers to requests that fit none of its routes. The same in every situation.
import type { Row } from './row.ts';

type Rest = Pick<Row, 'original' | 'because' | 'with' | 'send'>;

const html = 'text/html; charset=utf-8';

const unknown = (ask: string, rest: Rest = {}): Row => ({
  ask,
  status: 404,
  type: 'text/plain',
  body: '404 page not found',
  ...rest,
});
const malformed = (ask: string, rest: Rest = {}): Row => ({
  ask,
  status: 400,
  type: 'text/plain; charset=utf-8',
  body: '400 Bad Request',
  ...rest,
});
const moved = (ask: string, location: string): Row => ({
  ask,
  status: 301,
  type: html,
  headers: { location },
  body: `<a href="${location.replaceAll('&', '&amp;')}">Moved Permanently</a>.\n\n`,
});
const noSuchMethod: Row['original'] = { status: 404, type: 'text/plain', headers: {} };
const methods = 'HEAD and OPTIONS are answered wherever there is a GET';

const head = (path: string, status: number): Row => ({
  ask: `HEAD ${path}`,
  status,
  type: 'application/json; charset=utf-8',
  original: noSuchMethod,
  because: methods,
});
const options = (path: string): Row => ({
  ask: `OPTIONS ${path}`,
  status: 204,
  headers: { allow: 'GET, HEAD, OPTIONS' },
  original: { ...noSuchMethod, body: '404 page not found' },
  because: methods,
});

export const refusals: readonly Row[] = [
  ...[
    '/',
    '/v1',
    '/v1/',
    '//',
    '//v1/primary',
    '/v1//primary',
    '/v1/./primary',
    '/v1/../v1/primary',
    '/V1/primary',
    '/v1/PRIMARY',
    '/v1/primary//',
    '/v1/primary/extra',
    '/v1/primary%3Fgroup=all',
    '/v1/{pg1}',
    '/v1/{pg1}/nope',
    '/v1/{pg1}/status//',
    '/v1/{pg1}/status/extra',
    '/v1/status',
    '/v1/p',
    '/v0/primary',
    '/primary',
    '/favicon.ico',
    '/nope/',
    '/nope?group=all',
    '/%00',
    '*',
  ].map((path) => unknown(`GET ${path}`)),

  ...['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'].flatMap((method) => [
    unknown(`${method} /v1/primary`),
    unknown(`${method} /v1/primary/`),
    unknown(`${method} /v1/{pg1}/status`),
  ]),
  unknown('POST /v1/primary', { with: ['Content-Type: application/json'], send: '{"half' }),
  { ask: 'HEAD /v1/nope', status: 404, type: 'text/plain' },
  unknown('OPTIONS /v1/nope'),

  moved('GET /v1/primary/', '/v1/primary'),
  moved('GET /v1/primary/?', '/v1/primary?'),
  moved('GET /v1/primary/?group=a&group=b%20c', '/v1/primary?group=a&group=b%20c'),
  moved('GET /v1/primary%2f', '/v1/primary'),
  moved('GET /v1/primary%2F?x', '/v1/primary?x'),
  moved('GET /v1/primaries/', '/v1/primaries'),
  moved('GET /v1/standbys/', '/v1/standbys'),
  moved('GET /v1/x/', '/v1/x'),
  moved('GET /v1/x/status/', '/v1/x/status'),
  moved('GET /v1/x/availability/', '/v1/x/availability'),
  moved('GET /v1//status/', '/v1/status'),
  moved('GET /v1/a%20b/status/', '/v1/a%20b/status'),
  moved('GET /v1/a!b/status/', '/v1/a%21b/status'),
  moved("GET /v1/a%3Fb;c=d(e)'*/status/", '/v1/a%3Fb;c=d%28e%29%27%2A/status'),
  moved('GET /v1/%C3%BC/status/', '/v1/%C3%BC/status'),
  moved('GET /v1/%FF/status/', '/v1/%FF/status'),

  malformed('GET /v1/%zz/status'),
  malformed('GET /v1/primary%'),
  malformed('GET /v1/primary', { with: ['no colon'] }),

  head('/v1/no-such-host/status', 404),
  head('/v1/standbys', 200),
  options('/v1/primary'),
  options('/v1/standbys?group=all'),
  options('/v1/{pg1}/status'),
  options('/v1/{pg1}/availability'),
];
