// Nothing that routing can say goes without a scenario: each code of a decision is expected in one, or stands here with the place that fixes it instead.
import { describe, expect, it } from 'vitest';
import { type ReasonCode, reasonSections } from '../src/model/reason.ts';
import { readJson, readScenario, ruleFolders, type Scenario, scenarioNames } from './scenario-file.ts';

/** Codes that no scenario expects, and where they are fixed. */
const elsewhere: Readonly<Partial<Record<ReasonCode, string>>> = {
  acknowledgement_blocked: 'src/routing/alarms.test.ts',
  leader_record_checkpoint: 'src/routing/leader.test.ts: versions before 3.0',
  leader_record_not_converged: 'src/routing/stolon-writer.test.ts',
  member_forgotten: 'src/replay/replay.test.ts: told in the journal, not in a decision',
  proxy_not_acknowledged: 'src/routing/proxy-gate.test.ts',
  proxy_not_enabled: 'src/routing/proxy-gate.test.ts',
  proxy_not_registered: 'src/routing/proxy-gate.test.ts',
  proxy_timeout: 'src/routing/proxy-gate.test.ts',
  replica_being_built: 'src/routing/stolon-reader.test.ts',
  replica_db_unhealthy: 'src/routing/stolon-reader.test.ts',
  replica_follows_outside: 'src/routing/stolon-reader.test.ts',
  spec_invalid: 'src/routing/stolon-writer.test.ts',
};

/** What HAProxy, the fleet and the discovery of clusters say is no decision. */
const ofDecisions = Object.entries(reasonSections)
  .filter(([name]) => !['HAProxy', 'fleet', 'discovery'].includes(name))
  .flatMap(([, texts]) => Object.keys(texts));

const scenarios = ruleFolders().flatMap((rule) =>
  scenarioNames(rule).map((name) => readScenario(readJson(rule, name))),
);

const expectedIn = ({ steps }: Scenario): readonly (string | undefined)[] =>
  steps.flatMap(({ expect: services, alarms = [] }) => [
    ...alarms,
    ...Object.values(services).flatMap((members) =>
      Object.entries(members).map(([member, words]) => (member === 'service' ? words : words?.split(/[ ,]/)[1])),
    ),
  ]);

describe('the scenarios', () => {
  it('are there for every rule', () => {
    for (const rule of ruleFolders()) expect(scenarioNames(rule), rule).not.toEqual([]);
  });

  it('speak of every reason that a decision can give, but for those that are fixed elsewhere', () => {
    const spoken = new Set<string | undefined>(scenarios.flatMap(expectedIn));
    expect(ofDecisions.filter((code) => !spoken.has(code)).sort()).toEqual(Object.keys(elsewhere).sort());
  });

  it.each([
    ['a key that there is not', { leder: 'n1' }, 'Unrecognized key: "leder"'],
    ['a fact that members have not', { members: { n1: { lagg: 5 } } }, 'Unrecognized key: "lagg"'],
    ['a size that is none', { members: { n1: { lag: '16mb' } } }, 'at members.n1.lag'],
    [
      'a reason that there is not',
      { steps: [{ at: 0, expect: { it: { n1: 'ready leader_prooven' } } }] },
      'no such reason',
    ],
    [
      'a state that there is not',
      { steps: [{ at: 0, expect: { it: { n1: 'up leader_proven' } } }] },
      'must match pattern',
    ],
    [
      'steps that go back in time',
      {
        steps: [
          { at: '2s', expect: {} },
          { at: '1s', expect: {} },
        ],
      },
      'not later',
    ],
  ])('are refused with %s', (_, change, error) => {
    const sound = { description: 'A story of one member.', cluster: {}, leader: 'n1', members: { n1: {} } };
    expect(() => readScenario({ ...sound, steps: [{ at: 0, expect: {} }], ...change })).toThrow(error);
  });

  it('tell one story each', () => {
    const stories = scenarios.map(({ description }) => description);
    expect(new Set(stories).size).toBe(stories.length);
  });
});
