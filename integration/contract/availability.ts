// The contract, continued: the availability check. Its requests write to the primary, so they are put only where that is allowed. Before the first of
// these rows the table exists, and has been replicated, as after any request a moment ago.
import type { Situation } from './cast.ts';
import { hangs, type Row } from './row.ts';

/** On PostgreSQL 14 and newer PgRoute66 reads the age as another type than it gets, and fails whatever it is. */
const failsFrom14: Pick<Row, 'original' | 'because'> = {
  original: { status: 417, body: '"unexpected result type checking for duration (pgtype.Numeric != float64)"' },
  because: "PostgreSQL's extract gives numeric since version 14, and PgRoute66 expects a float",
};

type Make = (ask: string, answer: Pick<Row, 'status' | 'body'>) => Row;

const rows = (row: Make): Readonly<Partial<Record<Situation, readonly Row[]>>> => {
  const ok = (ask: string) => row(ask, { status: 200, body: '"ok"' });
  const exceeded = (ask: string, limit: string) =>
    row(ask, { status: 408, body: `"exceeded (exceeded ${limit} by {age} msec)"` });
  const failed = (ask: string, text: string): Row => ({ ask, status: 417, body: JSON.stringify(text) });
  const unreachable = 'failed to check for table "public"."pgr66_avc"';
  return {
    calm: [
      ok('GET /v1/{pg1}/availability'),
      ok('GET /v1/{pg2}/availability'),
      ok('GET /v1/{odd}/availability'),
      ok('GET /v1/{pg1}/availability?limit=600'),
      ok('GET /v1/{pg1}/availability?limit=1e9'),
      ok('GET /v1/{pg1}/availability?limit=%2B6e2'),
      ok('GET /v1/{pg1}/availability?limit=1e50'),
      ok('GET /v1/{pg1}/availability?limit=inf'),
      ok('GET /v1/{pg1}/availability?limit=%2BInfinity'),
      ok('GET /v1/{pg1}/availability?limit=nan'),
      ok('GET /v1/{pg1}/availability?limit=600&limit=0'),
      ok('GET /v1/{pg1}/availability?Limit=0'),
      ok('GET /v1/{pg1}/availability?limit=%zz'),
      exceeded('GET /v1/{pg1}/availability?limit=0', '0.000000'),
      exceeded('GET /v1/{pg2}/availability?limit=0', '0.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=1e-50', '0.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=', '-1.000000'),
      exceeded('GET /v1/{pg1}/availability?limit', '-1.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=-1', '-1.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=-0.1', '-0.100000'),
      exceeded('GET /v1/{pg1}/availability?limit=-16777217', '-16777216.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=-1e30', '-1000000015047466219876688855040.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=-inf', '-Inf'),
      exceeded('GET /v1/{pg1}/availability?limit=abc', '0.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=600s', '0.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=+600', '0.000000'),
      exceeded('GET /v1/{pg1}/availability?limit=600%20', '0.000000'),
      failed('GET /v1/{down}/availability', unreachable),
      failed('GET /v1/no-such-host/availability', 'invalid'),
      failed('GET /v1/no-such-host/availability?limit=abc', 'invalid'),
      failed('GET /v1//availability', 'invalid'),
      failed('GET /v1/%FF/availability', 'invalid'),
    ],
    hole: [
      { ...ok('GET /v1/{pg1}/availability'), ...hangs },
      { ...failed('GET /v1/{pg3}/availability', unreachable), ...hangs },
    ],
    none: [
      ok('GET /v1/{pg3}/availability?limit=inf'),
      failed('GET /v1/{pg1}/availability', unreachable),
      failed('GET /v1/no-such-host/availability', 'invalid'),
    ],
    nobody: [
      failed('GET /v1/{pg1}/availability', unreachable),
      failed('GET /v1/{pg2}/availability?limit=inf', unreachable),
      failed('GET /v1/no-such-host/availability', 'invalid'),
    ],
  };
};

const asMeant = rows((ask, answer) => ({ ask, ...answer }));
const withFault = rows((ask, answer) => ({ ask, ...answer, ...failsFrom14 }));

/** `postgres`: the major version. */
export const availabilityRows = (situation: Situation, postgres: number): readonly Row[] =>
  (postgres >= 14 ? withFault : asMeant)[situation] ?? [];
