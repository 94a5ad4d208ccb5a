// Plays a scenario on a virtual clock: every second, and whenever a decision asks for it, the world is looked at through its source and decided on, with the
// memory of the decision before, as the router does. Holds no expectation of its own but one: never two writers.

import type { PgroutedConfig } from '../src/config/config.ts';
import { formatConfigError } from '../src/config/config.ts';
import { parseConfig } from '../src/config/parse.ts';
import type { Decision, ServiceDecision, Verdict } from '../src/model/decision.ts';
import type { RoutingMemory } from '../src/model/memory.ts';
import { withConfirmation, withProbes } from '../src/model/overlay.ts';
import type { Override, OverrideAction } from '../src/model/override.ts';
import type { ProbeState } from '../src/model/probe.ts';
import { explainReason } from '../src/model/reason.ts';
import { isWriteService } from '../src/model/service.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import { after, type Millis, millis, revision } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { decide } from '../src/routing/decide.ts';
import type { Scenario, ScenarioOverride, Step } from './scenario-file.ts';
import { type Teller, tellerOf } from './scenario-sources.ts';
import { changed, heard, type World, worldOf } from './scenario-world.ts';

const TICK_MS = 1_000;
/** When the world is looked at for the first time. Instant 0 of a scenario, the first decision, is a second later, unless it tells of the first look itself. */
const FIRST_LOOK = millis(100_000);
const WARM_MS = 1_000;

/** The cluster that a scenario names, read by the real parser. */
export function clusterOf({ cluster }: Pick<Scenario, 'cluster'>): ClusterSpec {
  const sourced = ['patroni', 'stolon', 'postgres'].some((key) => key in cluster);
  const stored = !('postgres' in cluster);
  const file = {
    ...(stored ? { etcd: { endpoints: ['http://127.0.0.1:2379'] } } : {}),
    clusters: [{ name: 'demo', ...(sourced ? {} : { patroni: { scope: 'demo' } }), ...cluster }],
  };
  const read = parseConfig(JSON.stringify(file), 'scenario', { env: {}, readFile: () => 'secret' });
  if (!read.ok) throw new Error(read.errors.map(formatConfigError).join('\n'));
  return onlyCluster(read.config);
}

function onlyCluster({ clusters }: PgroutedConfig): ClusterSpec {
  const [only] = clusters;
  if (only === undefined) throw new Error('a scenario has one cluster');
  return only;
}

/** What was decided at a step. */
export interface Seen {
  readonly step: Step;
  readonly decision: Decision;
}

