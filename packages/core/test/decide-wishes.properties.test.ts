// What holds whatever the operators configure and override, and whatever is remembered: nobody's wish makes a second writer, opens what is closed, or lets
// in what is not safe.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision, ServiceDecision, Verdict } from '../src/model/decision.ts';
import type { RoutingMemory } from '../src/model/memory.ts';
import type { Override } from '../src/model/override.ts';
import { explainReason, type OutCode, reasonTexts } from '../src/model/reason.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import { type Millis, millis } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { decide } from '../src/routing/decide.ts';
import { postgresPicture } from './random-postgres-words.ts';
import { stolonView } from './random-stolon-views.ts';
import { instant, view as patroniView } from './random-views.ts';
import { memory, overrides, wishes } from './random-wishes.ts';

/** A second or so in all; for a thorough search set it to 100 000. */
const numRuns = 100;

interface Given {
  readonly view: ClusterView;
  readonly spec: ClusterSpec;
  readonly now: Millis;
  readonly overrides: readonly Override[];
  readonly memory: RoutingMemory;
}

const picture = fc.oneof(patroniView, stolonView, postgresPicture);
const given: fc.Arbitrary<Given> = fc.record({
  view: picture,
  spec: wishes,
  now: instant,
  overrides,
  memory,
});
const always = (check: (one: Given) => void): void => fc.assert(fc.property(given, check), { numRuns });

const decided = ({ view, spec, now, ...circumstances }: Given): Decision => decide(view, spec, now, circumstances);
const isWrite = ({ role }: ServiceDecision): boolean => role === 'primary';
const verdict = ({ services }: Decision, service: string, member: string): Verdict | undefined =>
  services.find((one) => one.service === service)?.verdicts.find((one) => one.member === member);

const states = ({ services, alarms, probeHard }: Decision): string =>
  JSON.stringify([
    services.map(({ verdicts, undecided, keep }) => [
      verdicts.map(({ member, state, ends, weight, lines, override, reason: { code } }) => [
        member,
        [state, ends, weight, lines, override, code],
      ]),
      undecided,
      keep,
    ]),
    alarms.map(({ code, facts }) => [code, facts['member']]),
    probeHard,
  ]);

/** What no override lifts, as long as the service's own wishes say nothing against it. */
const unsafe: readonly OutCode[] = [
  'not_initialized',
  'conflicting_primaries',
  'record_unreadable',
  'primary_without_authority',
  'replica_record_gone',
  'replica_not_running',
  'replica_role',
  'replica_not_streaming',
  'replica_timeline_behind',
  'replica_timeline_ahead',
  'replica_down',
  'replica_starting',
  'replica_shutting_down',
  'replica_keeper_unhealthy',
  'replica_db_unhealthy',
  'replica_being_built',
  'replica_follows_outside',
  'replica_without_db',
  'replica_unknown',
  'replica_silent',
  'replica_without_address',
  'view_lost',
];

