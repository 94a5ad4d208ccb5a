import { describe, expect, it } from 'vitest';
import { type Leaving, serversDefault } from '../model/service.ts';
import { millis } from '../model/units.ts';
import type { DesiredServer } from './desired.ts';
import { match } from './match.ts';
import { leadsElsewhere } from './membership.ts';
import type { ServerFact } from './parse.ts';
import { nothingRemembered, type Remembered } from './remembered.ts';

const line = (server: string, address: string, port = 5432, fqdn?: string): ServerFact => ({
  backend: 'be',
  server,
  backendId: 2,
  id: 1,
  address,
  port,
  fqdn,
  adminState: 5,
  operState: 0,
  weight: 1,
  initialWeight: 1,
  checked: false,
  checksEnabled: false,
  agent: false,
  inRotation: false,
  maint: true,
  drain: false,
  sessions: 0,
});
const wants = (member: string, host?: string, state: DesiredServer['state'] = 'ready', port = 5432): DesiredServer => ({
  member,
  address: host === undefined ? undefined : { host, port },
  state,
});
const found = (lines: readonly ServerFact[], servers: readonly DesiredServer[], exclusive = false) =>
  match(lines, { backend: 'be', exclusive, servers }).wanted.map(({ line: { server }, member, state }) => [
    server,
    member,
    state,
  ]);

describe('a server line', () => {
  it('stands for the member of its name', () => {
    expect(found([line('pg1', '10.0.0.1')], [wants('pg1', '10.9.9.9')])).toEqual([['pg1', 'pg1', 'ready']]);
  });

  it('stands for the member at its address, if no other member has its name', () => {
    expect(found([line('a', '10.0.0.1'), line('b', '10.0.0.2')], [wants('pg2', '10.0.0.2')])).toEqual([
      ['a', undefined, 'maint'],
      ['b', 'pg2', 'ready'],
    ]);
    expect(
      found([line('a', '10.0.0.1'), line('pg1', '10.0.0.2')], [wants('pg2', '10.0.0.2'), wants('pg1', '10.0.0.7')]),
    ).toEqual([
      ['a', undefined, 'maint'],
      ['pg1', 'pg1', 'ready'],
    ]);
  });

  it('needs the same port', () => {
    expect(found([line('a', '10.0.0.1', 5433)], [wants('pg1', '10.0.0.1')])).toEqual([['a', undefined, 'maint']]);
  });

  it('is found by a name that HAProxy resolves, and by any spelling of an IPv6 address', () => {
    expect(found([line('a', '-', 5432, 'db1.example')], [wants('pg1', 'DB1.example')])[0]?.[1]).toBe('pg1');
    expect(found([line('a', 'fe80::1')], [wants('pg1', 'FE80:0:0:0:0:0:0:1')])[0]?.[1]).toBe('pg1');
  });

  it('is one line for one member, even where two lines have its address', () => {
    expect(found([line('a', '10.0.0.1'), line('a-fb', '10.0.0.1')], [wants('pg1', '10.0.0.1')])).toEqual([
      ['a', 'pg1', 'ready'],
      ['a-fb', undefined, 'maint'],
    ]);
  });

  it('that nobody claims shall be in maint; a member without a line is missing', () => {
    const { wanted, missing } = match([line('a', '10.0.0.1')], {
      backend: 'be',
      exclusive: false,
      servers: [wants('pg1', '10.0.0.9'), wants('pg2')],
    });
    expect(wanted).toMatchObject([{ state: 'maint', member: undefined }]);
    expect(missing.map(({ member }) => member)).toEqual(['pg1', 'pg2']);
  });

  it('is told apart where it leads to another address than the record says', () => {
    expect(leadsElsewhere(line('a', '10.0.0.1'), { host: '10.0.0.2', port: 5432 })).toBe(true);
    expect(leadsElsewhere(line('a', '10.0.0.1'), { host: '10.0.0.1', port: 5432 })).toBe(false);
    // Nothing can be said about a host name, or before HAProxy has resolved one.
    expect(leadsElsewhere(line('a', '10.0.0.1'), { host: 'db1', port: 5432 })).toBe(false);
    expect(leadsElsewhere(line('a', '-'), { host: '10.0.0.1', port: 5432 })).toBe(false);
  });
});

describe('a server that is kept as it is', () => {
  const held = (how: Partial<ServerFact>) => ({ ...line('a', '1'), ...how });
  const open = { adminState: 4, operState: 2, inRotation: true, maint: false };
  it.each<[string, Partial<ServerFact>, string]>([
    ['takes connections: it stays in', open, 'ready'],
    ['is in maint: it stays out', {}, 'maint'],
    ['drains: it goes out', { ...open, adminState: 12, inRotation: false, drain: true }, 'maint'],
    ['drains by its weight: it goes out', { ...open, weight: 0 }, 'maint'],
    ['is stopped by its own check: it goes out', { ...open, operState: 0, inRotation: false, checked: true }, 'maint'],
  ])('%s', (_, how, state) => {
    expect(found([held(how), line('b', '2')], [wants('a', undefined, 'keep')], true)).toEqual([
      ['a', 'a', state],
      ['b', undefined, 'maint'],
    ]);
  });

  it('is the only one that stays: what drains beside it goes out', () => {
    const servers = [wants('a', undefined, 'keep'), wants('b', undefined, 'drain')];
    expect(found([held(open), line('b', '2')], servers, true).map(([, , state]) => state)).toEqual(['ready', 'maint']);
    expect(found([held({}), line('b', '2')], servers, true).map(([, , state]) => state)).toEqual(['maint', 'drain']);
  });

  it('together with another one that is kept or let in makes two writers: nobody is let in', () => {
    for (const other of ['keep', 'ready'] as const) {
      const servers = [wants('a', undefined, 'keep'), wants('b', undefined, other)];
      for (const how of [open, {}]) {
        const both = match([held(how), line('b', '2')], { backend: 'be', exclusive: true, servers });
        expect(both).toMatchObject({ contradiction: true, wanted: [{ state: 'maint' }, { state: 'maint' }] });
      }
    }
  });
});

