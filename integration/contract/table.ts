// The contract with PgRoute66's clients: situation, request, answer. Rows were read off PgRoute66 0.8.4-devel itself, byte by byte; where pgrouted
// differs on purpose, `original` says what PgRoute66 does instead, and `because` says why.
import type { Situation } from './cast.ts';
import { type Expected, hangs, type Row } from './row.ts';

type Rest = Omit<Row, 'ask' | keyof Expected>;

const row = (ask: string, status: number, body: string, rest: Rest = {}): Row => ({ ask, status, body, ...rest });
const list = (ask: string, ...names: NonNullable<Row['list']>): Row => ({ ask, status: 200, list: names });

/** All that is known of nobody. */
const invalid = (name: string): readonly Row[] => [
  row(`GET /v1/${name}/status`, 404, '"invalid"'),
  row(`GET /v1/${name}/status?group={first}`, 404, '"invalid"'),
];

export const table: Readonly<Record<Situation, readonly Row[]>> = {
  calm: [
    row('GET /v1/primary', 200, '"{pg1}"'),
    row('GET /v1/primary?', 200, '"{pg1}"'),
    row('GET /v1/primary?group=all', 200, '"{pg1}"'),
    row('GET /v1/primary?group={first}', 200, '"{pg1}"'),
    row('GET /v1/primary?group={spaced}', 200, '"{pg1}"'),
    row('GET /v1/primary?group={hex first}', 200, '"{pg1}"'),
    row('GET /v1/primary?group={second}', 404, '""'),
    row('GET /v1/primary?group={empty}', 404, '""'),
    row('GET /v1/primary?group=no-such-group', 404, '""'),
    row('GET /v1/primary?group=', 404, '""'),
    row('GET /v1/primary?group', 404, '""'),
    row('GET /v1/primary?group=ALL', 404, '""'),
    row('GET /v1/primary?group=all%20', 404, '""'),
    row('GET /v1/primary?group={first}&group={second}', 200, '"{pg1}"'),
    row('GET /v1/primary?group={second}&group={first}', 404, '""'),
    row('GET /v1/primary?group=&group={first}', 404, '""'),
    row('GET /v1/primary?Group={second}', 200, '"{pg1}"'),
    row('GET /v1/primary?x=1&group={first}#y', 404, '""'),
    row('GET /v1/primary?group=%zz', 200, '"{pg1}"'),
    row('GET /v1/primary?group={second};x', 200, '"{pg1}"'),
    row('GET /v1/primary?group=%FF', 404, '""'),
    row('GET /v1/primar%79', 200, '"{pg1}"'),
    row('GET http://elsewhere/v1/primary', 200, '"{pg1}"'),
    row('GET http://elsewhere/v1/primary?group={second}', 404, '""'),
    row('GET /v1/primary', 200, '"{pg1}"', { with: ['Accept: text/html', 'Accept-Encoding: gzip'] }),
    row('GET /v1/primary', 200, '"{pg1}"', { with: ['Content-Type: application/json'], send: '{"half' }),

    list('GET /v1/primaries', 'pg1'),
    list('GET /v1/primaries?group=all', 'pg1'),
    list('GET /v1/primaries?group={first}', 'pg1'),
    list('GET /v1/primaries?group={second}'),
    list('GET /v1/primaries?group={empty}'),
    list('GET /v1/primaries?group=no-such-group'),
    list('GET /v1/primaries?group='),

    list('GET /v1/standbys', 'pg2', 'pg3', 'odd'),
    list('GET /v1/standbys?group={first}', 'pg2'),
    list('GET /v1/standbys?group={second}', 'pg3', 'odd'),
    list('GET /v1/standbys?group={spaced}', 'pg3'),
    list('GET /v1/standbys?group={empty}'),
    list('GET /v1/standbys?group=no-such-group'),
    list('GET /v1/standbys?group='),
    list('GET /v1/standbys?group={first}&group={second}', 'pg2'),

    row('GET /v1/{pg1}/status', 200, '"primary"'),
    row('GET /v1/{hex pg1}/status', 200, '"primary"'),
    row('GET /v1/{pg1}/status?group={second}', 200, '"primary"'),
    row('GET /v1/{pg2}/status', 200, '"standby"'),
    row('GET /v1/{pg3}/status', 200, '"standby"'),
    row('GET /v1/{odd}/status', 200, '"standby"'),
    row('GET /v1/{hex odd}/status', 200, '"standby"'),
    row('GET /v1/{down}/status', 422, '"unavailable"'),
    row('GET /v1/{hex down}/status', 422, '"unavailable"'),
    ...invalid('no-such-host'),
    ...invalid('{first}'),
    ...invalid('primary'),
    ...invalid(''),
    ...invalid('%FF'),
    ...invalid('x'.repeat(3_000)),
  ],

  hole: [
    row('GET /v1/primary', 200, '"{pg1}"', hangs),
    row('GET /v1/primary?group={first}', 200, '"{pg1}"'),
    { ...list('GET /v1/primaries', 'pg1'), ...hangs },
    { ...list('GET /v1/standbys', 'pg2'), ...hangs },
    { ...list('GET /v1/standbys?group={second}'), ...hangs },
    row('GET /v1/{pg1}/status', 200, '"primary"'),
    row('GET /v1/{pg2}/status', 200, '"standby"'),
    row('GET /v1/{pg3}/status', 422, '"unavailable"', hangs),
    row('GET /v1/{odd}/status', 422, '"unavailable"', hangs),
    row('GET /v1/no-such-host/status', 404, '"invalid"'),
  ],

  two: [
    row('GET /v1/primary', 409, '""'),
    row('GET /v1/primary?group={first}', 409, '""'),
    row('GET /v1/primary?group={spaced}', 200, '"{pg1}"'),
    row('GET /v1/primary?group={second}', 404, '""'),
    list('GET /v1/primaries', 'pg1', 'pg2'),
    list('GET /v1/primaries?group={first}', 'pg1', 'pg2'),
    list('GET /v1/standbys', 'pg3', 'odd'),
    list('GET /v1/standbys?group={first}'),
    row('GET /v1/{pg1}/status', 200, '"primary"'),
    row('GET /v1/{pg2}/status', 200, '"primary"'),
    row('GET /v1/{pg3}/status', 200, '"standby"'),
  ],

  none: [
    row('GET /v1/primary', 404, '""'),
    row('GET /v1/primary?group={first}', 404, '""'),
    row('GET /v1/primary?group={second}', 404, '""'),
    list('GET /v1/primaries'),
    list('GET /v1/standbys', 'pg3', 'odd'),
    list('GET /v1/standbys?group={first}'),
    list('GET /v1/standbys?group={second}', 'pg3', 'odd'),
    row('GET /v1/{pg1}/status', 422, '"unavailable"'),
    row('GET /v1/{pg2}/status', 422, '"unavailable"'),
    row('GET /v1/{pg3}/status', 200, '"standby"'),
    row('GET /v1/no-such-host/status', 404, '"invalid"'),
  ],

  nobody: [
    row('GET /v1/primary', 404, '""'),
    row('GET /v1/primary?group={first}', 404, '""'),
    list('GET /v1/primaries'),
    list('GET /v1/standbys'),
    row('GET /v1/{pg1}/status', 422, '"unavailable"'),
    row('GET /v1/{odd}/status', 422, '"unavailable"'),
    row('GET /v1/no-such-host/status', 404, '"invalid"'),
  ],
};
