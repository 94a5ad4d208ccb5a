// What HAProxy is told, as files: packages/core/scenarios/haproxy/. Each round's commands are compared, in their order.
import { describe, expect, it } from 'vitest';
import { readJson, scenarioNames } from './scenario-file.ts';
import { HaproxyPlay, readHaproxyScenario } from './scenario-haproxy.ts';

describe('haproxy', () => {
  it.each(scenarioNames('haproxy'))('%s', (name) => {
    const scenario = readHaproxyScenario(readJson('haproxy', name));
    const play = new HaproxyPlay(scenario);
    for (const [i, round] of scenario.rounds.entries()) {
      const { commands, problems } = play.run(round);
      expect([`round ${i + 1}`, ...commands]).toEqual([`round ${i + 1}`, ...round.commands]);
      if (round.problems !== undefined)
        expect([`round ${i + 1}`, ...problems]).toEqual([`round ${i + 1}`, ...round.problems]);
    }
  });
});
