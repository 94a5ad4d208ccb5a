import { describe, expect, it } from 'vitest';
import { aMember, aSpec, aView, heldBy, probeSpec, vacantAfter } from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import { type LogFields, silentLog } from '../model/log.ts';
import type { QueryAnswer } from '../postgres/query.ts';
import { Availability } from './availability.ts';
import type { KnownCluster } from './known-cluster.ts';

type Kind = 'look' | 'create' | 'age' | 'touch';
const kindOf = (text: string): Kind => {
  if (text.includes('create table')) return 'create';
  if (text.includes('update')) return 'touch';
  return text.includes('extract') ? 'age' : 'look';
};
const rows = (...values: (string | null)[][]): QueryAnswer => ({ ok: true, rows: values });

/** Servers that share one table: what is asked of them, in order, and what they answer unless a test says otherwise. */
class Servers {
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  readonly warnings: LogFields[] = [];
  readonly availability: Availability;
  hasTable = false;
  age: string | null = '0.5';
  /** By what is asked: the answer, or a promise of it. */
  readonly otherwise = new Map<string, QueryAnswer | Promise<QueryAnswer>>();

  constructor() {
    this.availability = new Availability({
      clock: this.clock,
      log: { ...silentLog, warn: (fields) => this.warnings.push(fields) },
      ask: async (cluster, member, text) => {
        const question = `${cluster === 'demo' ? '' : `${cluster}: `}${member} ${kindOf(text)}`;
        this.asked.push(question);
        return (await this.otherwise.get(question)) ?? this.#answer(member, kindOf(text));
      },
    });
  }

  of(member: string, limitS = 10, clusters: readonly KnownCluster[] = [known()]) {
    return this.availability.of(member, limitS, clusters);
  }

  #answer(member: string, kind: Kind): QueryAnswer {
    switch (kind) {
      case 'look':
        return rows([member === 'n1' ? 'f' : 't', this.hasTable ? 't' : 'f']);
      case 'create':
        this.hasTable = true;
        return rows();
      case 'touch':
        return rows(['1']);
      case 'age':
        return rows([this.age]);
    }
  }
}

function known(name = 'demo', leadership = heldBy('n1'), connectTimeoutMs = 2_000): KnownCluster {
  const spec = { ...aSpec({ probe: { ...probeSpec, connectTimeoutMs } }), name };
  return { spec, view: aView({ leadership, members: ['n1', 'n2', 'n3'].map((member) => aMember(member)) }) };
}
const behindTheAnswer = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<QueryAnswer>(() => {});
const refused = (error: string): QueryAnswer => ({ ok: false, error });

describe('the availability of a member', () => {
  it('makes the table on the primary, asks the member, and sets the row behind the answer', async () => {
    const servers = new Servers();
    expect(await servers.of('n2')).toEqual({ kind: 'ok' });
    await behindTheAnswer();
    expect(servers.asked).toEqual(['n1 look', 'n1 create', 'n2 look', 'n2 age', 'n1 touch']);
    await servers.of('n1');
    await behindTheAnswer();
    expect(servers.asked.slice(5)).toEqual(['n1 look', 'n1 look', 'n1 age', 'n1 touch']);
    expect(servers.warnings).toEqual([]);
  });

  it.each([
    ['0.5', 0.5, { kind: 'ok' }],
    ['0.6', 0.5, { kind: 'exceeded', limit: 0.5, age: 0.6 }],
    ['22.300000', 10, { kind: 'exceeded', limit: 10, age: 22.3 }],
    ['0.000001', 0, { kind: 'exceeded', limit: 0, age: 0.000001 }],
    ['0', 0, { kind: 'ok' }],
    ['0', -1, { kind: 'exceeded', limit: -1, age: 0 }],
    // The member's clock goes behind the primary's.
    ['-0.2', 10, { kind: 'ok' }],
    ['1e9', Number.POSITIVE_INFINITY, { kind: 'ok' }],
    ['5', Number.NaN, { kind: 'ok' }],
    [null, 10, { kind: 'failed', text: 'table "public"."pgr66_avc" holds no instant' }],
  ])('is at age %s with a limit of %s: %j', async (age, limit, answer) => {
    const servers = new Servers();
    servers.age = age;
    expect(await servers.of('n2', limit)).toEqual(answer);
  });

  it('is invalid for a name that nobody has, and nothing is asked or written', async () => {
    const servers = new Servers();
    expect(await servers.of('n9')).toEqual({ kind: 'failed', text: 'invalid' });
    expect(servers.asked).toEqual([]);
  });

  it('is told without a primary, from what is there; nothing is written', async () => {
    const servers = new Servers();
    const clusters = [known('demo', vacantAfter('n1'))];
    expect(await servers.of('n2', 10, clusters)).toEqual({
      kind: 'failed',
      text: 'table "public"."pgr66_avc" does not exist',
    });
    servers.hasTable = true;
    expect(await servers.of('n2', 10, clusters)).toEqual({ kind: 'ok' });
    await behindTheAnswer();
    expect(servers.asked).toEqual(['n2 look', 'n2 look', 'n2 age']);
  });

  it('writes nothing on a server that is named the primary but still is in recovery', async () => {
    const servers = new Servers();
    await servers.of('n3', 10, [known('demo', heldBy('n2'))]);
    await behindTheAnswer();
    expect(servers.asked).toEqual(['n2 look', 'n3 look']);
  });

  it('says in PgRoute66’s words that the member can’t be asked, and why a question was refused', async () => {
    const servers = new Servers();
    servers.hasTable = true;
    servers.otherwise.set('n2 look', refused('connect ECONNREFUSED 10.0.0.1:5432'));
    expect(await servers.of('n2')).toEqual({
      kind: 'failed',
      text: 'failed to check for table "public"."pgr66_avc"',
    });
    const denied = 'ERROR: permission denied for table pgr66_avc (SQLSTATE 42501)';
    servers.otherwise.set('n3 age', refused(denied));
    expect(await servers.of('n3')).toEqual({ kind: 'failed', text: denied });
    servers.otherwise.set('n3 age', rows());
    expect(await servers.of('n3')).toMatchObject({ text: 'unexpected result while checking for duration (0 != 1)' });
  });

  it('logs each problem of the primary once, and again after it was gone', async () => {
    const servers = new Servers();
    const denied = refused('ERROR: permission denied for schema public (SQLSTATE 42501)');
    servers.otherwise.set('n1 create', denied);
    for (const _ of [1, 2])
      expect(await servers.of('n2')).toMatchObject({ text: 'table "public"."pgr66_avc" does not exist' });
    expect(servers.warnings).toEqual([
      { cluster: 'demo', member: 'n1', err: expect.stringMatching(/^creating table.*permission denied for schema/) },
    ]);
    servers.otherwise.clear();
    await servers.of('n2');
    await behindTheAnswer();
    servers.otherwise.set('n1 touch', rows());
    await servers.of('n2');
    await behindTheAnswer();
    expect(servers.warnings[1]).toMatchObject({ err: expect.stringContaining('holds 0 rows, not one') });
  });
});

