// A target that drives more backends than it looks at one by one, against a model of HAProxy, on a clock that a test moves. Its transactions take a millisecond
// each, may break off at any command, and clients connect between any two commands. Whatever the target sends is checked as it is carried out: promise P1.
import type { Desired, DesiredBackend } from '../src/haproxy/desired.ts';
import type { RuntimeAnswer } from '../src/haproxy/runtime.ts';
import { HaproxyModel, type ModelServer } from './haproxy-model.ts';
import type { ManualClock } from './manual-clock.ts';

/** A transaction of several lines is through after so long. */
const ON_ITS_WAY_MS = 10;

/** By the path of its socket. */
const served = new Map<string, ManyBackends>();

/** Takes the place of `RuntimeSocket`. */
export class ModelRuntime {
  readonly path: string;

  constructor({ path }: { readonly path: string }) {
    this.path = path;
  }

  async transact(commands: readonly string[]): Promise<RuntimeAnswer> {
    return served.get(this.path)?.transact(commands) ?? { kind: 'not_running', error: 'no such model' };
  }

  dropSpares(): void {}

  close(): void {}
}

/** Breaks off the next transaction that has as many: so many commands are carried out, and this part of the answer comes. */
export interface Cut {
  /** Only one that has this command. */
  readonly has?: string;
  readonly commands: number;
  readonly part: number;
}

export class ManyBackends {
  model: HaproxyModel;
  #decided: readonly { readonly desired: Desired; readonly until: number }[] = [];
  cut: Cut | undefined;
  /** What broke a promise. Collected, since whoever sends must not catch it. */
  readonly broken: string[] = [];
  readonly path = `model ${served.size}`;
  readonly #clock: ManualClock;
  /** Backends that a hand or a reload has changed since their sessions were counted last. */
  readonly #handed = new Set<string>();

  constructor(servers: readonly ModelServer[], clock: ManualClock) {
    this.model = new HaproxyModel(servers);
    this.model.clock = clock;
    this.#clock = clock;
    served.set(this.path, this);
  }

  /** Nobody listens any more. */
  end(): void {
    served.delete(this.path);
  }

  /** What the target was told last. */
  get desired(): Desired {
    return this.#decided.at(-1)?.desired ?? { serial: 0, backends: [] };
  }

  decide(desired: Desired): void {
    const now = this.#clock.now();
    // What is on its way to HAProxy follows from the decision of before.
    const before = this.#decided.map((one) => ({ ...one, until: Math.min(one.until, now + ON_ITS_WAY_MS) }));
    this.#decided = [...before.filter(({ until }) => until >= now), { desired, until: Number.POSITIVE_INFINITY }];
  }

  /** A line over the socket. */
  async transact(commands: readonly string[]): Promise<RuntimeAnswer> {
    const { model } = this;
    await this.#passMs(0.5);
    model.endSessions();
    const fits = this.cut?.has === undefined || commands.includes(this.cut.has);
    const cut = fits ? this.cut : undefined;
    if (fits) this.cut = undefined;
    const carried = cut === undefined ? commands : commands.slice(0, cut.commands);
    const text = carried.map((command) => this.#carryOut(model, command)).join('');
    await this.#passMs(0.5);
    if (cut === undefined) return { kind: 'answer', text };
    const rest = text.slice(0, Math.floor(text.length * cut.part));
    return rest === '' ? { kind: 'protocol', error: 'cut off' } : { kind: 'answer', text: rest };
  }

  /** Somebody types into the socket. */
  hand(backend: string, command: string): void {
    this.#handed.add(backend);
    this.model.execute(command);
    this.model.connectClients();
  }

  /** The next worker takes over. */
  reload(servers: readonly ModelServer[]): void {
    const next = new HaproxyModel(servers);
    next.clock = this.#clock;
    next.pid = this.model.pid + 1;
    this.model = next;
    // What is on its way follows from what the worker of before held.
    for (const { backend } of servers) this.#handed.add(backend);
  }

  #carryOut(model: HaproxyModel, command: string): string {
    const [, backend = ''] = /^(?:set server|shutdown sessions server) ([^/]+)\//.exec(command) ?? [];
    const now = this.#clock.now();
    const asked = this.#decided
      .filter(({ until }) => until >= now)
      .flatMap(({ desired: { backends } }) => backends.find((one) => one.backend === backend) ?? []);
    if (asked.length === 0) {
      const [, id] = /^show stat (\S+) /.exec(command) ?? [];
      if (id !== undefined) this.#counted(model, id);
      return model.execute(command);
    }
    const before = new Set(model.accepting(backend));
    const answer = model.execute(command);
    const letIn = model.accepting(backend).filter((one) => !before.has(one));
    for (const server of letIn) this.#letIn(model, asked, server, command);
    model.connectClients();
    return answer;
  }

  #letIn(model: HaproxyModel, asked: readonly DesiredBackend[], { name, backend }: ModelServer, command: string): void {
    const told = (what: string) => this.broken.push(`${command}: ${what}`);
    const isReady = ({ servers }: DesiredBackend): boolean =>
      servers.some(({ member, state }) => member === name && state === 'ready');
    if (!asked.some(isReady)) told('lets in who shall not be in');
    if (asked.at(-1)?.exclusive !== true) return;
    const others = model.servers.filter((one) => one.backend === backend && one.name !== name);
    if (others.some((one) => model.accepts(one))) told('lets in a second writer');
    if (others.some(({ sessions }) => sessions > 0) && !this.#handed.has(backend)) told('while sessions remain');
  }

  #counted(model: HaproxyModel, id: string): void {
    if (model !== this.model) return;
    const read = new Set(
      model
        .line(`show stat ${id} 4 -1`)
        .split('\n')
        .map((row) => row.split(',')[0] ?? ''),
    );
    for (const backend of read) this.#handed.delete(backend);
  }

  #passMs(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}
