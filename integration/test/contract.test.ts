// The contract with PgRoute66's clients (integration/contract/), row by row over real sockets. By default against a pgrouted that was given
// PgRoute66's configuration file, in front of real PostgreSQL servers that go through every situation; with PGROUTE66_URL against any server that
// runs already, in the situation that it is in (integration/contract/environment.ts says how).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { availabilityRows } from '../contract/availability.ts';
import { type Cast, inWords, type Situation, situations, usualCast } from '../contract/cast.ts';
import { runningServer } from '../contract/environment.ts';
import { refusals } from '../contract/refusals.ts';
import { differences, expectedOf, type Row, type Staged, staged } from '../contract/row.ts';
import { openStage, type Stage } from '../contract/stage.ts';
import { table } from '../contract/table.ts';
import { askOnce, openWire } from '../contract/wire.ts';
import { eventually } from '../lab/process.ts';

const running = runningServer(process.env);
const cast: Cast = running?.cast ?? usualCast;
const title = ({ ask, with: lines = [] }: Row): string => [ask.slice(0, 90), ...lines].join(', ');

let stage: Stage | undefined;
let base = running?.url ?? '';
/** PgRoute66 itself, by what its answers lack. */
let isOriginal = false;

beforeAll(async () => {
  if (running === undefined) {
    stage = await openStage(cast);
    base = stage.daemon.url;
  }
  isOriginal = !(await askOnce(base, { method: 'GET', target: '/v1/x/status' })).headers.has('x-pgrouted-source');
});
afterAll(async () => stage?.close());

/** Put twice: the second answer may come from a memory of the first. Where PgRoute66 does something else than pgrouted, it has to do that. */
async function put({ row, request }: Staged & { readonly kind: 'row' }): Promise<void> {
  const expected = expectedOf(row, isOriginal);
  if (expected === undefined) return expect(askOnce(base, request, 1_500)).rejects.toThrow(/no answer/);
  const answers = [await askOnce(base, request), await askOnce(base, request)];
  expect(answers.map((answer) => differences(answer, expected, cast))).toEqual([[], []]);
}

const leftOut: string[] = [];
function leaveOut(what: string, why: string): void {
  leftOut.push(`${what}: ${why}`);
  it.skip(`${what} (${why})`, () => {});
}

function rowsOf(rows: readonly Row[]): void {
  for (const one of rows) {
    const on = staged(one, cast);
    if (on.kind === 'row') it(title(one), () => put(on));
    else leaveOut(title(one), on.why);
  }
}

/** The table is made by the first request, and reaches the standbys when it does. */
async function availabilityIsThere(): Promise<void> {
  for (const name of [cast.hosts.pg1, cast.hosts.pg2, cast.hosts.pg3]) {
    if (name === undefined) continue;
    await eventually(`the table on ${name}`, async () => {
      const target = `/v1/${encodeURIComponent(name)}/availability?limit=1e9`;
      return !(await askOnce(base, { method: 'GET', target })).body.includes('does not exist');
    });
  }
}

function situationOf(situation: Situation): void {
  describe(`${situation}: ${inWords[situation]}`, () => {
    beforeAll(async () => {
      await stage?.become(situation);
      if (situation === 'calm' && cast.availability) await availabilityIsThere();
    });
    describe('lists and states', () => rowsOf(table[situation]));
    const availability = availabilityRows(situation, cast.postgres);
    if (cast.availability && availability.length > 0) describe('availability', () => rowsOf(availability));
    if (situation !== 'calm' && running === undefined) return;
    describe('what fits no route', () => rowsOf(refusals));
    describe('connections', connections);
  });
}

function connections(): void {
  // Nobody has to be asked for it.
  const request = { method: 'GET', target: '/v1/no-such-host/status' };

  it('stay open for one request after the other, whatever their answers are', async () => {
    const wire = await openWire(base);
    const first = await wire.ask(request);
    expect((await wire.ask({ method: 'GET', target: '/nope' })).status).toBe(404);
    expect((await wire.ask({ method: 'POST', target: '/v1/primary', body: 'x' })).status).toBe(404);
    expect((await wire.ask(request)).body).toBe(first.body);
    wire.end();
  });

  it('are closed where the client says so', async () => {
    const wire = await openWire(base);
    const answer = await wire.ask({ ...request, headers: ['Connection: close'] });
    expect([answer.status, answer.headers.get('connection')]).toEqual([404, 'close']);
    await wire.closed;
  });

  it('of HTTP/1.0 need no Host, and end with the answer', async () => {
    const wire = await openWire(base);
    expect((await wire.ask({ ...request, version: '1.0' })).status).toBe(404);
    await wire.closed;
  });

  it('of HTTP/1.0 stay where they are asked to', async () => {
    const wire = await openWire(base);
    const again = { ...request, version: '1.0' as const, headers: ['Connection: keep-alive'] };
    expect((await wire.ask(again)).headers.get('connection')?.toLowerCase()).toBe('keep-alive');
    expect((await wire.ask(again)).body).toBe('"invalid"');
    wire.end();
  });
}

for (const situation of running === undefined ? situations : [running.situation]) situationOf(situation);

if (running !== undefined) {
  for (const other of situations.filter((name) => name !== running.situation))
    leaveOut(other, 'the servers are not in that situation');
  if (!cast.availability) leaveOut('availability', 'PGROUTE66_AVAILABILITY=1 allows it to write to the primary');
  afterAll(() => void process.stdout.write(`left out:\n${leftOut.map((line) => `  ${line}\n`).join('')}`));
}
