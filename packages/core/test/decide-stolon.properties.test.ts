// What holds for every picture of a Stolon cluster: a server takes writes only while Stolon names it, in a view that still says so, and, where this router
// is registered, only as far as a Stolon proxy may go.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceDecision } from '../src/model/decision.ts';
import { explainReason } from '../src/model/reason.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import type { Millis } from '../src/model/units.ts';
import { type ClusterView, memberOf } from '../src/model/view.ts';
import { decide } from '../src/routing/decide.ts';
import { stolonView } from './random-stolon-views.ts';
import { instant, spec } from './random-views.ts';

/** A second or so in all; for a thorough search set it to 100 000. */
const numRuns = 600;

interface Given {
  readonly view: ClusterView;
  readonly wishes: ClusterSpec;
  readonly now: Millis;
  readonly services: readonly ServiceDecision[];
}

const always = (check: (given: Given) => void): void => {
  fc.assert(
    fc.property(stolonView, spec, instant, (view, wishes, now) => {
      check({ view, wishes, now, services: decide(view, wishes, now).services });
    }),
    { numRuns },
  );
};

const writeServices = ({ services }: Given) => services.filter(({ role }) => role === 'primary');

/** Whoever is not in maint, or is kept as it is. */
const mayHoldSessions = ({ verdicts, keep }: ServiceDecision): readonly string[] =>
  verdicts.filter(({ member, state }) => state !== 'maint' || member === keep).map(({ member }) => member);

describe('a decision about a Stolon cluster', () => {
  it('leaves sessions only on the named master, in a view that is confirmed within the grace, of a cluster that takes writes', () => {
    always((given) => {
      const { view, wishes, now } = given;
      for (const service of writeServices(given)) {
        for (const member of mayHoldSessions(service)) {
          expect(view.leadership).toMatchObject({ kind: 'held', member });
          expect(view.initialized && !view.settings.standbyCluster).toBe(true);
          expect(view.proxies?.problem).toBe(undefined);
          const { registration, sleepIntervalMs = 0 } = view.proxies ?? {};
          expect(now - view.confirmedAt).toBeLessThan(registration?.timeoutMs ?? sleepIntervalMs);
          const outage = wishes.services.find(({ name }) => name === service.service)?.outage;
          if (outage?.kind === 'close') expect(now - view.confirmedAt).toBeLessThan(1_000);
          const forMs = outage?.kind === 'hold' ? outage.forMs : undefined;
          if (forMs !== undefined) expect(now - view.confirmedAt).toBeLessThan(Math.max(1_000, forMs));
        }
      }
    });
  });

  it('lets a server in only as far as the proxy protocol allows', () => {
    always((given) => {
      const { view, now } = given;
      const { registration, clusterUid, enabled = [] } = view.proxies ?? {};
      if (registration === undefined) return;
      for (const { verdicts } of writeServices(given)) {
        if (!verdicts.some(({ state }) => state === 'ready')) continue;
        const { acknowledged, aliveAt, timeoutMs, uid } = registration;
        expect(now - (aliveAt ?? Number.NEGATIVE_INFINITY)).toBeLessThan(timeoutMs);
        expect(acknowledged?.clusterUid).toBe(clusterUid);
        expect(acknowledged?.viewRevision).toBeGreaterThanOrEqual(view.leadership.revision);
        const since = enabled.find((proxy) => proxy.uid === uid)?.since;
        expect(since).toBeDefined();
        expect(acknowledged?.viewRevision).toBeGreaterThanOrEqual(since ?? 0n);
      }
    });
  });

  it('keeps only a master that was found, by a view younger than Stolon can name another, and for a while', () => {
    always((given) => {
      const { view, wishes, now } = given;
      for (const { keep, undecided, verdicts } of writeServices(given)) {
        expect(undecided).toBe(keep !== undefined);
        if (keep === undefined) continue;
        expect(view.leadership).toMatchObject({ kind: 'held', member: keep, origin: 'found' });
        expect(verdicts.filter(({ state }) => state === 'ready')).toEqual([]);
        const { sleepIntervalMs = 0, registration } = view.proxies ?? {};
        expect(now - view.confirmedAt).toBeLessThan(0.6 * sleepIntervalMs);
        const since = Math.max(view.leadership.seenAt, registration?.startedAt ?? 0);
        expect(now - since).toBeLessThan(registration === undefined ? 30_000 : Math.max(2_000, 3 * sleepIntervalMs));
        if (wishes.probe === undefined) continue;
        expect(['primary', 'silent', 'denied', undefined]).toContain(memberOf(view, keep)?.probe?.latest.kind);
      }
    });
  });

  it('lets a standby take reads only if its keeper and its db are in regular use', () => {
    always(({ view, services }) => {
      for (const { verdicts } of services.filter(({ role }) => role === 'replica')) {
        for (const { member: name, state, reason } of verdicts) {
          if (state !== 'ready' || reason.code === 'fallback_to_primary') continue;
          expect(reason.code).toBe('replica_within_lag');
          const member = memberOf(view, name);
          expect(member).toMatchObject({
            role: 'replica',
            present: true,
            running: true,
            stolon: { keeperHealthy: true, dbHealthy: true },
          });
          expect(member?.address).toBeDefined();
          expect(member?.stolon?.currentGeneration).toBeGreaterThan(0);
          expect(member?.stolon?.follows).not.toBe('external');
          expect(view.leadership).not.toMatchObject({ kind: 'held', member: name });
        }
      }
    });
  });

  it('never speaks of what Stolon has not', () => {
    fc.assert(
      fc.property(stolonView, spec, instant, (view, wishes, now) => {
        const { services, alarms } = decide(view, wishes, now);
        const reasons = services.flatMap(({ reason, verdicts }) => [reason, ...verdicts.map((one) => one.reason)]);
        for (const reason of [...reasons, ...alarms]) {
          expect(reason.facts['source']).toBe('stolon');
          expect(explainReason(reason)).not.toMatch(/leader key|Patroni|lease/);
        }
      }),
      { numRuns },
    );
  });
});
