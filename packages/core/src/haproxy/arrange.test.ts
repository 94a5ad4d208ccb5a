import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import { type ServersSpec, serversDefault } from '../model/service.ts';
import { millis } from '../model/units.ts';
import { arrange } from './arrange.ts';
import type { DesiredBackend, DesiredServer } from './desired.ts';
import { match } from './match.ts';
import { serverKey } from './parse.ts';
import { LineMemory, nothingRemembered } from './remembered.ts';

const server = (name: string, more: Partial<ModelServer> = {}): ModelServer => ({
  backend: 'be',
  name,
  port: 1,
  admin: 5,
  op: 0,
  weight: 1,
  checkFails: false,
  sessions: 0,
  ending: 0,
  ...more,
});
const wants = (member: string, port: number, more: Partial<DesiredServer> = {}): DesiredServer => ({
  member,
  address: { host: '127.0.0.1', port },
  state: 'ready',
  ...more,
});
const spares: ServersSpec = { ...serversDefault, spares: 'sp' };
const adding = (...parameters: string[]): ServersSpec => ({ ...serversDefault, add: { prefix: 'dyn-', parameters } });

/** `idle`: all lines that are in maint without a session are known to be. */
function arranged(
  held: readonly ModelServer[],
  spec: ServersSpec,
  servers: readonly DesiredServer[],
  { idle = true, exclusive = false, version = '2.6.12' } = {},
) {
  const model = new HaproxyModel(held);
  model.version = version;
  const { servers: lines, worker } = model.facts();
  const desired: DesiredBackend = { backend: 'be', exclusive, match: spec, servers };
  const remembered = { ...nothingRemembered, idle: new Set(idle ? lines.map(serverKey) : []) };
  const found = arrange(lines, desired, match(lines, desired, remembered), worker, remembered);
  return {
    commands: found.due.flatMap(({ commands }) => commands),
    problems: found.problems.map(({ code }) => code),
    missing: found.missing.map(({ member }) => member),
    awaited: found.awaited,
  };
}
const nothing = { commands: [], problems: [], missing: [], awaited: [] };

describe('spare lines', () => {
  it('are given away in the order of the file to members in the order of their names', () => {
    const { commands } = arranged([server('sp1'), server('sp2'), server('sp3')], spares, [
      wants('b', 12),
      wants('a', 11),
    ]);
    expect(commands).toEqual([
      'set server be/sp1 state maint',
      'set server be/sp1 addr 127.0.0.1 port 11',
      'set server be/sp2 state maint',
      'set server be/sp2 addr 127.0.0.1 port 12',
    ]);
  });

  it('go to members that are to take connections first', () => {
    const { commands, missing } = arranged([server('sp1')], spares, [
      wants('a', 11, { state: 'maint' }),
      wants('b', 12),
    ]);
    expect(commands).toContain('set server be/sp1 addr 127.0.0.1 port 12');
    expect(missing).toEqual(['a']);
  });

  it('stay with the member that they lead to', () => {
    expect(arranged([server('sp1'), server('sp2', { port: 11 })], spares, [wants('a', 11)])).toEqual(nothing);
  });

  it('lose what a second router may just have let in before they move, in a write service', () => {
    expect(arranged([server('sp1')], spares, [wants('a', 11)], { exclusive: true }).commands).toEqual([
      'set server be/sp1 state maint',
      'shutdown sessions server be/sp1',
      'set server be/sp1 addr 127.0.0.1 port 11',
    ]);
  });

  it.each<[string, Partial<ModelServer>]>([
    ['has sessions', { sessions: 1 }],
    ['is not in maint', { admin: 4, op: 2 }],
    ['only drains', { admin: 12, op: 2 }],
  ])('do not move while one %s; that there are too few is told', (_, how) => {
    expect(arranged([server('sp1', how)], spares, [wants('a', 11)])).toEqual({
      ...nothing,
      problems: ['spares_used_up'],
      missing: ['a'],
    });
  });

  it('do not move before they were seen idle twice', () => {
    expect(arranged([server('sp1')], spares, [wants('a', 11)], { idle: false })).toEqual({
      ...nothing,
      awaited: ['be/sp1'],
    });
  });

  it.each<[string, DesiredServer, string]>([
    ['a host name', wants('a', 11, { address: { host: 'db1', port: 11 } }), 'line_needs_ip'],
    ['any address', wants('a', 11, { address: { host: '0.0.0.0', port: 1 } }), 'line_needs_ip'],
    ['no address', wants('a', 11, { address: undefined }), 'line_without_address'],
  ])('are not given to a member with %s', (_, member, problem) => {
    const placeholder = server('sp1', { host: '0.0.0.0' });
    expect(arranged([placeholder], spares, [member])).toEqual({ ...nothing, problems: [problem], missing: ['a'] });
  });

  it('are never found by name', () => {
    expect(arranged([server('sp1')], spares, [wants('sp1', 11)]).commands).toContain(
      'set server be/sp1 addr 127.0.0.1 port 11',
    );
  });
});

