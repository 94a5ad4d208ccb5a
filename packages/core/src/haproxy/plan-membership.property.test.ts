// Promise P1 in every membership mode: lines by name, by address, backup lines, spares, added servers, weights, members that come, move and go, with what a
// target remembers. On every prefix of every plan there is one writer, nobody is led to a member that was not let in, and read-backs in a row converge.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import { after, type Millis, millis } from '../model/units.ts';
import type { Desired, DesiredBackend } from './desired.ts';
import { commandsOf, plan } from './plan.ts';
import { LineMemory } from './remembered.ts';

const MEMBERS = ['a', 'b', 'c', 'd', 'e'] as const;
const PORTS = [11, 12, 13, 14, 15] as const;
const BACKENDS = [
  { backend: 'rw', exclusive: true },
  { backend: 'ro', exclusive: false },
] as const;
/** Lines of haproxy.cfg: some by name, a backup line, spares, one that nobody knows, one that bears the prefix of added ones. */
const LINES = ['a', 'b', 'a-fb', 'b-fb', 'other', 'sp1', 'sp2', 'sp3', 'dyn-c'] as const;

const held = fc.record({
  admin: fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13),
  stopped: fc.boolean(),
  weight: fc.constantFrom(0, 1, 7),
  checkFails: fc.boolean(),
  sessions: fc.nat({ max: 2 }),
  ending: fc.constant(0),
  port: fc.constantFrom(1, ...PORTS),
});
const lineOf = (backend: string, name: string): fc.Arbitrary<ModelServer | undefined> =>
  fc.option(
    held.map(
      ({ stopped, ...one }): ModelServer => ({
        ...one,
        backend,
        name,
        host: '10.0.0.1',
        op: (one.admin & 0x23) !== 0 || (stopped && one.checkFails) ? 0 : 2,
      }),
    ),
    { nil: undefined, freq: 4 },
  );
const servers: fc.Arbitrary<readonly ModelServer[]> = fc
  .tuple(...BACKENDS.flatMap(({ backend }) => LINES.map((name) => lineOf(backend, name))))
  // A backend without any line is no backend.
  .map((all) => [
    ...BACKENDS.map(({ backend }) => ({ ...still, backend, name: 'anchor' })),
    ...all.filter((one) => one !== undefined),
  ]);
const still = { port: 1, host: '10.0.0.1', admin: 5, op: 0, weight: 1, checkFails: false, sessions: 0, ending: 0 };

const states = fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const, 'keep' as const);
const held3 = fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const);
const serverOf = (member: string) =>
  fc.record({
    member: fc.constant(member),
    // The record of a member may be without an address, and a member may move to where another one was.
    address: fc.option(
      fc.constantFrom(...PORTS).map((port) => ({ host: '10.0.0.1', port })),
      { nil: undefined, freq: 6 },
    ),
    state: states,
    ends: fc.boolean(),
    weight: fc.constantFrom(undefined, 0, 1, 50),
    lines: fc.option(fc.record({ own: held3, backup: held3 }), { nil: undefined }),
  });
const spec = fc.record({
  match: fc.constantFrom('auto' as const, 'name' as const, 'address' as const),
  name: fc.constant('{member}'),
  backupName: fc.constantFrom(undefined, '{member}-fb'),
  spares: fc.constantFrom(undefined, 'sp'),
  add: fc.constantFrom(undefined, { prefix: 'dyn-', parameters: ['weight', '1'] }),
});
const removed = fc.constantFrom(
  undefined,
  { leaving: 'kill' as const, drainTimeoutMs: 30 },
  { leaving: 'drain' as const, drainTimeoutMs: 30 },
  { leaving: 'drain_then_kill' as const, drainTimeoutMs: 30 },
);
const backendOf = (of: (typeof BACKENDS)[number]): fc.Arbitrary<DesiredBackend> =>
  fc
    .tuple(
      spec,
      removed,
      fc.subarray([...MEMBERS]).chain((names) => fc.tuple(...names.map(serverOf))),
    )
    .map(([match, gone, all]) => {
      // No two members listen at one place.
      const taken = new Set<number>();
      const unique = all.map((one) => {
        const port = one.address?.port;
        const address = port === undefined || taken.has(port) ? undefined : one.address;
        if (port !== undefined) taken.add(port);
        return { ...one, address };
      });
      return { ...of, match, removed: gone, servers: unique };
    });
const desired: fc.Arbitrary<Desired> = fc
  .tuple(...BACKENDS.map(backendOf))
  .map((backends) => ({ serial: 1, backends }));

class World {
  readonly model: HaproxyModel;
  readonly #memory = new LineMemory();
  #now: Millis = millis(1_000);