describe('whatever is wished for and remembered', () => {
  it('lets at most one member of a write service have sessions', () => {
    always((one) => {
      for (const { verdicts } of decided(one).services.filter(isWrite)) {
        expect(verdicts.filter(({ state }) => state !== 'maint').length).toBeLessThanOrEqual(1);
        expect(verdicts.every(({ lines }) => lines === undefined)).toBe(true);
      }
    });
  });

  it('opens nothing in a write service by an override, and spares no session by one', () => {
    always((one) => {
      const without = decided({ ...one, overrides: [] });
      for (const { service, verdicts } of decided(one).services.filter(isWrite)) {
        for (const { member, state } of verdicts.filter((some) => some.state !== 'maint')) {
          const bare = verdict(without, service, member)?.state;
          expect(bare === 'ready' || bare === state).toBe(true);
        }
      }
    });
  });

  it('opens nothing in a write service by a selector or by what is remembered', () => {
    always((one) => {
      const services = one.spec.services.map((service) => ({ ...service, selector: undefined }));
      const plain = decided({ ...one, spec: { ...one.spec, services }, overrides: [], memory: [] });
      for (const { service, verdicts } of decided(one).services.filter(isWrite)) {
        for (const { member, state } of verdicts.filter((some) => some.state !== 'maint')) {
          const bare = verdict(plain, service, member)?.state;
          expect(bare === 'ready' || bare === state).toBe(true);
        }
      }
    });
  });

  it('has the two services of one kind differ about the writer only by their own wishes', () => {
    always((one) => {
      const writer = decided(one).services.filter(isWrite);
      const members = writer.flatMap(({ verdicts }) => verdicts.filter(({ state }) => state !== 'maint'));
      expect(new Set(members.map(({ member }) => member)).size).toBeLessThanOrEqual(1);
    });
  });

  it('lets nobody in by an override who is not safe', () => {
    always((one) => {
      const without = decided({ ...one, overrides: [] });
      for (const { service, verdicts, undecided } of decided(one).services) {
        if (undecided === true) continue;
        for (const { member, state, lines } of verdicts) {
          const reason = verdict(without, service, member)?.reason;
          if (reason === undefined || !unsafe.some((code) => code === reason.code)) continue;
          expect(state).not.toBe('ready');
          expect(lines?.own).not.toBe('ready');
          expect(lines?.backup).not.toBe('ready');
        }
      }
    });
  });

  it('ends the sessions of who claims to be primary without authority, in every service', () => {
    always((one) => {
      for (const { verdicts } of decided(one).services) {
        for (const { state, ends, lines, reason } of verdicts) {
          if (reason.code === 'primary_without_authority') expect(state).toBe('maint');
          // What ends is what is in maint: the line, or the member's own one of two.
          if (ends === true) expect(lines?.own ?? state).toBe('maint');
        }
      }
    });
  });

  it('remembers each member once in each service, and nobody who is gone', () => {
    always((one) => {
      const after = decided(one).memory;
      const keys = after.map(({ service, member }) => `${service} ${member}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { member } of after) expect(one.view.members.some(({ name }) => name === member)).toBe(true);
    });
  });

  it('is the same for the same input, and changes none of it', () => {
    always((one) => {
      const copy = structuredClone(one);
      expect(decided(one)).toEqual(decided(copy));
      expect(one).toEqual(copy);
    });
  });

  it('does not depend on the order of overrides and memory', () => {
    always((one) => {
      const turned = { ...one, overrides: [...one.overrides].reverse(), memory: [...one.memory].reverse() };
      expect(states(decided({ ...turned, overrides: one.overrides }))).toBe(states(decided(one)));
      expect(decided(turned).services).toEqual(decided(one).services);
    });
  });

  it('holds until the instant at which it wants to be reviewed, looked at again or not', () => {
    fc.assert(
      fc.property(given, picture, fc.double({ min: 0, max: 0.999, noNaN: true }), (any, before, part) => {
        const one = { ...any, memory: decided({ ...any, view: before, memory: [] }).memory };
        const decision = decided(one);
        const until = decision.reviewAt ?? one.now + 100_000;
        expect(until).toBeGreaterThan(one.now);
        const then = millis(one.now + (until - one.now) * part);
        expect(states(decided({ ...one, now: then, memory: decision.memory }))).toBe(states(decision));
        expect(states(decided({ ...one, now: then }))).toBe(states(decision));
      }),
      { numRuns },
    );
  });

  it('tells reasons that can be told', () => {
    always((one) => {
      const { services, alarms } = decided(one);
      const all = services.flatMap((service) => [service.reason, ...service.verdicts.map(({ reason }) => reason)]);
      for (const reason of [...alarms, ...all]) {
        expect(Object.hasOwn(reasonTexts, reason.code)).toBe(true);
        expect(explainReason(reason)).not.toMatch(/(?<!\[)\?|undefined/);
      }
    });
  });
});
