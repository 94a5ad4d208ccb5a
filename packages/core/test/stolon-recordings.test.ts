// Every stream of a Stolon cluster through source and decision, with the truth as the oracle: whoever is let in for writing is the named master, and a
// PostgreSQL that takes writes. By probes and by clusterdata alone; as a router that only reads, and as each of the recorded proxies.
import { describe, expect, it } from 'vitest';
import { type Open, untrue } from './recordings.ts';
import { convergences } from './stolon-history.ts';
import { outcome } from './stolon-outcomes.ts';
import { modeName, modesOf, type StolonMode, type StolonRecording, stolonRecordingNames } from './stolon-recordings.ts';

/** Who is let in for writing, one after the other, however it is decided and in whose place. */
const writers: Readonly<Record<string, readonly string[]>> = {
  failkeeper: ['keeper1', 'keeper2'],
  failover: ['keeper2', 'keeper1'],
  'failover-dead-proxy': ['keeper1', 'keeper2'],
  'format-version-2': ['keeper2'],
  init: ['keeper1'],
  'sentinel-change': ['keeper3'],
  'standby-cluster': [],
  'standby-cluster-promote': ['keeper3'],
  'standby-lag': ['keeper1'],
  'standby-lost': ['keeper1'],
  steady: ['keeper2'],
  'sync-init': ['keeper3'],
  'sync-standby-lost': ['keeper1'],
  'update-pgparameters': ['keeper2'],
};

/**
 * The master is dead, and Stolon does not know it yet: its failInterval has to pass and a check has to find that out. Only a probe can see it earlier; the
 * writes go to a PostgreSQL that refuses them.
 */
const deadMasters: Readonly<Record<string, Open>> = {
  failover: { member: 'keeper2', fromMs: 3_000, toMs: 30_267 },
  'failover-dead-proxy': { member: 'keeper1', fromMs: 3_000, toMs: 30_284 },
};

/** This proxy dies in the middle of the failover: it never gets as far as the new master. */
const deadProxy = { recording: 'failover-dead-proxy', uid: '6cb9185e' } as const;

/** From the last of all conditions to the opening: a question in the tight loop, its answer, and the one before it that came too early. */
const REACTION_MS = 25;

const recordings = stolonRecordingNames.map(
  (name) => [name, outcome(name, { proof: 'record', as: undefined }).recorded] as const,
);
const cases = recordings.flatMap(([name, recorded]) =>
  modesOf(recorded).map((mode) => [name, modeName(mode), mode] as const),
);

const isDeadProxy = (name: string, { as }: StolonMode): boolean => name === deadProxy.recording && as === deadProxy.uid;

describe.each(cases)('%s, decided by %s', (name, _, mode) => {
  it('lets in nobody whose PostgreSQL does not take writes, but for a master that nobody knows to be dead', () => {
    const { open, recorded } = outcome(name, mode);
    const dead = deadMasters[name];
    expect(untrue(open, recorded)).toEqual(mode.proof === 'record' && dead !== undefined ? [dead] : []);
  });

  it('lets in nobody who is not named, and never two', () => {
    expect(outcome(name, mode).offences).toEqual([]);
  });

  it('lets in one after the other: the expected ones', () => {
    const expected = writers[name]?.slice(0, isDeadProxy(name, mode) ? 1 : undefined);
    expect(outcome(name, mode).open.map(({ member }) => member)).toEqual(expected);
  });

  it('lets in the named master as soon as nothing is missing', () => {
    const { open, recorded } = outcome(name, mode);
    for (const { member, fromMs } of open) {
      const possible = possibleFrom(recorded, mode, member, fromMs);
      expect(fromMs).toBeGreaterThanOrEqual(possible);
      expect(fromMs - possible).toBeLessThanOrEqual(REACTION_MS);
    }
  });
});

/** When the last of all conditions was met before this opening, told from the raw stream: named, proven, acknowledged while enabled. */
function possibleFrom(recorded: StolonRecording, { proof, as }: StolonMode, member: string, openedAt: number): number {
  const before = recorded.namings.filter(({ t_ms }) => t_ms <= openedAt);
  const last = before.at(-1);
  const under = before.slice(before.findLastIndex(({ db }) => db !== last?.db) + 1);
  const named = under[0];
  if (named === undefined || last === undefined) return Number.POSITIVE_INFINITY;
  const writable = recorded.probes.findLast(({ node, t_ms }) => node === member && t_ms <= openedAt);
  const proven = proof === 'probe' ? writable?.t_ms : convergences(recorded, last.db ?? '', named.revision)[0];
  if (as === undefined) return Math.max(named.t_ms, proven ?? Number.POSITIVE_INFINITY);
  const enabled = under.find((naming) => naming.enabled.includes(as));
  const acknowledged = recorded.acknowledgements.find(
    ({ uid, revision, generation, t_ms }) =>
      uid === as &&
      (t_ms === 0 || revision > (enabled?.revision ?? Number.POSITIVE_INFINITY)) &&
      generation === last.generation,
  );
  return Math.max(named.t_ms, proven ?? Number.POSITIVE_INFINITY, acknowledged?.t_ms ?? Number.POSITIVE_INFINITY);
}

describe('beside a stolon-proxy of the same uid', () => {
  const seen = (recorded: StolonRecording, uid: string, what: string): readonly number[] =>
    recorded.marks.filter(({ mark }) => mark.startsWith(`proxy ${uid}: ${what}`)).map(({ t_ms }) => t_ms);
  const registered = recordings.flatMap(([name, { proxies }]) => proxies.map((uid) => [name, uid] as const));

  it.each(registered)('%s, %s: it opens when that one forwards, and has closed before that one has', (name, uid) => {
    const { open, recorded } = outcome(name, { proof: 'probe', as: uid });
    const opened = open.filter(({ fromMs }) => fromMs > 0).map(({ fromMs }) => fromMs);
    const forwards = name === 'standby-cluster' ? [] : seen(recorded, uid, 'forwards');
    for (const [i, at] of forwards.entries()) {
      expect(opened[i]).toBeGreaterThanOrEqual(at);
      expect((opened[i] ?? 0) - at).toBeLessThanOrEqual(REACTION_MS);
    }
    for (const at of seen(recorded, uid, 'no destination')) {
      expect(open.filter(({ fromMs, toMs }) => fromMs < at && toMs > at)).toEqual([]);
    }
  });
});