  constructor(start: readonly ModelServer[]) {
    this.model = new HaproxyModel(start);
  }

  /** One read-back, and its plan up to `budget` commands. */
  turn(asked: Desired, budget: number): number {
    let left = budget;
    this.#now = after(this.#now, 6);
    for (const step of this.look(asked).steps) {
      if (step.kind === 'settle') {
        this.model.endSessions();
        if (step.servers.some((one) => this.model.server(one.backend, one.server)?.sessions !== 0)) return left;
      }
      for (const command of commandsOf(step)) {
        if (left === 0) return 0;
        left -= 1;
        this.#send(asked, command);
      }
    }
    return left;
  }

  look(asked: Desired) {
    const facts = this.model.facts();
    const planned = plan(facts, asked, this.#memory.at(this.#now, new Map()));
    this.#memory.read(planned.wanted, this.#now, this.#now);
    return planned;
  }

  #send(asked: Desired, command: string): void {
    const before = new Set(this.model.servers.filter((one) => this.model.accepts(one)));
    const places = new Map(this.model.servers.map((one) => [one, `${one.host}:${one.port}`]));
    this.model.execute(command);
    for (const server of this.model.servers) {
      if (places.has(server) && places.get(server) !== `${server.host}:${server.port}`) {
        expect(this.model.accepts(server), `${command} moves a server that accepts`).toBe(false);
        expect(server.sessions - server.ending, `${command} moves a server with sessions`).toBe(0);
      }
    }
    for (const { backend, exclusive } of BACKENDS) {
      const now = this.model.accepting(backend);
      const letIn = now.filter((server) => !before.has(server));
      for (const server of letIn) expect(leadsToOneLetIn(asked, server), `${command} lets in a stranger`).toBe(true);
      if (!exclusive || letIn.length === 0) continue;
      expect(now, `${command} lets in a second writer`).toHaveLength(1);
      const others = this.model.servers.filter((server) => server.backend === backend && server !== letIn[0]);
      expect(
        others.map(({ sessions }) => sessions),
        `${command} while sessions remain`,
      ).toEqual(others.map(() => 0));
    }
    this.model.connectClients();
  }
}

/** A line of haproxy.cfg is trusted by its name; one that got its address at run time leads to a member that may be let in. (Drain lifts maint, too.) */
function leadsToOneLetIn(asked: Desired, server: ModelServer): boolean {
  if (!/^(sp\d|dyn-)/.test(server.name)) return true;
  const backend = asked.backends.find((one) => one.backend === server.backend);
  const members = backend?.servers.filter(({ state, lines }) => state === 'ready' || lines?.own === 'ready') ?? [];
  return members.some(({ address }) => address?.port === server.port) || backend?.match?.match === 'name';
}

describe('every prefix of every plan, in every membership mode', { timeout: 120_000 }, () => {
  it('keeps one writer, moves no line in use, and read-backs in a row converge', () => {
    fc.assert(
      fc.property(
        servers,
        fc.array(fc.tuple(desired, fc.nat({ max: 15 })), { maxLength: 5 }),
        desired,
        (start, broken, last) => {
          const world = new World(start);
          for (const [asked, budget] of broken) world.turn(asked, budget);
          for (let round = 0; round < 16; round += 1) {
            world.turn(last, Number.POSITIVE_INFINITY);
            // Clients of a drained line go home by and by.
            for (const server of world.model.servers) {
              if (!world.model.accepts(server)) server.sessions = server.ending = 0;
            }
          }
          world.model.endSessions();
          const end = world.look(last);
          expect(end.steps).toEqual([]);
          for (const { line, state } of end.wanted) {
            if (state === 'ready') expect(line.adminState & 0x09).toBe(0);
            else expect(line.inRotation).toBe(false);
          }
          for (const { backend, exclusive } of BACKENDS) {
            if (exclusive) expect(world.model.accepting(backend).length).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives the same lines to the same members in every router', () => {
    fc.assert(
      fc.property(servers, desired, (start, asked) => {
        const turned = (shuffle: boolean) => {
          const world = new World(start);
          const backends = asked.backends.map((one) => ({
            ...one,
            servers: shuffle ? [...one.servers].reverse() : one.servers,
          }));
          const order = shuffle ? { ...asked, backends } : asked;
          for (let round = 0; round < 3; round += 1) world.turn(order, Number.POSITIVE_INFINITY);
          return world.look(order).wanted.map(({ line, member, state }) => [line.server, line.port, member, state]);
        };
        expect(turned(true)).toEqual(turned(false));
      }),
      { numRuns: 150 },
    );
  });
});
