import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import type { Desired, DesiredBackend, DesiredServer } from './desired.ts';
import { commandsOf, type Plan, plan } from './plan.ts';

type Held = 'ready' | 'drain' | 'maint' | 'down' | 'unresolved' | 'weightless';

const server = (backend: string, name: string, held: Held, sessions = 0): ModelServer => ({
  backend,
  name,
  port: 5432,
  admin: { ready: 4, drain: 12, maint: 5, down: 0, unresolved: 32, weightless: 0 }[held],
  op: held === 'maint' || held === 'down' || held === 'unresolved' ? 0 : 2,
  weight: held === 'weightless' ? 0 : 1,
  checkFails: held === 'down',
  sessions,
  ending: 0,
});

const backend = (name: string, exclusive: boolean, states: Record<string, DesiredServer['state']>): DesiredBackend => ({
  backend: name,
  exclusive,
  servers: Object.entries(states).map(([member, state]) => ({ member, address: undefined, state })),
});
const stepsOf = ({ steps: of }: Plan) =>
  of.map((step) => {
    if (step.kind === 'settle') return `settle ${step.servers.map((one) => one.server).join(' ')}`;
    return `${step.kind}: ${commandsOf(step).join('; ')}`;
  });
const steps = (held: readonly ModelServer[], ...backends: readonly DesiredBackend[]) => {
  const desired: Desired = { serial: 1, backends };
  return stepsOf(plan(new HaproxyModel(held).facts(), desired));
};

