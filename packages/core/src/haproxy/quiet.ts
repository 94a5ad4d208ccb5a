// Of many backends those that nothing is to be done about: as decided, as HAProxy held it when it was last read, and nothing waits in them. While decision and
// lines stay the very same objects such a backend needs no look. Values only.
import type { Millis } from '../model/units.ts';
import type { Desired, DesiredBackend } from './desired.ts';
import type { Wanted } from './match.ts';
import { isGone, type TargetFacts } from './parse.ts';
import type { Plan } from './plan.ts';
import { linesIn, linesOf } from './server-lines.ts';

/** From so many backends on it is worth the trouble. Up to then each look is at all of them. */
const MANY = 64;

interface Quiet {
  readonly desired: DesiredBackend;
  readonly lines: TargetFacts['servers'];
  readonly wanted: readonly Wanted[];
  /** What no command mends: it is told on, and thought about again after a while. */
  readonly missing: Plan['missing'];
  readonly problems: Plan['problems'];
  readonly lookedAt: Millis;
}

/** Where no command helps it is thought about again after so long: what was refused may be due once more. */
const TROUBLED_FOR_MS = 5_000;

export const areMany = ({ backends }: Desired): boolean => backends.length > MANY;

export class QuietBackends {
  readonly #quiet = new Map<string, Quiet>();
  /** Those of them that no command mends. */
  readonly #troubled = new Set<string>();
  #keptOnly: Desired['backends'] = [];
  /** With these decisions and lines all were quiet, and are. */
  #allQuiet: { readonly backends: Desired['backends']; readonly lines: TargetFacts['servers'] } | undefined;

  /** The decision about those that are not quiet. */
  others(desired: Desired, facts: TargetFacts, now: Millis, besides: ReadonlySet<DesiredBackend> = new Set()): Desired {
    const { serial } = desired;
    if (besides.size === 0 && this.#wereAllQuiet(desired, facts)) return { serial, backends: [] };
    const lines = linesIn(facts.servers);
    const backends = desired.backends.filter((one) => besides.has(one) || !this.#isQuiet(one, lines, now));
    this.#allQuiet = backends.length === 0 ? { backends: desired.backends, lines: facts.servers } : undefined;
    return { serial, backends };
  }

  /** Nothing has changed since all of them were quiet. */
  #wereAllQuiet({ backends }: Desired, { servers }: TargetFacts): boolean {
    return this.#troubled.size === 0 && this.#allQuiet?.backends === backends && this.#allQuiet.lines === servers;
  }

  /** What is left to do in these backends, all of which were looked at. */
  looked({ backends }: Desired, facts: TargetFacts, next: Plan, now: Millis): void {
    const busy = busyIn(next);
    const wanted = groupedBy(next.wanted, ({ line }) => line.backend);
    const lacking = groupedBy(next.missing, ({ backend }) => backend);
    const ailing = groupedBy(next.problems, ({ facts: { backend } }) => String(backend ?? ''));
    for (const desired of backends) {
      const { backend } = desired;
      const held = wanted.get(backend) ?? [];
      const missing = lacking.get(backend) ?? [];
      const problems = ailing.get(backend) ?? [];
      if (busy.has(backend) || (held.length === 0 && missing.length === 0) || !held.every(isAtRest)) {
        this.#delete(backend);
        continue;
      }
      const lines = linesOf(facts.servers, backend);
      const quiet = { desired, lines, wanted: held, missing, problems, lookedAt: now };
      this.#quiet.set(backend, quiet);
      if (isTroubled(quiet)) this.#troubled.add(backend);
      else this.#troubled.delete(backend);
    }
  }

  /** The plan for some, with what is known of all others. `some`: their names. */
  whole(next: Plan, some: ReadonlySet<string>): Plan {
    const troubled = [...this.#troubled].flatMap((name) => (some.has(name) ? [] : (this.#quiet.get(name) ?? [])));
    if (troubled.length === 0) return next;
    return {
      ...next,
      missing: [...next.missing, ...troubled.flatMap(({ missing }) => missing)],
      problems: [...next.problems, ...troubled.flatMap(({ problems }) => problems)],
      converged: next.converged && troubled.every(lacksNobody),
    };
  }

  /** What all the quiet ones shall hold, and do. */
  wanted(): readonly Wanted[] {
    return [...this.#quiet.values()].flatMap((one) => one.wanted);
  }

  /** Forgets those that nobody decides about any more. */
  keepOnly(backends: readonly DesiredBackend[]): void {
    if (backends === this.#keptOnly) return;
    this.#keptOnly = backends;
    const names = new Set(backends.map(({ backend }) => backend));
    for (const backend of this.#quiet.keys()) if (!names.has(backend)) this.#delete(backend);
  }

  /** Another worker. */
  forget(): void {
    this.#quiet.clear();
    this.#troubled.clear();
    this.#allQuiet = undefined;
  }

  #delete(backend: string): void {
    this.#quiet.delete(backend);
    this.#troubled.delete(backend);
    this.#allQuiet = undefined;
  }

  #isQuiet(desired: DesiredBackend, linesOf: (backend: string) => TargetFacts['servers'], now: Millis): boolean {
    const known = this.#quiet.get(desired.backend);
    if (known === undefined || known.desired !== desired || known.lines !== linesOf(desired.backend)) return false;
    return !isTroubled(known) || now - known.lookedAt < TROUBLED_FOR_MS;
  }
}

function groupedBy<T>(all: readonly T[], nameOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(nameOf(one));
    if (group === undefined) groups.set(nameOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

const isTroubled = ({ missing, problems }: Quiet): boolean => missing.length > 0 || problems.length > 0;

/** Nobody who shall be ready is without a line. */
const lacksNobody = ({ desired, missing }: Quiet): boolean =>
  missing.every((one) => {
    const asked = desired.servers.filter(({ member }) => one.kind === 'backend' || member === one.member);
    return asked.every(({ state }) => state !== 'ready');
  });

function busyIn({ steps, awaited }: Plan): ReadonlySet<string> {
  return new Set([
    ...steps.flatMap((step) => {
      if (step.kind === 'settle') return [step.backend];
      if (step.kind === 'arrange') return step.arrangements.map(({ backend }) => backend);
      return step.servers.map(({ backend }) => backend);
    }),
    ...awaited.map((key) => key.slice(0, key.lastIndexOf('/'))),
  ]);
}

/** In and taking connections, or out, for a member that is there; one that stands for nobody only when it is gone for good. */
const isAtRest = ({ line, state, member, ends }: Wanted): boolean => {
  // One that its own check keeps out is a problem, and none of ours to mend.
  if (state === 'ready') return true;
  return member === undefined || ends ? isGone(line) : true;
};
