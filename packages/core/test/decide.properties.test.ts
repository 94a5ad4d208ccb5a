// What holds for every picture, however odd: the promises that decide() makes whatever it is given.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../src/model/decision.ts';
import { explainReason, reasonTexts } from '../src/model/reason.ts';
import { millis } from '../src/model/units.ts';
import { type ClusterView, memberOf } from '../src/model/view.ts';
import { decide } from '../src/routing/decide.ts';
import { postgresPicture } from './random-postgres-words.ts';
import { stolonView } from './random-stolon-views.ts';
import { instant, view as patroniView, spec } from './random-views.ts';

/** Two seconds or so in all; for a thorough search set it to 100 000. */
const numRuns = 1_000;

const view = fc.oneof(patroniView, stolonView, postgresPicture);

const writeServices = (decision: Decision) => decision.services.filter(({ role }) => role === 'primary');
const states = ({ services, alarms, probeHard }: Decision): string =>
  JSON.stringify([
    services.map(({ verdicts }) => verdicts.map(({ member, state, reason }) => [member, state, reason.code])),
    alarms.map(({ code, facts }) => [code, facts['member']]),
    probeHard,
  ]);

const always = (
  check: (...given: [ClusterView, Parameters<typeof decide>[1], Parameters<typeof decide>[2]]) => void,
): void => {
  fc.assert(fc.property(view, spec, instant, check), { numRuns });
};

describe('a decision', () => {
  it('lets at most one member into a write service, and leaves at most one with its sessions', () => {
    always((given, wishes, now) => {
      for (const { verdicts } of writeServices(decide(given, wishes, now))) {
        expect(verdicts.filter(({ state }) => state !== 'maint').length).toBeLessThanOrEqual(1);
      }
    });
  });

  it('lets only the named leader in, or the former one where Patroni keeps it without a key', () => {
    always((given, wishes, now) => {
      for (const { verdicts } of writeServices(decide(given, wishes, now))) {
        const writer = verdicts.find(({ state }) => state === 'ready');
        if (writer === undefined) continue;
        const { leadership, settings, failsafeMembers } = given;
        if (leadership.kind === 'held') expect(writer.member).toBe(leadership.member);
        else {
          expect(given.source).toBe('patroni');
          expect(writer.member).toBe(leadership.former);
          expect(settings.paused || failsafeMembers.includes(writer.member)).toBe(true);
          expect(leadership.graceful).toBe(false);
        }
        expect(given.initialized && !settings.standbyCluster).toBe(true);
      }
    });
  });

  it('with a probe lets a writer in only on its own word, given since it was named', () => {
    always((given, wishes, now) => {
      if (wishes.probe === undefined) return;
      for (const { verdicts } of writeServices(decide(given, wishes, now))) {
        const writer = verdicts.find(({ state }) => state === 'ready');
        if (writer === undefined) continue;
        const said = memberOf(given, writer.member)?.probe;
        expect(said?.lastAnswer?.kind).toBe('primary');
        expect(said?.lastAnswer?.at).toBeGreaterThanOrEqual(given.leadership.seenAt);
        expect(['primary', 'silent', 'denied']).toContain(said?.latest.kind);
      }
    });
  });

  it('names every member once in every service, sorted', () => {
    always((given, wishes, now) => {
      const names = given.members.map(({ name }) => name).sort();
      for (const { verdicts } of decide(given, wishes, now).services) {
        expect(verdicts.map(({ member }) => member)).toEqual(names);
      }
    });
  });

  it('is the same for the same input, and does not change it', () => {
    always((given, wishes, now) => {
      const copy = structuredClone(given);
      expect(decide(given, wishes, now)).toEqual(decide(structuredClone(given), wishes, now));
      expect(given).toEqual(copy);
    });
  });

  it('does not depend on the order of the members', () => {
    always((given, wishes, now) => {
      const turned = { ...given, members: [...given.members].reverse() };
      expect(decide(turned, wishes, now)).toEqual(decide(given, wishes, now));
    });
  });

  it('holds until the instant at which it wants to be reviewed', () => {
    fc.assert(
      fc.property(view, spec, instant, fc.double({ min: 0, max: 0.999, noNaN: true }), (given, wishes, now, part) => {
        const decision = decide(given, wishes, now);
        const until = decision.reviewAt ?? now + 100_000;
        expect(until).toBeGreaterThan(now);
        expect(states(decide(given, wishes, millis(now + (until - now) * part)))).toBe(states(decision));
      }),
      { numRuns },
    );
  });

  it('gives reasons that can be told: every code is in the list, every fact that the sentence needs is there', () => {
    always((given, wishes, now) => {
      const { services, alarms } = decide(given, wishes, now);
      const reasons = [
        ...alarms,
        ...services.flatMap((service) => [service.reason, ...service.verdicts.map((verdict) => verdict.reason)]),
      ];
      for (const reason of reasons) {
        expect(Object.hasOwn(reasonTexts, reason.code)).toBe(true);
        expect(explainReason(reason)).not.toMatch(/\?|undefined/);
      }
    });
  });

  it('never lets a member take reads that is down, not running or not a standby, but for the primary as a last resort', () => {
    always((given, wishes, now) => {
      // Its own word, where nobody keeps a record: decide-postgres.properties.test.ts.
      if (given.source === 'postgres') return;
      const decision = decide(given, wishes, now);
      for (const { verdicts } of decision.services.filter(({ role }) => role === 'replica')) {
        for (const { member: name } of verdicts.filter(
          ({ state, reason }) => state === 'ready' && reason.code !== 'fallback_to_primary',
        )) {
          const member = memberOf(given, name);
          expect(member).toMatchObject({
            running: true,
            present: true,
            problem: undefined,
            tags: { noloadbalance: false },
          });
          expect(['replica', 'standby_leader']).toContain(member?.role);
          expect(['standby', 'silent', 'denied', undefined]).toContain(member?.probe?.latest.kind);
        }
      }
    });
  });
});
