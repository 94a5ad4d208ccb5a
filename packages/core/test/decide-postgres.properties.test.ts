// What holds whatever servers without a cluster manager say, in whatever order: after each word, and at leisure after it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../src/model/decision.ts';
import { postgresTexts } from '../src/model/postgres-texts.ts';
import { explainReason, type Reason } from '../src/model/reason.ts';
import { millis } from '../src/model/units.ts';
import { type ClusterView, memberOf } from '../src/model/view.ts';
import { FIRST_PROBE_MS, proofAgeMs } from '../src/routing/limits.ts';
import { serviceOf } from './cluster.ts';
import { Heard, type PostgresClusterSpec, type Said } from './postgres-words.ts';
import { said, wishes } from './random-postgres-words.ts';

/** A second or so in all; for a thorough search set it to 100 000. */
const numRuns = 200;

interface Moment {
  readonly at: number;
  readonly view: ClusterView;
  readonly decision: Decision;
  readonly before: Decision | undefined;
}

/** What is decided right after each word, and once more before the next one. */
function moments(all: readonly Said[], spec: PostgresClusterSpec): readonly Moment[] {
  const heard = new Heard([], spec);
  const told: Moment[] = [];
  const look = (at: number): void => {
    const decision = heard.decideAt(at);
    told.push({ at, view: heard.viewAt(at), decision, before: told.at(-1)?.decision });
  };
  for (const [i, one] of all.entries()) {
    heard.hear(one);
    look(one[0]);
    look(((all[i + 1]?.[0] ?? one[0] + 8_000) + one[0]) / 2);
  }
  return told;
}

const always = (check: (moment: Moment, spec: PostgresClusterSpec) => void): void => {
  const eachMoment = (all: readonly Said[], spec: PostgresClusterSpec): void => {
    for (const moment of moments(all, spec)) check(moment, spec);
  };
  fc.assert(fc.property(said, wishes, eachMoment), { numRuns });
};

const readyIn = (decision: Decision, service: string): readonly string[] =>
  serviceOf(decision, service).verdicts.flatMap(({ member, state }) => (state === 'ready' ? [member] : []));

const isUndecided = (decision: Decision): boolean => serviceOf(decision, 'primary').undecided === true;

const reasonsOf = ({ services, alarms }: Decision): readonly Reason[] => [
  ...alarms,
  ...services.flatMap(({ reason, verdicts }) => [reason, ...verdicts.map((verdict) => verdict.reason)]),
];

const states = ({ services, alarms, probeHard }: Decision): string =>
  JSON.stringify([
    services.map(({ verdicts, undecided }) => [undecided, verdicts.map(({ state, reason }) => [state, reason.code])]),
    alarms.map(({ code }) => code),
    probeHard,
  ]);

describe('a decision about servers that nobody manages', () => {
  it('has at most one server in a write service that is not in maint', () => {
    always(({ decision }) => {
      const inService = serviceOf(decision, 'primary').verdicts.filter(({ state }) => state !== 'maint');
      expect(inService.length).toBeLessThanOrEqual(1);
    });
  });

  it('lets nobody take writes while two say that they are primary', () => {
    always(({ view, decision }) => {
      if (view.members.filter(({ probe }) => probe?.latest.kind === 'primary').length < 2) return;
      expect(serviceOf(decision, 'primary').verdicts.every(({ state }) => state === 'maint')).toBe(true);
      expect(readyIn(decision, 'replica').every((name) => memberOf(view, name)?.role === 'replica')).toBe(true);
      if (!isUndecided(decision)) expect(decision.alarms.map(({ code }) => code)).toContain('conflicting_primaries');
    });
  });

  it('lets a server take writes only on its own word, and only while that is young', () => {
    always(({ at, view, decision }, spec) => {
      for (const name of readyIn(decision, 'primary')) {
        const probe = memberOf(view, name)?.probe;
        expect(probe?.lastAnswer?.kind).toBe('primary');
        expect(['primary', 'silent', 'denied']).toContain(probe?.latest.kind);
        expect(at - (probe?.lastAnswer?.at ?? 0)).toBeLessThan(proofAgeMs(spec));
      }
    });
  });

  it('never lets a server in anew that gives no answer', () => {
    always(({ view, decision, before }) => {
      for (const name of readyIn(decision, 'primary')) {
        if (memberOf(view, name)?.probe?.latest.kind === 'primary') continue;
        expect(before === undefined || isUndecided(before) ? [name] : readyIn(before, 'primary')).toContain(name);
      }
    });
  });

  it('lets a server take reads only on its own word that it is a standby, and only while that is young, but for the primary as a last resort', () => {
    always(({ at, view, decision }, spec) => {
      const [writer] = readyIn(decision, 'primary');
      for (const name of readyIn(decision, 'replica')) {
        const last = memberOf(view, name)?.probe?.lastAnswer;
        expect(at - (last?.at ?? 0)).toBeLessThan(proofAgeMs(spec));
        if (name !== writer) expect(last?.kind).toBe('standby');
      }
    });
  });

  it('is undecided only in the first second, and only while somebody has not been asked', () => {
    always(({ at, view, decision }) => {
      const isBeginning = at < FIRST_PROBE_MS && view.members.some(({ probe }) => probe === undefined);
      expect(decision.services.map(({ undecided }) => undecided === true)).toEqual([isBeginning, isBeginning]);
    });
  });

  it('holds until the instant at which it wants to be reviewed, whether or not somebody looks again before', () => {
    const part = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(said, wishes, fc.nat({ max: 4_000 }), part, (all, spec, wait, share) => {
        const now = (all.at(-1)?.[0] ?? 0) + wait;
        const heard = new Heard(all, spec);
        const view = heard.viewAt(now);
        const decision = heard.decideAt(now);
        const until = decision.reviewAt ?? now + 100_000;
        expect(until).toBeGreaterThan(now);
        const later = millis(now + (until - now) * share);
        expect(states(heard.decideLater(view, later))).toBe(states(decision));
        expect(states(heard.decideAt(later))).toBe(states(decision));
      }),
      { numRuns },
    );
  });

  it('never speaks of what is not there, and tells every fact', () => {
    always(({ decision }) => {
      for (const reason of reasonsOf(decision)) {
        expect(explainReason(reason)).not.toMatch(/\?|undefined|unknown|key|record|etcd|lease|Patroni|Stolon|proxy/);
      }
    });
  });

  it('comes to each of the sentences that are told in words of its own', () => {
    const reached = new Set<string>();
    for (const [all, spec] of fc.sample(fc.tuple(said, wishes), { numRuns: 1_000, seed: 7 })) {
      for (const { decision } of moments(all, spec)) for (const { code } of reasonsOf(decision)) reached.add(code);
    }
    expect([...reached]).toEqual(expect.arrayContaining(Object.keys(postgresTexts)));
  });
});
