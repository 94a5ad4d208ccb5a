// The specification of routing as files: packages/core/scenarios/. Each is played, and what is decided at each step is compared with what it says.
import { describe, expect, it } from 'vitest';
import { readJson, readScenario, ruleFolders, scenarioNames } from './scenario-file.ts';
import { Play, sentencesFor, wordsFor } from './scenario-play.ts';

describe.each(ruleFolders())('%s', (rule) => {
  it.each(scenarioNames(rule))('%s', (name) => {
    const play = new Play(readScenario(readJson(rule, name)));
    for (const { step, decision } of play.run()) {
      const at = `at ${step.at} ms`;
      expect({ at, ...wordsFor(decision, step.expect) }).toEqual({ at, ...step.expect });
      const { says = {}, alarms } = step;
      expect({ at, ...sentencesFor(decision, says) }).toEqual({ at, ...says });
      if (alarms !== undefined) expect([at, ...decision.alarms.map(({ code }) => code)]).toEqual([at, ...alarms]);
    }
  });
});
