// The world of a scenario: who leads, and what is so of each member, whatever source it is read from. Plain values; each change gives a new world.

import type { ProbeState } from '../src/model/probe.ts';
import { type ProbeReading, withReading } from '../src/model/probe.ts';
import { lsn, type Millis } from '../src/model/units.ts';
import type { Change, MemberFacts, Scenario } from './scenario-file.ts';

export type Role = NonNullable<MemberFacts['role']>;

export interface World {
  readonly leader: string | undefined;
  /** Those whose record is gone, too: their PostgreSQL goes on. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly gone: ReadonlySet<string>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly failsafe: readonly string[];
  readonly switchover: Change['switchover'];
  readonly etcd: 'answers' | 'silent';
  /** Written as they are. */
  readonly keys: Readonly<Record<string, string | null>>;
}

const nowhere: World = {
  leader: undefined,
  members: new Map(),
  roles: new Map(),
  gone: new Set(),
  settings: {},
  failsafe: [],
  switchover: null,
  etcd: 'answers',
  keys: {},
};

export const worldOf = (scenario: Scenario): World => changed(nowhere, scenario);

/** Who gets the leadership is its primary; who had it before is a standby from then on, unless it is said otherwise. */
export function changed(world: World, change: Change): World {
  const { leader, members = {}, settings = {}, failsafe, switchover, etcd, keys = {} } = change;
  const standbyCluster = { ...world.settings, ...settings }['standby_cluster'] !== undefined;
  const facts = new Map(world.members);
  const roles = new Map(world.roles);
  const gone = new Set(world.gone);
  for (const [name, told] of Object.entries(members)) {
    if (told === null) gone.add(name);
    else {
      gone.delete(name);
      facts.set(name, { ...facts.get(name), ...told });
      if (!roles.has(name)) roles.set(name, 'replica');
    }
  }
  if (typeof leader === 'string') {
    if (world.leader !== undefined && world.leader !== leader) roles.set(world.leader, 'replica');
    roles.set(leader, standbyCluster ? 'standby_leader' : 'primary');
  }
  for (const [name, told] of Object.entries(members)) if (told?.role !== undefined) roles.set(name, told.role);
  return {
    leader: leader === undefined ? world.leader : (leader ?? undefined),
    members: facts,
    roles,
    gone,
    settings: { ...world.settings, ...settings },
    failsafe: failsafe ?? world.failsafe,
    switchover: switchover === undefined ? world.switchover : switchover,
    etcd: etcd ?? world.etcd,
    keys: { ...world.keys, ...keys },
  };
}

/** What the primary has written: bytes. It stands still, so that a lag is what the scenario says it is. */
export const WRITTEN = 2 ** 37;

export const receivedBy = ({ lag = 0 }: MemberFacts): number | undefined =>
  lag === 'unknown' ? undefined : WRITTEN - lag;

export const TIMELINE = 1;

/** Host and port by the order of the names, unless the scenario gives them; undefined: it says that they are not told. */
export function addressOf(world: World, name: string): { readonly host: string; readonly port: number } | undefined {
  const place = [...world.members.keys()].sort().indexOf(name) + 1;
  const { host = `10.0.0.${place}`, port = 5432 } = world.members.get(name) ?? {};
  return host === null ? undefined : { host, port };
}

/** What the probe hears of a member at this instant, added to what it has heard before. */
export function heard(world: World, name: string, before: ProbeState | undefined, at: Millis): ProbeState | undefined {
  const facts = world.members.get(name) ?? {};
  const { probe = 'answers', timeline = TIMELINE } = facts;
  if (probe === 'not asked') return before;
  const takesWrites = world.roles.get(name) === 'primary';
  const word = probe === 'answers' ? (takesWrites ? 'primary' : 'standby') : probe;
  return withReading(before, readingOf(word, facts, timeline, at));
}

function readingOf(kind: ProbeReading['kind'], facts: MemberFacts, timeline: number, at: Millis): ProbeReading {
  if (kind === 'primary') return { kind, at, timeline, position: lsn(WRITTEN) };
  if (kind !== 'standby') return { kind, at, error: `the probe is ${kind}` };
  const received = receivedBy(facts);
  const replayed = received === undefined ? undefined : Math.min(received, WRITTEN - (facts.replay_lag ?? 0));
  return {
    kind,
    at,
    timeline,
    receivePosition: received === undefined ? undefined : lsn(received),
    replayPosition: replayed === undefined ? undefined : lsn(replayed),
    replayDelayMs: facts.delay ?? 0,
  };
}
