// Scenarios of the other half (packages/core/scenarios/haproxy/): what HAProxy holds, what it shall hold, and the commands in between, round by round, on the model of
// HAProxy. Played by the real plan, with the memory that a target keeps of its lines.
import * as z from 'zod';
import { readDuration } from '../src/config/quantities.ts';
import type { DesiredBackend, DesiredServer } from '../src/haproxy/desired.ts';
import { commandsOf, plan, type Step } from '../src/haproxy/plan.ts';
import { LineMemory } from '../src/haproxy/remembered.ts';
import type { ServerState } from '../src/model/decision.ts';
import { isWriteService, type ServiceSpec } from '../src/model/service.ts';
import { after, millis } from '../src/model/units.ts';
import type { Address } from '../src/model/view.ts';
import { HaproxyModel, type ModelServer } from './haproxy-model.ts';
import { clusterOf } from './scenario-play.ts';

const duration = z.union([z.string(), z.number()]).transform((text, context) => {
  const read = readDuration(text);
  if (read.ok) return read.value;
  context.addIssue({ code: 'custom', message: read.message });
  return z.NEVER;
});

const STATE = '(ready|drain|maint)';
/** `drain at 10.0.0.9:5432, 3 sessions, weight 50, backup`; backup: the line bears that word in haproxy.cfg. */
const lineForm = new RegExp(`^${STATE}(?: at (\\S+):(\\d+))?(?:, (\\d+) sessions?)?(?:, weight (\\d+))?(?:, backup)?$`);
/** As in the scenarios of routing, without a reason: `maint at db2:5432, sessions end, weight 50, own maint, backup ready` */
const memberForm = new RegExp(
  `^${STATE}(?: at (\\S+):(\\d+))?(, sessions end)?(?:, weight (\\d+))?(?:, own ${STATE}, backup ${STATE})?$`,
);

const line = z.string().regex(lineForm);
const member = z.string().regex(memberForm);

const schema = z.strictObject({
  description: z.string().min(20),
  /** HAProxy's version. */
  version: z.string().optional(),
  /** The commands that HAProxy refuses, and what it says then. */
  refuses: z.strictObject({ what: z.string(), says: z.string() }).optional(),
  /** One entry of `services` in pgrouted.yaml. */
  service: z.record(z.string(), z.unknown()),
  /** The lines of its backend, by name. Their address is the member's of that name, else 0.0.0.0:5432. */
  lines: z.record(z.string(), line),
  /** What is decided of each member. */
  members: z.record(z.string(), member),
  rounds: z
    .array(
      z.strictObject({
        /** Time that passes first. */
        after: duration.optional(),
        /** From now on; null: it is no member any more. */
        members: z.record(z.string(), member.nullable()).optional(),
        /** How many sessions these lines have from now on. */
        sessions: z.record(z.string(), z.number()).optional(),
        commands: z.array(z.string()),
        /** The codes of what no command can mend. */
        problems: z.array(z.string()).optional(),
      }),
    )
    .min(1),
});

export type HaproxyScenario = z.output<typeof schema>;
export type Round = HaproxyScenario['rounds'][number];

export function readHaproxyScenario(json: unknown): HaproxyScenario {
  const read = schema.safeParse(json);
  if (!read.success) throw new Error(z.prettifyError(read.error));
  return read.data;
}

/** Members are at 10.0.0.1, 10.0.0.2, ... in the order of their names, unless they say where. */
const placeOf = (name: string, among: readonly string[]): Address => ({
  host: `10.0.0.${[...among].sort().indexOf(name) + 1}`,
  port: 5432,
});

export class HaproxyPlay {
  readonly #service: ServiceSpec;
  readonly #backend: string;
  readonly #model: HaproxyModel;
  readonly #memory = new LineMemory();
  readonly #backups: ReadonlySet<string>;
  readonly #places: ReadonlyMap<string, Address>;
  #members: ReadonlyMap<string, string>;
  #now = millis(1_000_000);

