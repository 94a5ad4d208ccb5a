import { describe, expect, it } from 'vitest';
import { ago, aSpec, aView, now, reads, writes } from '../../test/cluster.ts';
import type { ServerMemory } from '../model/memory.ts';
import { type OutCode, type ReasonCode, reason, reasonSections } from '../model/reason.ts';
import { type LeaveCause, type LeavingTable, leavingDefaults, type ServiceSpec } from '../model/service.ts';
import { Horizon } from './horizon.ts';
import { causeOf } from './leave-causes.ts';
import { leave } from './leaving.ts';
import type { Case } from './ruling.ts';

const caseWith = (...memory: readonly ServerMemory[]): Case => ({
  view: aView(),
  spec: aSpec(),
  horizon: new Horizon(now),
  outage: { kind: 'auto' },
  overrides: [],
  memory,
});
const remembered = (changes: Partial<ServerMemory>): ServerMemory => ({
  service: 'replica',
  member: 'n2',
  last: undefined,
  out: undefined,
  lag: undefined,
  ...changes,
});
const wasIn = remembered({ last: { tier: 0, asPrimary: false } });
const stoodIn = remembered({ last: { tier: 1, asPrimary: true } });
const outFor = (cause: LeaveCause, sinceMs: number, found = false): ServerMemory =>
  remembered({ ...(found ? {} : wasIn), out: { cause, since: ago(sinceMs), found } });
const table = (changes: Partial<LeavingTable>): ServiceSpec => ({
  ...reads,
  leaving: { ...leavingDefaults, ...changes },
});

/** `maint, ended`: the state and what becomes of sessions. */
const words = (code: ReasonCode, memory: readonly ServerMemory[], service: ServiceSpec = reads) => {
  const { state, ends } = leave(caseWith(...memory), service, 'n2', reason(code));
  return ends ? `${state}, ended` : state;
};

describe('a server that leaves a read service', () => {
  it.each<[string, ReasonCode, readonly ServerMemory[], ServiceSpec, string]>([
    ['is promoted under its clients', 'leader_takes_no_reads', [wasIn], reads, 'maint, ended'],
    [
      'is promoted, and was a stand-in as a standby',
      'leader_takes_no_reads',
      [remembered({ last: { tier: 1, asPrimary: false } })],
      reads,
      'maint, ended',
    ],
    ['is the primary that stood in, and the standbys are back', 'leader_takes_no_reads', [stoodIn], reads, 'drain'],
    ['is down', 'replica_down', [wasIn], reads, 'maint, ended'],
    ['lags', 'replica_lagging', [wasIn], reads, 'drain'],
    ['has no record any more', 'replica_record_gone', [wasIn], reads, 'drain'],
    ['gives no answer', 'replica_silent', [wasIn], reads, 'drain'],
    ['bears noloadbalance', 'replica_noloadbalance', [wasIn], reads, 'drain'],
    ['is in maintenance', 'override_maint', [wasIn], reads, 'drain'],
    [
      'has been in maintenance for less than the drain timeout',
      'override_maint',
      [outFor('maintenance', 59_999)],
      reads,
      'drain',
    ],
    [
      'has been in maintenance for as long as that',
      'override_maint',
      [outFor('maintenance', 60_000)],
      reads,
      'maint, ended',
    ],
    ['was out for another cause before', 'override_maint', [outFor('lag', 90_000)], reads, 'drain'],
    ['lags, where the operator wants that ended', 'replica_lagging', [wasIn], table({ lag: 'kill' }), 'maint, ended'],
    [
      'is drained by an override, whatever the table says',
      'override_drain',
      [wasIn],
      table({ excluded: 'kill' }),
      'drain',
    ],
    [
      'claims to be primary, whatever the table says',
      'primary_without_authority',
      [wasIn],
      table({ role_lost: 'drain' }),
      'maint, ended',
    ],
    ['has others before it', 'replica_ok', [stoodIn], reads, 'drain'],
  ])('%s', (_, code, memory, service, expected) => {
    expect(words(code, memory, service)).toBe(expected);
  });

  it.each<[string, ReasonCode, readonly ServerMemory[], string]>([
    ['that leads', 'leader_takes_no_reads', [], 'maint'],
    ['that leads, at the next look', 'leader_takes_no_reads', [outFor('role_lost', 5_000, true)], 'maint'],
    ['that lags', 'replica_lagging', [], 'drain'],
    ['that is promoted later', 'leader_takes_no_reads', [outFor('lag', 5_000, true)], 'maint, ended'],
    ['that claims to be primary', 'primary_without_authority', [], 'maint, ended'],
  ])(
    'leaves the sessions alone where a router finds a server %s, unless they could write',
    (_, code, memory, expected) => {
      expect(words(code, memory)).toBe(expected);
    },
  );

  it('counts an order from when it was given where a router has just started', () => {
    const found = (ms: number) => leave(caseWith(), reads, 'n2', reason('override_maint'), ago(ms));
    expect(found(10_000)).toMatchObject({ state: 'drain', ends: false });
    expect(found(60_000)).toMatchObject({ state: 'maint', ends: true });
    expect(found(-5_000).out.since).toBe(now);
  });

  it('is reviewed when its time to drain is over', () => {
    const given = caseWith(outFor('maintenance', 20_000));
    leave(given, reads, 'n2', reason('override_maint'));
    expect(given.horizon.reviewAt).toBe(now + 40_000);
  });
});

describe('a server that leaves a write service', () => {
  const drains: ServiceSpec = {
    ...writes,
    name: 'replica',
    leaving: { ...leavingDefaults, role_lost: 'drain', down: 'drain', absent: 'drain', view_lost: 'drain' },
  };

  it.each<ReasonCode>(['former_leader', 'leader_down', 'record_unreadable', 'view_unconfirmed'])(
    'loses its sessions at once for %s, whatever the table says, and whether or not anything is remembered',
    (code) => {
      expect(words(code, [wasIn], drains)).toBe('maint, ended');
      expect(words(code, [], drains)).toBe('maint, ended');
    },
  );

  it('keeps them where a router finds a leader that is not selected: maint would end them', () => {
    const kills: ServiceSpec = { ...drains, leaving: { ...drains.leaving, excluded: 'kill' } };
    expect(words('not_selected', [], kills)).toBe('drain');
    expect(words('not_selected', [wasIn], kills)).toBe('maint, ended');
  });
});

describe('the cause behind a reason', () => {
  it('is told for every code, and is that others come first where the reason speaks for the member', () => {
    const outs = ['cluster', 'write service: out', 'any service: out'] as const;
    for (const code of outs.flatMap((section) => Object.keys(reasonSections[section]) as OutCode[])) {
      expect(Object.keys(leavingDefaults)).toContain(causeOf(reason(code)));
      expect(causeOf(reason(code))).not.toBe('preferred');
    }
    for (const code of ['replica_ok', 'leader_proven', 'fallback_to_primary'] as const) {
      expect(causeOf(reason(code))).toBe('preferred');
    }
  });
});