describe('a write service', () => {
  const lines = [line('a', '1'), line('b', '2')];
  it('lets a server drain only while nobody else is to be let in', () => {
    expect(found(lines, [wants('a', undefined, 'drain'), wants('b', undefined, 'maint')], true)).toEqual([
      ['a', 'a', 'drain'],
      ['b', 'b', 'maint'],
    ]);
    expect(found(lines, [wants('a', undefined, 'drain'), wants('b', undefined, 'ready')], true)).toEqual([
      ['a', 'a', 'maint'],
      ['b', 'b', 'ready'],
    ]);
  });

  it('is closed when two writers are asked for', () => {
    const both = { backend: 'be', exclusive: true, servers: [wants('a'), wants('b')] };
    expect(match(lines, both)).toMatchObject({ contradiction: true, wanted: [{ state: 'maint' }, { state: 'maint' }] });
    // Even if HAProxy knows only one of them: the question is wrong.
    expect(match(lines.slice(0, 1), both)).toMatchObject({ contradiction: true, wanted: [{ state: 'maint' }] });
  });
});

describe('a backup line', () => {
  const spec = { ...serversDefault, backupName: '{member}-fb' };
  const backed = (more: Partial<DesiredServer>, lines: readonly ServerFact[], exclusive = false) =>
    match(lines, { backend: 'be', exclusive, match: spec, servers: [{ ...wants('a', '1'), ...more }] }).wanted.map(
      ({ line: { server }, kind, state, ends }) => [server, kind, state, ends],
    );
  const both = [line('a', '1'), line('a-fb', '1')];

  it('shares the work with the own line of its member', () => {
    const lines = { own: 'maint', backup: 'ready' } as const;
    expect(backed({ state: 'maint', ends: true, lines }, both)).toEqual([
      ['a', 'own', 'maint', true],
      ['a-fb', 'backup', 'ready', false],
    ]);
  });

  it('does not work without being asked for, and without it the own line holds what is decided', () => {
    expect(backed({ state: 'ready' }, both)[1]).toEqual(['a-fb', 'backup', 'maint', false]);
    const lines = { own: 'maint', backup: 'ready' } as const;
    expect(backed({ state: 'ready', lines }, [line('a', '1')])).toEqual([['a', 'own', 'ready', false]]);
  });

  it('that does not bear `backup` in haproxy.cfg is as good as none', () => {
    const lines = { own: 'maint', backup: 'ready' } as const;
    const none = { ...line('a-fb', '1'), backup: false };
    expect(backed({ state: 'ready', lines }, [line('a', '1'), none])).toEqual([
      ['a', 'own', 'ready', false],
      ['a-fb', 'backup', 'maint', false],
    ]);
  });

  it('never works in a write service', () => {
    const lines = { own: 'ready', backup: 'ready' } as const;
    expect(backed({ state: 'maint', lines }, both, true)).toEqual([
      ['a', 'own', 'maint', true],
      ['a-fb', 'backup', 'maint', true],
    ]);
  });

  it('is nobody’s own line by its address, not even when its member has gone', () => {
    const servers = [wants('b', '1')];
    const { wanted, missing } = match([line('a-fb', '1')], { backend: 'be', exclusive: false, match: spec, servers });
    expect(wanted).toMatchObject([{ member: undefined, state: 'maint' }]);
    expect(missing).toHaveLength(1);
  });
});

describe('a line of a read service that stands for nobody any more', () => {
  const held = { ...line('a', '1'), maint: false, inRotation: true, adminState: 4, sessions: 2 };
  const removedSince = (sinceMs: number | undefined, leaving: Leaving, sessions = 2) => {
    const remembered: Remembered = {
      ...nothingRemembered,
      now: millis(1_000),
      removedSince: new Map(sinceMs === undefined ? [] : [['be/a', millis(sinceMs)]]),
    };
    const removed = { leaving, drainTimeoutMs: 500 };
    const desired = { backend: 'be', exclusive: false, removed, servers: [] };
    const [one] = match([{ ...held, sessions }], desired, remembered).wanted;
    return [one?.state, one?.ends];
  };

  it.each<[string, readonly unknown[], readonly unknown[]]>([
    ['it never stood for anybody, as far as this router knows', removedSince(undefined, 'kill'), ['maint', false]],
    ['kill', removedSince(1_000, 'kill'), ['maint', true]],
    ['drain', removedSince(0, 'drain'), ['drain', false]],
    ['drain, and the last session has ended', removedSince(0, 'drain', 0), ['maint', false]],
    ['drain, then kill: within the time', removedSince(501, 'drain_then_kill'), ['drain', false]],
    ['drain, then kill: after it', removedSince(500, 'drain_then_kill'), ['maint', true]],
  ])('leaves as its policy says: %s', (_, is, shall) => {
    expect(is).toEqual(shall);
  });
});
