import { describe, expect, it } from 'vitest';
import { aSpec, aView, decided, later, now } from '../../test/cluster.ts';
import type { GroupsSpec } from '../config/config.ts';
import { MemberAnswers } from './member-answers.ts';
import type { KnownStatuses, Status } from './member-status.ts';
import { StatusMemory } from './status-memory.ts';

const groups: GroupsSpec = { clusters: true, named: [{ name: 'old', members: ['n2', 'gone'] }] };

/** A cluster of one member, and how often its statuses were judged. */
function cluster(name: string) {
  let judged = 0;
  let known: KnownStatuses = { statuses: new Map<string, Status>([['n1', 'primary']]), until: later(1_000) };
  const memory = new StatusMemory(() => {
    judged += 1;
    return known;
  });
  let pass = decided(aView());
  let at = now;
  return {
    spec: aSpec({ name }),
    statuses: () => memory.at(pass, at),
    judged: () => judged,
    /** The next judgement finds these, and holds for a second. */
    becomes: (statuses: readonly (readonly [string, Status])[]) => {
      known = { statuses: new Map(statuses), until: later(60_000) };
    },
    pass: () => {
      pass = decided(aView());
    },
    clock: (ms: number) => {
      at = later(ms);
    },
  };
}

describe('the answers to the PgRoute66 lists', () => {
  it('name each member of each cluster with its groups, and the sources once', () => {
    const [orders, stock] = [cluster('orders'), cluster('stock')];
    stock.becomes([['n2', 'standby']]);
    expect(new MemberAnswers(groups, [orders, stock]).current()).toEqual({
      members: [
        { cluster: 'orders', member: 'n1', status: 'primary', groups: ['orders'] },
        { cluster: 'stock', member: 'n2', status: 'standby', groups: ['old', 'stock'] },
      ],
      source: 'patroni',
    });
  });

  it('are the very same object, judged once, until a pass or the time brings something else', () => {
    const orders = cluster('orders');
    const answers = new MemberAnswers(groups, [orders]);
    const first = answers.current();
    for (let i = 0; i < 100; i += 1) expect(answers.current()).toBe(first);
    orders.clock(999);
    expect(answers.current()).toBe(first);
    expect(orders.judged()).toBe(1);

    orders.pass();
    expect(answers.current()).toBe(first);
    expect(orders.judged()).toBe(2);

    orders.becomes([['n1', 'unavailable']]);
    expect(answers.current()).toBe(first);
    orders.clock(1_000);
    expect(answers.current().members).toMatchObject([{ member: 'n1', status: 'unavailable' }]);
  });

  it('are empty as long as nothing is known', () => {
    const unread = new StatusMemory(() => undefined);
    const answers = new MemberAnswers(groups, [{ spec: aSpec(), statuses: () => unread.at(undefined, now) }]);
    expect(answers.current()).toEqual({ members: [], source: 'patroni' });
    expect(answers.current()).toBe(answers.current());
  });
});