describe('added servers', () => {
  it('come where a member has no line, with their checks begun', () => {
    const { commands } = arranged([server('b', { port: 12 })], adding('check', 'inter', '1s'), [
      wants('a', 11),
      wants('b', 12),
    ]);
    expect(commands).toEqual(['add server be/dyn-a 127.0.0.1:11 check inter 1s', 'enable health be/dyn-a']);
  });

  it('come where the spares are used up', () => {
    const spec = { ...adding(), spares: 'sp' };
    expect(arranged([server('sp1')], spec, [wants('a', 11), wants('b', 12)]).commands).toEqual([
      'set server be/sp1 state maint',
      'set server be/sp1 addr 127.0.0.1 port 11',
      'add server be/dyn-b 127.0.0.1:12',
    ]);
  });

  it('follow their member when it has moved, once they are empty', () => {
    const moved = server('dyn-a', { port: 9, admin: 1 });
    expect(arranged([moved], adding(), [wants('a', 11)]).commands).toEqual([
      'set server be/dyn-a state maint',
      'set server be/dyn-a addr 127.0.0.1 port 11',
    ]);
    expect(arranged([{ ...moved, sessions: 1 }], adding(), [wants('a', 11)])).toEqual(nothing);
  });

  it('go when their member has gone, or has a line of its own; never those of the file', () => {
    const held = [
      server('a', { port: 11 }),
      server('dyn-a', { admin: 1 }),
      server('dyn-b', { admin: 1 }),
      server('dyn-c'),
    ];
    expect(arranged(held, adding(), [wants('a', 11)]).commands).toEqual(['del server be/dyn-a', 'del server be/dyn-b']);
    expect(arranged([server('x'), server('dyn-b', { admin: 1, sessions: 1 })], adding(), [])).toEqual(nothing);
  });

  it.each<[string, readonly DesiredServer[], string, string]>([
    ['before HAProxy 2.6', [wants('a', 11)], '2.4.22', 'add_not_supported'],
    ['under a name that HAProxy does not take', [wants('a b;show env', 11)], '2.6.12', 'add_name_not_possible'],
    ['under a name that is taken', [wants('old', 5), wants('a', 11)], '2.6.12', 'add_name_taken'],
  ])('do not come %s', (_, servers, version, problem) => {
    // In the file there is a line that bears the name by chance.
    const held = [server('x', { port: 7 }), server('dyn-a', { port: 5 })];
    const lines = problem === 'add_name_taken' ? held : held.slice(0, 1);
    const found = arranged(lines, adding(), servers, { version });
    expect(found.problems).toEqual([problem]);
    expect(found.commands).toEqual([]);
  });

  it('come in HAProxy 3', () => {
    expect(
      arranged([server('x', { port: 7 })], adding(), [wants('a', 11)], { version: '3.2.0' }).commands,
    ).toHaveLength(1);
  });

  it('never bear a parameter that could let them in or split the command', () => {
    expect(arranged([server('x', { port: 7 })], adding('enabled'), [wants('a', 11)]).problems).toEqual([
      'add_parameter_not_possible',
    ]);
  });
});

describe('weights', () => {
  const ready = (name: string, weight: number): ModelServer =>
    server(name, { admin: 4, op: 2, weight, initialWeight: 10 });
  it('are held on lines that take connections, and given back where nobody wishes one', () => {
    const held = [ready('a', 10), ready('b', 30), ready('c', 10), ready('d', 30)];
    const servers = [
      wants('a', 1, { weight: 20 }),
      wants('b', 2),
      wants('c', 3),
      wants('d', 4, { weight: 9, state: 'maint' }),
    ];
    expect(arranged(held, serversDefault, servers).commands).toEqual([
      'set server be/a weight 20',
      'set server be/b weight 100%',
    ]);
  });

  it('of nothing are lifted by an opening only', () => {
    expect(arranged([ready('a', 0)], serversDefault, [wants('a', 1, { weight: 20 })]).commands).toEqual([]);
    expect(arranged([ready('a', 10)], serversDefault, [wants('a', 1, { weight: 0 })]).commands).toEqual([
      'set server be/a weight 0%',
    ]);
  });
});

describe('the memory of lines', () => {
  it('knows a line to be idle when a read-back that began late enough shows it so again', () => {
    const memory = new LineMemory();
    const wanted = (sessions: number) =>
      new HaproxyModel([server('sp1', { sessions })]).facts().servers.map((line) => ({ line, member: undefined }));
    const idle = (at: number) => [...memory.at(millis(at), new Map()).idle];
    memory.read(wanted(0), millis(100), millis(101));
    expect([idle(101), memory.idleInMs(['be/sp1'], millis(101))]).toEqual([[], 5]);
    memory.read(wanted(0), millis(103), millis(104));
    expect(idle(104)).toEqual([]);
    memory.read(wanted(0), millis(106), millis(107));
    expect(idle(107)).toEqual(['be/sp1']);
    memory.read(wanted(1), millis(110), millis(111));
    expect(idle(111)).toEqual([]);
  });

  it('knows since when a line stands for nobody, and forgets it with the line', () => {
    const memory = new LineMemory();
    const lines = new HaproxyModel([server('a')]).facts().servers;
    const read = (member: string | undefined, at: number) => {
      memory.read(
        lines.map((line) => ({ line, member })),
        millis(at),
        millis(at),
      );
      return memory.at(millis(at), new Map()).removedSince.get('be/a');
    };
    expect([read(undefined, 1), read('a', 2), read(undefined, 3), read(undefined, 9)]).toEqual([
      undefined,
      undefined,
      3,
      3,
    ]);
    expect(memory.leaving).toEqual(new Set(['be']));
    memory.read([], millis(10), millis(10));
    expect(memory.leaving).toEqual(new Set());
    expect([read('a', 11), read(undefined, 12)]).toEqual([undefined, 12]);
    memory.otherWorker();
    expect(read(undefined, 13)).toBeUndefined();
  });
});
