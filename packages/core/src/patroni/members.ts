// members/* -> Member[]: one by one, so that a record that can't be read costs only its own member. Members whose record is gone stay
// for a while, as they were last known.
import type { Millis } from '../model/units.ts';
import { type ClusterView, type Member, memberOf, type RecordProblem } from '../model/view.ts';
import type { StoreEntry } from '../store/entries.ts';
import { parseName, shown } from '../store/names.ts';
import { readOnce } from '../store/parsed.ts';
import { parseMember, unknownRecord } from './member-record.ts';

export interface MembersInput {
  readonly prefix: string;
  readonly entries: readonly (readonly [name: string, entry: StoreEntry])[];
  readonly before: ClusterView | undefined;
  readonly now: Millis;
  /** How long a member is kept after its record went. */
  readonly ttlMs: number;
  /** These are kept however long their record is gone: the leader, the former leader. */
  readonly keep: readonly (string | undefined)[];
}

export interface FoldedMembers {
  /** Sorted by name; lag and sync state are not filled in yet. */
  readonly members: readonly Member[];
  readonly problems: readonly RecordProblem[];
}

const readMember = readOnce(parseMember);

export function foldMembers(input: MembersInput): FoldedMembers {
  const problems: RecordProblem[] = [];
  const members: Member[] = [];
  const present = new Set<string>();
  for (const [name, entry] of input.entries) {
    const key = `${input.prefix}members/${shown(name)}`;
    const readName = parseName(name);
    if (!readName.ok) {
      // Such a member can't be told apart in logs and plans: it is left out, and the alarm says so.
      problems.push({ key, error: readName.error, member: undefined });
      continue;
    }
    present.add(name);
    const member = foldMember(name, key, entry, input);
    members.push(member);
    if (member.problem !== undefined) problems.push(member.problem);
  }
  const gone = (input.before?.members ?? [])
    .filter(({ name }) => !present.has(name))
    .flatMap((m) => foldGone(m, input));
  return { members: [...members, ...gone].sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

function foldMember(name: string, key: string, entry: StoreEntry, { before, now }: MembersInput): Member {
  const was = before === undefined ? undefined : memberOf(before, name);
  const seenBefore = was?.present === true && was.recordRevision === entry.modRevision;
  const common = {
    name,
    recordRevision: entry.modRevision,
    recordSeenAt: seenBefore ? was.recordSeenAt : now,
    present: true,
    probe: was?.probe,
    lagBytes: undefined,
    sync: 'async',
  } as const;
  const record = readMember(entry);
  return record.ok
    ? { ...common, ...record.value, problem: undefined }
    : { ...common, ...unknownRecord, address: was?.address, problem: { key, error: record.error, member: name } };
}

function foldGone(was: Member, { now, ttlMs, keep }: MembersInput): readonly Member[] {
  const goneSince = was.goneSince ?? now;
  if (!keep.includes(was.name) && now - goneSince >= ttlMs) return [];
  return [{ ...was, present: false, goneSince }];
}
