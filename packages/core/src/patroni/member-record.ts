// members/<name>: what a Patroni node publishes about itself, from 1.x (and Governor's URLs) to 4.1. Unknown fields are ignored;
// a field that routing depends on must be right, or the whole record counts as unreadable.
import * as z from 'zod';
import { type Lsn, lsn } from '../model/units.ts';
import { type Address, noTags, type Role, type Tags } from '../model/view.ts';
import { hasControlCharacter } from '../store/names.ts';
import { type Parsed, parsed, parseJson, unreadable } from '../store/parsed.ts';
import { addressOf } from './address.ts';
import { booleanOf } from './settings.ts';

export interface MemberRecord {
  readonly address: Address | undefined;
  readonly role: Role;
  readonly stateText: string;
  readonly running: boolean;
  readonly version: string | undefined;
  readonly timeline: number | undefined;
  readonly position: Lsn | undefined;
  readonly receivePosition: Lsn | undefined;
  readonly replayPosition: Lsn | undefined;
  readonly replicationState: string | undefined;
  readonly tags: Tags;
  readonly pendingRestart: boolean;
  readonly pauseSeen: boolean;
  readonly checkpointPending: boolean;
}

const position = z.number().int().nonnegative().optional();

const memberSchema = z.object({
  conn_url: z.string(),
  state: z.string().max(200),
  role: z.string().max(200),
  version: z.string().max(100).optional(),
  xlog_location: position,
  receive_lsn: position,
  replay_lsn: position,
  timeline: z.number().int().nonnegative().optional(),
  replication_state: z.string().max(200).nullish(),
  checkpoint_after_promote: z.boolean().optional(),
  pending_restart: z.boolean().optional(),
  pause: z.boolean().optional(),
  tags: z.record(z.string(), z.unknown()).optional(),
});

const roles: Readonly<Record<string, Role>> = {
  master: 'primary',
  primary: 'primary',
  promoted: 'promoting',
  replica: 'replica',
  standby_leader: 'standby_leader',
  demoted: 'demoted',
  uninitialized: 'uninitialized',
};

export function parseMember(text: string): Parsed<MemberRecord> {
  if (text.startsWith('postgres')) return parseGovernor(text);
  const record = parseJson(text, memberSchema);
  if (!record.ok) return record;
  const { value } = record;
  const address = addressOf(value.conn_url);
  if (address === undefined) return unreadable('conn_url: no host and port to connect to');
  if (hasControlCharacter(value.state)) return unreadable('state: control characters');
  return parsed({
    address,
    role: Object.hasOwn(roles, value.role) ? (roles[value.role] ?? 'unknown') : 'unknown',
    stateText: value.state,
    running: value.state === 'running',
    version: value.version,
    // Patroni leaves the timeline out where it is not known; a zero would mean the same.
    timeline: value.timeline === 0 ? undefined : value.timeline,
    position: positionOf(value.xlog_location),
    receivePosition: positionOf(value.receive_lsn),
    replayPosition: positionOf(value.replay_lsn),
    replicationState: value.replication_state ?? undefined,
    tags: tagsOf(value.tags ?? {}),
    pendingRestart: value.pending_restart === true,
    pauseSeen: value.pause === true,
    checkpointPending: value.checkpoint_after_promote === false,
  });
}

/** What is known of a member whose record says nothing. */
export const unknownRecord: Omit<MemberRecord, 'address'> = {
  role: 'unknown',
  stateText: 'unknown',
  running: false,
  version: undefined,
  timeline: undefined,
  position: undefined,
  receivePosition: undefined,
  replayPosition: undefined,
  replicationState: undefined,
  tags: noTags,
  pendingRestart: false,
  pauseSeen: false,
  checkpointPending: false,
};

/** The form of Patroni's ancestor: a URL and nothing else. It names an address but no role, so its member takes no traffic. */
function parseGovernor(text: string): Parsed<MemberRecord> {
  const address = addressOf(text);
  if (address === undefined) return unreadable('URL without a host and port to connect to');
  return parsed({ ...unknownRecord, address });
}

const positionOf = (bytes: number | undefined): Lsn | undefined => (bytes === undefined ? undefined : lsn(bytes));

function tagsOf(tags: Readonly<Record<string, unknown>>): Tags {
  const { noloadbalance, nofailover, nosync, ...custom } = tags;
  return { noloadbalance: isSet(noloadbalance), nofailover: isSet(nofailover), nosync: isSet(nosync), custom };
}

/** Patroni takes a tag for set when Python would call it true; words for "no" are taken as meant. */
const isSet = (tag: unknown): boolean => booleanOf(tag) ?? Boolean(tag);