describe('the plan for a write service', () => {
  const cases: readonly (readonly [string, ModelServer[], Record<string, DesiredServer['state']>, string[]])[] = [
    [
      'a switch: the old server out and its sessions ended, then the new one in, with everyone else closed once more',
      [server('rw', 'a', 'ready', 9), server('rw', 'b', 'maint')],
      { a: 'maint', b: 'ready' },
      [
        'fence: set server rw/a state maint; shutdown sessions server rw/a',
        'settle a',
        'open: set server rw/a state maint; set server rw/b state ready',
      ],
    ],
    ['nothing to do', [server('rw', 'a', 'ready', 9), server('rw', 'b', 'maint')], { a: 'ready', b: 'maint' }, []],
    [
      'nobody may write',
      [server('rw', 'a', 'ready', 9), server('rw', 'b', 'maint')],
      { a: 'maint', b: 'maint' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    [
      'sessions left on a server that is out',
      [server('rw', 'a', 'maint', 2), server('rw', 'b', 'maint')],
      { a: 'maint', b: 'ready' },
      [
        'fence: shutdown sessions server rw/a',
        'settle a',
        'open: set server rw/a state maint; set server rw/b state ready',
      ],
    ],
    [
      'a drain keeps sessions while nobody else is let in',
      [server('rw', 'a', 'ready', 9), server('rw', 'b', 'maint')],
      { a: 'drain', b: 'maint' },
      ['fence: set server rw/a state drain'],
    ],
    ['a server in maint admits no more than a draining one', [server('rw', 'a', 'maint')], { a: 'drain' }, []],
    [
      'a server that drains has to go before another one comes',
      [server('rw', 'a', 'drain', 9), server('rw', 'b', 'maint')],
      { a: 'drain', b: 'ready' },
      [
        'fence: set server rw/a state maint; shutdown sessions server rw/a',
        'settle a',
        'open: set server rw/a state maint; set server rw/b state ready',
      ],
    ],
    [
      'a server that is down by its own check would come back by itself: it is put into maint too',
      [server('rw', 'a', 'down'), server('rw', 'b', 'maint')],
      { a: 'maint', b: 'ready' },
      [
        'fence: set server rw/a state maint; shutdown sessions server rw/a',
        'settle a',
        'open: set server rw/a state maint; set server rw/b state ready',
      ],
    ],
    [
      'so would one whose name does not resolve yet',
      [server('rw', 'a', 'unresolved'), server('rw', 'b', 'ready')],
      { b: 'ready' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    [
      'two are in rotation: the wrong one is fenced, the right one is not touched',
      [server('rw', 'a', 'ready', 1), server('rw', 'b', 'ready', 1)],
      { b: 'ready' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    ['a server in, but down by its own check: told, not repeated', [server('rw', 'a', 'down')], { a: 'ready' }, []],
    [
      'someone set the weight to 0',
      [server('rw', 'a', 'weightless')],
      { a: 'ready' },
      ['open: set server rw/a weight 100%'],
    ],
    [
      'two writers asked for: nobody',
      [server('rw', 'a', 'ready'), server('rw', 'b', 'maint')],
      { a: 'ready', b: 'ready' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    [
      'a server that is kept and in stays in without a command, everyone else goes',
      [server('rw', 'a', 'ready', 9), server('rw', 'b', 'drain', 1), server('rw', 'c', 'ready')],
      { a: 'keep', b: 'drain' },
      [
        'fence: set server rw/b state maint; shutdown sessions server rw/b; set server rw/c state maint; shutdown sessions server rw/c',
        'settle b c',
      ],
    ],
    ['a server that is kept and out stays out', [server('rw', 'a', 'maint')], { a: 'keep', b: 'maint' }, []],
    [
      'a server that is kept and drains by its weight is not let in again',
      [server('rw', 'a', 'weightless', 1)],
      { a: 'keep' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    [
      'a server to be kept beside another one to be let in: nobody',
      [server('rw', 'a', 'ready'), server('rw', 'b', 'maint')],
      { a: 'keep', b: 'ready' },
      ['fence: set server rw/a state maint; shutdown sessions server rw/a', 'settle a'],
    ],
    [
      'a name that may not reach a command can not be closed, so nobody else is let in',
      [server('rw', 'x'.repeat(65), 'ready'), server('rw', 'b', 'maint')],
      { b: 'ready' },
      [`settle ${'x'.repeat(65)}`],
    ],
  ];
  it.each(cases)('%s', (_, held, states, expected) => {
    expect(steps(held, backend('rw', true, states))).toEqual(expected);
  });

  it('does not open on sessions that are not known', () => {
    const facts = new HaproxyModel([server('rw', 'a', 'maint'), server('rw', 'b', 'maint')]).facts();
    const blind = { ...facts, servers: facts.servers.map((one) => ({ ...one, sessions: undefined })) };
    const kinds = plan(blind, { serial: 1, backends: [backend('rw', true, { b: 'ready' })] }).steps.map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['fence', 'settle', 'open']);
  });
});

describe('the plan for a read service', () => {
  it('takes servers out first, leaves their sessions alone, and lets the others in at once', () => {
    expect(
      steps(
        [
          server('ro', 'a', 'ready', 5),
          server('ro', 'b', 'maint'),
          server('ro', 'c', 'ready', 1),
          server('ro', 'gone', 'ready', 2),
        ],
        backend('ro', false, { a: 'maint', b: 'ready', c: 'drain' }),
      ),
    ).toEqual([
      'fence: set server ro/a state maint; set server ro/c state drain; set server ro/gone state maint',
      'open: set server ro/b state ready',
    ]);
  });
});

describe('a draining server of a read service', () => {
  it('stays in maint where it is there already: maint admits no more than drain does', () => {
    expect(steps([server('ro', 'a', 'maint')], backend('ro', false, { a: 'drain' }))).toEqual([]);
    expect(steps([server('ro', 'a', 'drain')], backend('ro', false, { a: 'drain' }))).toEqual([]);
    expect(steps([server('ro', 'a', 'drain')], backend('ro', false, { a: 'maint' }))).toEqual([
      'fence: set server ro/a state maint',
    ]);
  });
});

describe('a plan for many services', () => {
  it('begins with the fences of all, and a write service that waits holds up no other', () => {
    expect(
      steps(
        [
          server('rw1', 'a', 'ready', 3),
          server('rw1', 'b', 'maint'),
          server('ro1', 'b', 'ready'),
          server('ro1', 'a', 'maint'),
          server('rw2', 'c', 'maint'),
        ],
        backend('ro1', false, { a: 'ready', b: 'maint' }),
        backend('rw1', true, { a: 'maint', b: 'ready' }),
        backend('rw2', true, { c: 'ready' }),
      ),
    ).toEqual([
      'fence: set server ro1/b state maint; set server rw1/a state maint; shutdown sessions server rw1/a',
      'open: set server ro1/a state ready',
      'settle a',
      'open: set server rw1/a state maint; set server rw1/b state ready',
      'open: set server rw2/c state ready',
    ]);
  });

  it('touches nothing that is not named', () => {
    expect(
      steps([server('other', 'x', 'ready', 1), server('rw', 'a', 'maint')], backend('rw', true, { a: 'ready' })),
    ).toEqual(['open: set server rw/a state ready']);
  });
});

describe('a plan tells', () => {
  const told = (held: readonly ModelServer[], ...backends: readonly DesiredBackend[]) =>
    plan(new HaproxyModel(held).facts(), { serial: 1, backends });

  it('what HAProxy lacks', () => {
    const { missing, converged } = told(
      [server('rw', 'a', 'ready')],
      backend('rw', true, { a: 'maint', b: 'ready' }),
      backend('nosuch', false, { a: 'ready' }),
    );
    expect(missing).toEqual([
      { kind: 'server', backend: 'rw', member: 'b' },
      { kind: 'backend', backend: 'nosuch' },
    ]);
    expect(converged).toBe(false);
  });

  it('that it is converged, though a member that shall be out has no line', () => {
    expect(told([server('rw', 'a', 'ready')], backend('rw', true, { a: 'ready', b: 'maint' })).converged).toBe(true);
  });

  it.each([
    ['server_check_failing', [server('rw', 'a', 'down')], [backend('rw', true, { a: 'ready' })]],
    ['server_check_failing', [server('rw', 'a', 'unresolved')], [backend('rw', true, { a: 'ready' })]],
    ['two_writers_asked', [server('rw', 'a', 'maint')], [backend('rw', true, { a: 'ready', b: 'ready' })]],
    ['backend_asked_twice', [server('rw', 'a', 'maint')], [backend('rw', true, {}), backend('rw', false, {})]],
    ['server_name_not_drivable', [server('rw', 'x'.repeat(65), 'maint')], [backend('rw', true, {})]],
  ])('%s', (code, held, backends) => {
    expect(told(held, ...backends).problems.map((problem) => problem.code)).toContain(code);
  });

  it('that a line leads elsewhere than the record says', () => {
    const servers = [{ member: 'a', address: { host: '10.0.0.9', port: 5432 }, state: 'ready' as const }];
    expect(told([server('rw', 'a', 'maint')], { backend: 'rw', exclusive: true, servers }).problems).toMatchObject([
      { code: 'server_address_differs', facts: { address: '127.0.0.1:5432', record: '10.0.0.9:5432' } },
    ]);
  });
});

describe('a server of a read service that takes writes and must not', () => {
  const reads = (ends: boolean): DesiredBackend => ({
    backend: 'ro',
    exclusive: false,
    servers: [
      { member: 'a', address: undefined, state: 'maint', ends },
      { member: 'b', address: undefined, state: 'maint' },
    ],
  });

  it('loses its sessions with its place, the others keep theirs', () => {
    expect(steps([server('ro', 'a', 'ready', 2), server('ro', 'b', 'ready', 3)], reads(true))).toEqual([
      'fence: set server ro/a state maint; shutdown sessions server ro/a; set server ro/b state maint',
      'settle a',
    ]);
  });

  it('is asked again for as long as it has any', () => {
    const held = [server('ro', 'a', 'maint', 2), server('ro', 'b', 'maint', 3)];
    expect(steps(held, reads(true))).toEqual(['fence: shutdown sessions server ro/a', 'settle a']);
    expect(steps(held, reads(false))).toEqual([]);
  });
});
