// Which server the contract is put to: by default a pgrouted on a stage of its own; with PGROUTE66_URL one that is running already, be it pgrouted or
// PgRoute66, in a situation that its operator has made.
import { type Cast, inWords, type Situation, situations, usualCast } from './cast.ts';

export interface Running {
  readonly url: string;
  readonly situation: Situation;
  readonly cast: Cast;
}

export const howTo = `To put the contract to a server that is running:

  PGROUTE66_URL=http://127.0.0.1:8080 npm run test:contract

Its configuration has the hosts pg1, pg2 and pg3, 's<t>&u' (the server of pg3 under another name) and 'pg 4' (an address at which nobody listens), and
the groups 'one' (pg1, pg2), 'two' (pg3, 's<t>&u', 'pg 4'), 'g 3' (pg1, pg3) and 'none' (empty).

  PGROUTE66_CAST          JSON: its own names for pg1, pg2, pg3, odd, down and the groups first, second, spaced, empty; null for what it does not have.
                          {"pg1": "db-a", "pg2": "db-b", "pg3": null, "odd": null, "down": null, "first": "orders", "second": null}
  PGROUTE66_SITUATION     what its servers are now:
${situations.map((name) => `                            ${name.padEnd(8)}${inWords[name]}`).join('\n')}
  PGROUTE66_AVAILABILITY  1: also put the availability check, which writes to the primary (a table public.pgr66_avc)
  PGROUTE66_POSTGRES      the major version of PostgreSQL, 15 unless given; from 14 on PgRoute66's availability check always fails

Rows about what it does not have are left out, and named.`;

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined: no URL is given. Throws with `howTo` when the rest can't be understood. */
export function runningServer(env: Environment): Running | undefined {
  const url = env['PGROUTE66_URL'];
  if (url === undefined || url === '') return undefined;
  if (!URL.canParse(url)) throw new Error(`PGROUTE66_URL: ${url} is no URL\n\n${howTo}`);
  const wanted = env['PGROUTE66_SITUATION'] ?? 'calm';
  const situation = situations.find((name) => name === wanted);
  if (situation === undefined) throw new Error(`PGROUTE66_SITUATION: there is no situation '${wanted}'\n\n${howTo}`);
  return { url, situation, cast: castOf(env) };
}

function castOf(env: Environment): Cast {
  const names = namesOf(env['PGROUTE66_CAST'] ?? '{}');
  const { hosts, groups } = usualCast;
  return {
    hosts: {
      pg1: names('pg1', hosts.pg1),
      pg2: names('pg2', hosts.pg2),
      pg3: names('pg3', hosts.pg3),
      odd: names('odd', hosts.odd),
      down: names('down', hosts.down),
    },
    groups: {
      first: names('first', groups.first),
      second: names('second', groups.second),
      spaced: names('spaced', groups.spaced),
      empty: names('empty', groups.empty),
    },
    postgres: Number(env['PGROUTE66_POSTGRES'] ?? usualCast.postgres),
    availability: env['PGROUTE66_AVAILABILITY'] === '1',
  };
}

function namesOf(json: string): (role: string, usual: string | undefined) => string | undefined {
  const given: unknown = JSON.parse(json);
  if (typeof given !== 'object' || given === null) throw new Error(`PGROUTE66_CAST: it is no JSON object\n\n${howTo}`);
  return (role, usual) => {
    const name: unknown = Reflect.get(given, role);
    if (name === undefined) return usual;
    if (name === null) return undefined;
    if (typeof name !== 'string') throw new Error(`PGROUTE66_CAST: ${role} is no name\n\n${howTo}`);
    return name;
  };
}
