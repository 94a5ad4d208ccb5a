import { describe, expect, it } from 'vitest';
import { agreementOf, type NamedRouter } from './agreement.ts';
import type { RouterRecord } from './router-record.ts';

const leaderAt = (member: string | null, revision: string, shared = true) => ({ member, revision, shared });
const n1 = leaderAt('n1', '7');
const n2 = leaderAt('n2', '9');

function router(name: string, leader: RouterRecord['leader'], changes: Partial<RouterRecord> = {}): NamedRouter {
  const open = leader?.member == null ? [] : [leader.member];
  return {
    name,
    record: {
      version: 1,
      instance: name,
      pgrouted: '1.0.0',
      host: name,
      since: '2026-11-21T10:00:00Z',
      leader,
      services: { primary: { role: 'primary', in: open, reason: 'write_open', overridden: false } },
      targets: [{ name: 'edge', state: 'reachable', converged: true }],
      health: [],
      ...changes,
    },
  };
}

const closed = (reason: string, overridden = false): Partial<RouterRecord> => ({
  services: { primary: { role: 'primary', in: [], reason, overridden } },
});

describe('the agreement of a fleet', () => {
  const cases: readonly (readonly [string, readonly NamedRouter[], RouterRecord['leader'], readonly string[]])[] = [
    ['all have switched', [router('a', n2), router('b', n2)], n2, []],
    ['nobody is there', [], n2, ['no router is registered']],
    ['one follows the leader before', [router('a', n2), router('b', n1)], n2, ['b still follows n1, not n2']],
    [
      'all say the leader before, and the one that is asked sees another',
      [router('a', n1), router('b', n1)],
      n2,
      ['a still follows n1, not n2', 'b still follows n1, not n2'],
    ],
    ['the same member leads once more', [router('a', n1)], leaderAt('n1', '9'), ['a still follows n1, not n1']],
    ['one has read nothing', [router('a', n2), router('b', null)], n2, ['b has not read the cluster yet']],
    ['nobody leads', [router('a', leaderAt(null, '9'))], null, ['nobody leads', expect.stringContaining('a has not')]],
    [
      'writes are not open yet',
      [router('a', n2, closed('write_closed'))],
      n2,
      ['a has not opened primary (write_closed)'],
    ],
    [
      'an operator keeps them closed',
      [router('a', n2, closed('write_closed', true))],
      n2,
      ['a keeps primary closed by an override (write_closed)'],
    ],
    ['it is a standby cluster', [router('a', n2, closed('standby_cluster'))], n2, []],
    [
      'a HAProxy does not hold it',
      [router('a', n2, { targets: [{ name: 'edge', state: 'hung', converged: false }] })],
      n2,
      ['HAProxy edge of a does not hold it yet (hung)'],
    ],
    [
      'each counts for itself, and they mean the same member',
      [router('a', leaderAt('n2', '3', false)), router('b', leaderAt('n2', '8', false))],
      leaderAt('n2', '3', false),
      [],
    ],
  ];
  it.each(cases)('%s', (_, routers, seen, waiting) => {
    expect(agreementOf(routers, seen).waiting).toEqual(waiting);
  });
});