export class Play {
  readonly spec: ClusterSpec;
  readonly #scenario: Scenario;
  readonly #teller: Teller;
  readonly #probes = new Map<string, ProbeState>();
  #world: World;
  #view: ClusterView;
  #memory: RoutingMemory = [];
  #overrides: readonly Override[];
  readonly #start: Millis;
  #now: Millis = FIRST_LOOK;
  #reviewAt: Millis | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.spec = clusterOf(scenario);
    this.#start = scenario.just_started === true ? FIRST_LOOK : after(FIRST_LOOK, WARM_MS);
    this.#world = worldOf(scenario);
    this.#teller = tellerOf(this.spec, this.#world);
    this.#overrides = (scenario.overrides ?? []).map((one, i) => overrideOf(one, this.#start, i));
    this.#view = this.#look();
  }

  run(): readonly Seen[] {
    this.#passTo(this.#start, false);
    return this.#scenario.steps.map((step) => {
      const at = after(this.#start, step.at);
      this.#passTo(at, true);
      this.#now = at;
      // What falls silent at this instant was heard until then.
      this.#view = this.#look();
      this.#change(step);
      this.#view = this.#look();
      return { step, decision: this.#decide() };
    });
  }

  /** Time goes on in the world as it is, up to but without this instant. */
  #passTo(end: Millis, deciding: boolean): void {
    for (;;) {
      const tick = after(this.#now, TICK_MS);
      const next = this.#reviewAt !== undefined && this.#reviewAt < tick ? this.#reviewAt : tick;
      if (next >= end) return;
      this.#now = millis(Math.max(next, this.#now + 1));
      this.#view = this.#look();
      if (deciding) this.#decide();
    }
  }

  #change(step: Step): void {
    this.#world = changed(this.#world, step);
    if (step.restart === true) this.#memory = [];
    if (step.lift !== undefined) this.#overrides = this.#overrides.filter(({ id }) => id !== step.lift);
    if (step.override !== undefined) {
      this.#overrides = [...this.#overrides, overrideOf(step.override, this.#now, 100 + this.#overrides.length)];
    }
  }

  #look(): ClusterView {
    const asked = this.spec.probe !== undefined;
    for (const name of asked ? this.#world.members.keys() : []) {
      const state = heard(this.#world, name, this.#probes.get(name), this.#now);
      if (state !== undefined) this.#probes.set(name, state);
    }
    if (this.spec.source.kind === 'postgres') return this.#teller.look(this.#world, this.#probes, this.#now);
    const silent = this.#world.etcd === 'silent';
    const view = silent
      ? this.#view
      : withConfirmation(this.#teller.look(this.#world, this.#probes, this.#now), this.#now);
    return withProbes(view, this.#probes);
  }

  #decide(): Decision {
    const given = { overrides: this.#overrides, memory: this.#memory };
    const decision = decide(this.#view, this.spec, this.#now, given);
    this.#memory = decision.memory;
    this.#reviewAt = decision.reviewAt;
    for (const service of decision.services) this.#refuseTwoWriters(service);
    return decision;
  }

  #refuseTwoWriters(service: ServiceDecision): void {
    const inUse = service.verdicts.filter(({ state }) => state !== 'maint').map(({ member }) => member);
    if (isWriteService(service) && inUse.length > 1) {
      throw new Error(`${this.#now - this.#start} ms: two writers in ${service.service}: ${inUse.join(', ')}`);
    }
  }
}

function overrideOf(given: ScenarioOverride, since: Millis, place: number): Override {
  const { id, member, service, scope } = given;
  return {
    id,
    member,
    service,
    action: actionOf(given),
    owner: 'anna',
    reason: 'as the scenario says',
    createdAt: '2026-11-21T12:00:00Z',
    expiresAt: given.for === undefined ? undefined : new Date(Date.UTC(2026, 10, 21, 12) + given.for).toISOString(),
    since,
    until: given.for === undefined ? undefined : after(since, given.for),
    scope,
    revision: scope === 'fleet' ? revision(1_000 + place) : undefined,
  };
}

function actionOf({ action, weight }: ScenarioOverride): OverrideAction {
  if (action !== 'weight') return { kind: action };
  if (weight === undefined) throw new Error('an override of weight needs one');
  return { kind: action, weight };
}

/** A verdict in the words of the file. */
export const wordsOf = ({ state, reason, ends, weight, lines, override }: Verdict): string =>
  [
    `${state} ${reason.code}`,
    ...(ends === true ? ['sessions end'] : []),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
    ...(lines === undefined ? [] : [`own ${lines.own}, backup ${lines.backup}`]),
    ...(override === undefined ? [] : [`by ${override}`]),
  ].join(', ');

/** What was decided about the servers that an expectation names, in the words of the file. */
export function wordsFor(decision: Decision, expected: Step['expect']): Step['expect'] {
  return byService(decision, expected, (service, member) => {
    if (member === 'service') return service.reason.code;
    const verdict = service.verdicts.find((one) => one.member === member);
    return verdict === undefined ? 'no such member' : wordsOf(verdict);
  });
}

/** The same with whole sentences. */
export function sentencesFor(decision: Decision, expected: NonNullable<Step['says']>): NonNullable<Step['says']> {
  return byService(decision, expected, (service, member) => {
    const told = member === 'service' ? service : service.verdicts.find((one) => one.member === member);
    return told === undefined ? 'no such member' : explainReason(told.reason);
  });
}

function byService(
  decision: Decision,
  asked: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>,
  answer: (service: ServiceDecision, member: string) => string,
): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asked).map(([name, members]) => {
      const service = decision.services.find((one) => one.service === name);
      const words = Object.keys(members).map((member) => [
        member,
        service === undefined ? 'no such service' : answer(service, member),
      ]);
      return [name, Object.fromEntries(words)];
    }),
  );
}