  constructor({ service, lines, members, rounds, version, refuses }: HaproxyScenario) {
    const [spec] = clusterOf({ cluster: { probe: {}, services: { it: { backend: 'be', ...service } } } }).services;
    if (spec === undefined) throw new Error('a scenario has one service');
    this.#service = spec;
    this.#backend = spec.backends[0] ?? 'be';
    this.#members = new Map(Object.entries(members));
    const everybody = [
      ...new Set([...this.#members.keys(), ...rounds.flatMap((round) => Object.keys(round.members ?? {}))]),
    ];
    this.#places = new Map(everybody.map((name) => [name, placeOf(name, everybody)]));
    this.#model = new HaproxyModel(Object.entries(lines).map(([name, text]) => this.#lineOf(name, text)));
    this.#backups = new Set(Object.keys(lines).filter((name) => lines[name]?.endsWith(', backup')));
    if (version !== undefined) this.#model.version = version;
    this.#model.refuses = refuses;
  }

  /** What is sent in this round, and what is told as a problem. Where sessions have to end first, the rest is for the next round. */
  run({ after: passed = 0, members = {}, sessions = {} }: Round): {
    readonly commands: readonly string[];
    readonly problems: readonly string[];
  } {
    this.#now = after(this.#now, passed);
    const changed = new Map(this.#members);
    for (const [name, text] of Object.entries(members)) {
      if (text === null) changed.delete(name);
      else changed.set(name, text);
    }
    this.#members = changed;
    for (const [name, count] of Object.entries(sessions)) {
      const server = this.#model.server(this.#backend, name);
      if (server === undefined) throw new Error(`no line ${name}`);
      server.sessions = count;
    }
    const planned = this.#plan();
    const commands = untilSettled(planned.steps).flatMap(commandsOf);
    for (const command of commands) {
      this.#model.execute(command);
      const accepting = this.#model.accepting(this.#backend).map(({ name }) => name);
      if (isWriteService(this.#service) && accepting.length > 1)
        throw new Error(`after "${command}" ${accepting.join(' and ')} accept`);
    }
    this.#model.endSessions();
    return { commands, problems: planned.problems.map(({ code }) => code) };
  }

  #plan(): ReturnType<typeof plan> {
    const read = this.#model.facts();
    const facts = {
      ...read,
      servers: read.servers.map((server) => ({ ...server, backup: this.#backups.has(server.server) })),
    };
    const desired = { serial: 1, backends: [this.#desired()] };
    const refused = new Map();
    // Read back once more, so that what is idle was seen so for long enough.
    for (const readAt of [this.#now, after(this.#now, 100)]) {
      const { wanted } = plan(facts, desired, this.#memory.at(readAt, refused));
      this.#memory.read(wanted, readAt, readAt);
      this.#now = readAt;
    }
    return plan(facts, desired, this.#memory.at(this.#now, refused));
  }

  #desired(): DesiredBackend {
    const { leaving, drainTimeoutMs, servers } = this.#service;
    return {
      backend: this.#backend,
      exclusive: isWriteService(this.#service),
      match: servers,
      removed: { leaving: leaving.removed, drainTimeoutMs },
      servers: [...this.#members]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, text]) => this.#memberOf(name, text)),
    };
  }

  #memberOf(name: string, text: string): DesiredServer {
    const [, state, host, port, ends, weight, own, backup] = memberForm.exec(text) ?? [];
    return {
      member: name,
      address: host === undefined ? this.#places.get(name) : { host, port: Number(port) },
      state: stateOf(state),
      ...(ends === undefined ? {} : { ends: true }),
      ...(weight === undefined ? {} : { weight: Number(weight) }),
      ...(own === undefined ? {} : { lines: { own: stateOf(own), backup: stateOf(backup) } }),
    };
  }

  #lineOf(name: string, text: string): ModelServer {
    const [, state, host, port, sessions = '0', weight = '1'] = lineForm.exec(text) ?? [];
    const place = this.#places.get(name) ?? { host: '0.0.0.0', port: 5432 };
    return {
      backend: this.#backend,
      name,
      host: host ?? place.host,
      port: port === undefined ? place.port : Number(port),
      // 4: `disabled` in the file.
      admin: { ready: 4, drain: 12, maint: 5 }[stateOf(state)],
      op: stateOf(state) === 'maint' ? 0 : 2,
      weight: Number(weight),
      checkFails: false,
      sessions: Number(sessions),
      ending: 0,
    };
  }
}

function stateOf(text: string | undefined): ServerState {
  if (text === 'ready' || text === 'drain' || text === 'maint') return text;
  throw new Error(`'${text}' is no state`);
}

/** What may be sent before HAProxy has to be read back without sessions. */
function untilSettled(steps: readonly Step[]): readonly Step[] {
  const end = steps.findIndex(({ kind }) => kind === 'settle');
  return end < 0 ? steps : steps.slice(0, end);
}
