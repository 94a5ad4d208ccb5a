// Every recording through source and decision, with the truth as the oracle: whoever is let in for writing is a PostgreSQL that takes writes, and the one with
// authority. With probes that answer, and by records alone. The windows that nothing could close are named in recorded-windows.ts.
import { describe, expect, it } from 'vitest';
import type { ReplayChange } from '../src/replay/replay.ts';
import { finalWriters, windows } from './recorded-windows.ts';
import {
  authorities,
  type Mode,
  type Open,
  opens,
  type Recording,
  recording,
  recordingNames,
  replayed,
  untrue,
} from './recordings.ts';

const modes: readonly Mode[] = ['probe', 'record'];
const cases = recordingNames.flatMap((name) => modes.map((mode) => [name, mode] as const));

interface Outcome {
  readonly recorded: Recording;
  readonly changes: readonly ReplayChange[];
  readonly open: readonly Open[];
  /** Who was let in without authority, or beside another, and when. */
  readonly offences: readonly string[];
}

const outcomes = new Map<string, Outcome>();

/** The recording replayed, once for all tests. */
function outcome(name: string, mode: Mode): Outcome {
  const known = outcomes.get(`${name} ${mode}`);
  if (known !== undefined) return known;
  const recorded = recording(name);
  const history = authorities(recorded);
  const offences: string[] = [];
  const changes = replayed(recorded, mode, (t_ms, { services, revision }, { settings, failsafeMembers }) => {
    const writers = services[0]?.verdicts.filter(({ state }) => state === 'ready').map(({ member }) => member) ?? [];
    const { holder, last } = history.findLast((write) => write.revision <= revision) ?? {};
    for (const writer of writers) {
      const keptByPatroni = settings.paused || failsafeMembers.includes(writer);
      if (writers.length > 1 || writer !== (holder ?? (keptByPatroni ? last : undefined)))
        offences.push(`${writer} at ${t_ms}`);
    }
  });
  const made = { recorded, changes, open: opens(changes, recorded.endMs), offences };
  outcomes.set(`${name} ${mode}`, made);
  return made;
}

const expectedWriter = (name: string): string | undefined =>
  Object.entries(finalWriters).find(([, names]) => names.includes(name))?.[0];

describe.each(cases)('%s, decided by %s', (name, mode) => {
  it('lets in nobody whose PostgreSQL does not take writes, but for the named windows', () => {
    const { open, recorded } = outcome(name, mode);
    const named = windows.filter((window) => window.recording === name && window.mode === mode);
    const found = untrue(open, recorded);
    const begin = (window: { readonly member: string; readonly fromMs: number }) =>
      `${window.member} from ${window.fromMs}`;
    expect(found.map(begin)).toEqual(named.map(begin));
    for (const [i, { fromMs, toMs }] of found.entries()) {
      expect(toMs - fromMs).toBeLessThanOrEqual(named[i]?.atMostMs ?? 0);
    }
  });

  it('lets in nobody without authority, and never two', () => {
    expect(outcome(name, mode).offences).toEqual([]);
  });

  it('ends with the expected writer', () => {
    const { open, recorded } = outcome(name, mode);
    expect(open.find(({ toMs }) => toMs === recorded.endMs)?.member ?? 'nobody').toBe(expectedWriter(name));
  });
});

describe('with probes that answer', () => {
  it.each(recordingNames)('%s: a writer is let in within 25 ms of the leader key and of being writable', (name) => {
    const { open, recorded } = outcome(name, 'probe');
    const keys = authorities(recorded);
    for (const { member, fromMs } of open) {
      const writable = recorded.probes.findLast((line) => line.node === member && line.t_ms <= fromMs);
      const key = keys.findLast(({ t_ms }) => t_ms <= fromMs);
      expect(writable?.value).toBe('primary');
      expect(fromMs - Math.max(writable?.t_ms ?? 0, key?.t_ms ?? 0)).toBeLessThanOrEqual(25);
    }
  });
});

describe('a recording of', () => {
  const stretches = (name: string, mode: Mode): readonly string[] =>
    outcome(name, mode).open.map(({ member }) => member);
  const states = (name: string, mode: Mode, member: string): readonly string[] =>
    outcome(name, mode)
      .changes.filter((change) => change.service === 'primary' && change.member === member)
      .map(({ state, reason }) => `${state} ${reason.code}`);

  it('an outage of etcd in failsafe mode never closes the primary that proves itself', () => {
    expect(stretches('etcd-outage-failsafe', 'probe')).toEqual(['n1']);
    expect(stretches('etcd-outage-failsafe-v4', 'probe')).toEqual(['n1']);
    expect(states('etcd-outage-failsafe', 'probe', 'n1')).toContain('ready leader_past_grace_failsafe');
  });

  it('an outage of etcd closes a primary of which only records tell, after retry_timeout', () => {
    expect(outcome('etcd-outage', 'record').open[0]).toEqual({
      member: 'n1',
      fromMs: 0,
      toMs: 13_013,
    });
  });

  it('a primary cut off etcd in failsafe mode keeps it in, without a key', () => {
    expect(states('partition-primary-failsafe', 'probe', 'n3')).toContain('ready former_kept_failsafe');
  });

  it('a Patroni stopped in a paused cluster keeps the primary in, without a key', () => {
    expect(states('pause-primary-patroni-stop', 'probe', 'n3')).toContain('ready former_kept_paused');
  });

  it.each(['leader-key-deleted', 'lease-revoked', 'lease-revoked-v4'])(
    '%s: the open sessions of a sound primary are left alone',
    (name) => {
      for (const mode of modes) {
        expect(states(name, mode, 'n1').filter((words) => words.startsWith('maint'))).toEqual([]);
        expect(states(name, mode, 'n1')).toContain('drain leader_key_lost');
      }
    },
  );

  it.each([
    'switchover',
    'switchover-v2',
    'switchover-v20',
    'switchover-v4',
    'manual-failover',
    'scheduled-switchover-v4',
  ])('%s: no new sessions reach the old primary before PostgreSQL stops', (name) => {
    const { recorded, open } = outcome(name, 'record');
    const [first] = open;
    const stops = recorded.probes.find(({ node, value }) => node === first?.member && value === 'lost');
    expect(stops?.t_ms).toBeGreaterThan(first?.toMs ?? Number.POSITIVE_INFINITY);
  });

  it('a frozen Patroni raises alarms: two primaries, then a timeline that went back', () => {
    const alarms = new Set<string>();
    replayed(recording('freeze-primary-patroni'), 'probe', (_, decision) => {
      for (const { code, facts } of decision.alarms) alarms.add(`${code} ${facts['member']}`);
    });
    expect([...alarms]).toEqual(['two_primaries n3', 'timeline_went_back n3']);
  });

  it('replicas that fall behind takes them out of the reads and back in, once each', () => {
    for (const name of ['replica-receive-lag', 'replica-receive-lag-v4', 'replica-replay-lag-v4']) {
      const laggards = outcome(name, 'record').changes.filter(({ service, t_ms }) => service === 'replica' && t_ms > 0);
      // One of them lags already within the 5 s that a server stays in at least.
      const moves = laggards.filter(({ reason }) => reason.code !== 'replica_lag_tolerated').map(({ state }) => state);
      expect(moves).toEqual(['drain', 'ready']);
    }
  });
});