describe('availability under load', () => {
  it('waits for the row that the request before is still setting, but not longer than for the primary itself', async () => {
    const servers = new Servers();
    servers.hasTable = true;
    let set: (answer: QueryAnswer) => void = () => {};
    servers.otherwise.set('n1 touch', new Promise((resolve) => (set = resolve)));
    await servers.of('n2');
    await behindTheAnswer();
    servers.asked.length = 0;
    const second = servers.of('n2');
    await behindTheAnswer();
    expect(servers.asked).toEqual([]);
    set(rows(['1']));
    expect(await second).toEqual({ kind: 'ok' });

    servers.otherwise.set('n1 touch', never);
    await servers.of('n2');
    const third = servers.of('n2');
    await servers.clock.pass(2_000);
    expect(await third).toEqual({ kind: 'ok' });
    expect(servers.warnings.at(-1)).toMatchObject({ err: 'no answer within 2000 ms' });
    expect(servers.clock.pending).toBe(0);
  });

  it('waits for a member that hangs no longer than for its connection, and again not for the request before', async () => {
    const servers = new Servers();
    servers.hasTable = true;
    servers.otherwise.set('n2 age', never);
    const both = [servers.of('n2'), servers.of('n2')];
    await servers.clock.pass(2_000);
    const failed = { kind: 'failed', text: 'failed to check for table "public"."pgr66_avc"' };
    expect(await Promise.all(both)).toEqual([failed, failed]);
    expect(await servers.of('n3')).toEqual({ kind: 'ok' });
  });

  it('puts the questions of many requests at once a few times, not once for each', async () => {
    const servers = new Servers();
    servers.hasTable = true;
    const answers = await Promise.all(Array.from({ length: 200 }, () => servers.of('n2')));
    await behindTheAnswer();
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['ok']));
    expect(servers.asked.length).toBeLessThanOrEqual(3 * 4);
  });

  it('is the worst where several clusters have a member of that name, each with its own primary', async () => {
    const servers = new Servers();
    servers.hasTable = true;
    const clusters = [known('demo'), known('other')];
    expect(await servers.of('n2', 10, clusters)).toEqual({ kind: 'ok' });
    await behindTheAnswer();
    expect(servers.asked.toSorted()).toEqual(
      ['n1 look', 'n1 touch', 'n2 age', 'n2 look'].flatMap((one) => [one, `other: ${one}`]).toSorted(),
    );
    servers.otherwise.set('other: n2 age', rows(['11']));
    expect(await servers.of('n2', 10, clusters)).toEqual({ kind: 'exceeded', limit: 10, age: 11 });
    servers.otherwise.set('n2 look', refused('down'));
    expect(await servers.of('n2', 10, clusters)).toMatchObject({ kind: 'failed' });
  });
});
