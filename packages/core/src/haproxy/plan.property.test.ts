// Promise P1 on every prefix of every plan: in a write service no server is let in while another accepts connections or still has sessions,
// whatever HAProxy held before, whatever was asked for, and wherever the carrying out broke off. Against a model of HAProxy.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import type { Desired, DesiredServer } from './desired.ts';
import { commandsOf, plan } from './plan.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;
const BACKENDS = [
  { backend: 'rw1', exclusive: true },
  { backend: 'rw2', exclusive: true },
  { backend: 'ro', exclusive: false },
] as const;

const held = fc.record({
  admin: fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 32, 33),
  stopped: fc.boolean(),
  weight: fc.constantFrom(0, 1),
  checkFails: fc.boolean(),
  sessions: fc.nat({ max: 3 }),
  ending: fc.constant(0),
});
const servers: fc.Arbitrary<readonly ModelServer[]> = fc
  .tuple(
    ...BACKENDS.flatMap(({ backend }) =>
      NAMES.map((name, i) => held.map((h) => ({ ...h, backend, name, port: 1 + i }))),
    ),
  )
  .map((all) =>
    all.map(({ stopped, ...one }) => ({ ...one, op: (one.admin & 0x23) !== 0 || (stopped && one.checkFails) ? 0 : 2 })),
  );
const state = fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const, 'keep' as const);
const desired: fc.Arbitrary<Desired> = fc
  .tuple(
    ...BACKENDS.map((backend) =>
      fc
        .subarray([...NAMES, 'nosuch'])
        .chain((members) =>
          fc.tuple(...members.map((member) => state.map((s) => ({ member, address: undefined, state: s })))),
        )
        .map((all) => ({ ...backend, servers: all })),
    ),
  )
  .map((backends) => ({ serial: 1, backends }));

/** Sends one command and checks what it did to the write services. */
function send(model: HaproxyModel, command: string): void {
  const before = new Map(BACKENDS.map(({ backend }) => [backend, model.accepting(backend)]));
  model.execute(command);
  for (const { backend, exclusive } of BACKENDS) {
    if (!exclusive) continue;
    const now = model.accepting(backend);
    const letIn = now.filter((server) => before.get(backend)?.includes(server) === false);
    if (letIn.length === 0) continue;
    expect(now, `${command} lets in a second writer`).toHaveLength(1);
    const others = model.servers.filter((server) => server.backend === backend && server !== letIn[0]);
    expect(
      others.map(({ sessions }) => sessions),
      `${command} while sessions remain`,
    ).toEqual(others.map(() => 0));
  }
  // Clients never rest: whoever accepts gets a session between any two commands.
  model.connectClients();
}

/** Carries out a plan of one read-back up to `budget` commands. Settling is waiting until the sessions have ended. */
function carryOut(model: HaproxyModel, asked: Desired, budget: number): number {
  let left = budget;
  for (const step of plan(model.facts(), asked).steps) {
    if (step.kind === 'settle') {
      model.endSessions();
      const remain = step.servers.some((one) => model.server(one.backend, one.server)?.sessions !== 0);
      if (remain) return left;
      continue;
    }
    for (const command of commandsOf(step)) {
      if (left === 0) return 0;
      left -= 1;
      send(model, command);
    }
  }
  return left;
}

describe('every prefix of every plan', { timeout: 60_000 }, () => {
  it('keeps one writer, and from any prefix the next plans converge', () => {
    fc.assert(
      fc.property(
        servers,
        fc.array(fc.tuple(desired, fc.nat({ max: 12 })), { minLength: 1, maxLength: 4 }),
        desired,
        (start, broken, last) => {
          const model = new HaproxyModel(start);
          for (const [asked, budget] of broken) carryOut(model, asked, budget);
          for (let round = 0; round < 4; round += 1) carryOut(model, last, Number.POSITIVE_INFINITY);
          model.endSessions();
          const end = plan(model.facts(), last);
          // An unresolved name (admin 32) is nothing that a command could lift; everything else has come to rest.
          expect(end.steps).toEqual([]);
          for (const { line, state: wanted } of end.wanted) {
            if (wanted === 'ready') expect(line.adminState & 0x09).toBe(0);
            else expect(line.inRotation).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('has one writer after an opening even if a stranger let in others right before it', () => {
    fc.assert(
      fc.property(servers, desired, fc.subarray([...NAMES]), (start, asked, strangers) => {
        const model = new HaproxyModel(start);
        for (const step of plan(model.facts(), asked).steps) {
          if (step.kind === 'settle') model.endSessions();
          if (step.kind === 'settle' || step.kind === 'arrange' || (step.kind === 'open' && !step.exclusive)) continue;
          const [first] = step.servers;
          if (step.kind === 'open') {
            for (const name of strangers) model.execute(`set server ${first?.backend}/${name} state ready`);
          }
          for (const command of step.commands) model.execute(command);
          if (step.kind === 'open') expect(model.accepting(first?.backend ?? '').length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets nobody in where servers are only kept as they are', () => {
    const kept = desired.map(({ serial, backends }): Desired => {
      const noReady = (one: DesiredServer) => (one.state === 'ready' ? { ...one, state: 'keep' as const } : one);
      return { serial, backends: backends.map((one) => ({ ...one, servers: one.servers.map(noReady) })) };
    });
    fc.assert(
      fc.property(servers, kept, (start, asked) => {
        expect(plan(new HaproxyModel(start).facts(), asked).steps.filter(({ kind }) => kind === 'open')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same for the same input', () => {
    fc.assert(
      fc.property(servers, desired, (start, asked) => {
        const facts = new HaproxyModel(start).facts();
        expect(plan(facts, asked)).toEqual(plan(facts, asked));
      }),
      { numRuns: 100 },
    );
  });

  it('names nothing but servers that HAProxy listed, whatever the members are called', () => {
    fc.assert(
      fc.property(servers, fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }), state, (start, members, s) => {
        const asked: Desired = {
          serial: 1,
          backends: BACKENDS.map((backend) => ({
            ...backend,
            servers: members.map((member) => ({ member, address: { host: member, port: 1 }, state: s })),
          })),
        };
        for (const step of plan(new HaproxyModel(start).facts(), asked).steps) {
          for (const command of commandsOf(step)) {
            expect(command).toMatch(
              /^(set server (rw1|rw2|ro)\/[abcd] (state (ready|drain|maint)|weight 100%|health up)|shutdown sessions server (rw1|rw2)\/[abcd])$/,
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
