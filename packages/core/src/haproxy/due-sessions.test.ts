import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import type { ServerState } from '../model/decision.ts';
import type { DesiredBackend } from './desired.ts';
import { countByBackend, drainingSessions, dueSessions } from './due-sessions.ts';

const line = (backend: string, name: string, inRotation: boolean): ModelServer => ({
  backend,
  name,
  port: name === 'a' ? 1 : 2,
  admin: inRotation ? 4 : 5,
  op: inRotation ? 2 : 0,
  weight: 1,
  checkFails: false,
  sessions: 0,
  ending: 0,
});
const facts = new HaproxyModel([
  line('rw', 'a', true),
  line('rw', 'b', false),
  line('ro', 'a', true),
  line('other', 'x', true),
]).facts();
const session = (backend: string, server: string) => ({ id: `${backend}/${server}`, backend, server });
const sessions = [
  session('rw', 'a'),
  session('rw', 'b'),
  session('rw', 'removed'),
  session('rw', '<none>'),
  session('ro', 'a'),
  session('other', 'x'),
  session('<NONE>', '<none>'),
];
const asked = (states: Record<string, ServerState>): readonly DesiredBackend[] => [
  {
    backend: 'rw',
    exclusive: true,
    servers: Object.entries(states).map(([member, state]) => ({ member, address: undefined, state })),
  },
  { backend: 'ro', exclusive: false, servers: [] },
];
const due = (states: Record<string, ServerState>) => dueSessions(sessions, facts, asked(states)).map(({ id }) => id);
const draining = (states: Record<string, ServerState>) =>
  drainingSessions(sessions, facts, asked(states)).map(({ id }) => id);

describe('sessions of an old worker', () => {
  it('stay on the writer, and end everywhere else in the write service, on servers removed by the reload too', () => {
    expect(due({ a: 'ready', b: 'maint' })).toEqual(['rw/b', 'rw/removed']);
  });

  it('end on the former writer; so do those that wait, since the old worker would still give them to it', () => {
    expect(due({ a: 'maint', b: 'ready' })).toEqual(['rw/a', 'rw/removed', 'rw/<none>']);
  });

  it('of a read service end only on a server that takes writes and must not', () => {
    const reads = (ends: boolean): readonly DesiredBackend[] => [
      { backend: 'ro', exclusive: false, servers: [{ member: 'a', address: undefined, state: 'maint', ends }] },
    ];
    const waiting = [...sessions, session('ro', '<none>')];
    expect(dueSessions(waiting, facts, reads(true)).map(({ id }) => id)).toEqual(['ro/a', 'ro/<none>']);
    expect(dueSessions(waiting, facts, reads(false))).toEqual([]);
  });

  it('stay while the server drains', () => {
    expect(due({ a: 'drain', b: 'maint' })).toEqual(['rw/b', 'rw/removed']);
  });

  it('on a server that drains, or that could be given to it, may stay, and are counted', () => {
    expect(draining({ a: 'drain', b: 'maint' })).toEqual(['rw/a', 'rw/<none>']);
    expect(draining({ a: 'ready', b: 'maint' })).toEqual([]);
    expect(countByBackend([...sessions, session('rw', 'a')])).toEqual(
      new Map([
        ['rw', 5],
        ['ro', 1],
        ['other', 1],
        ['<NONE>', 1],
      ]),
    );
  });

  it('are left alone in read services and in backends that are not ours', () => {
    expect(due({})).not.toContain('ro/a');
    expect(due({})).not.toContain('other/x');
  });
});
