// Who is named master to the proxies, and what is remembered about it from picture to picture. The naming is
// `proxy.spec.masterDbUid`, keyed by the cluster's uid; `cluster.status.master` is never asked: it moves before the
// proxies have let go.
//
//   (first) ──▶ held ──masterDbUid goes, or names no db──▶ vacant(former) ──masterDbUid of a db──▶ held: named
//    found       │ ▲
//                └─┘ named again unseen (the proxies' generation moved by more than a change of enabledProxies makes),
//                    or written back to earlier times: found, since clients may be on it
import { recordProof } from '../model/authority.ts';
import type { Millis, Revision } from '../model/units.ts';
import type { ClusterView, Leadership, Member } from '../model/view.ts';
import { parseName } from '../store/names.ts';
import type { ClusterData } from './clusterdata.ts';

type Held = Extract<Leadership, { kind: 'held' }>;
type Vacant = Extract<Leadership, { kind: 'vacant' }>;

export interface NamingFacts {
  readonly data: ClusterData;
  /** Of clusterdata as it is now. */
  readonly revision: Revision;
  readonly now: Millis;
  /** No readable clusterdata has been seen before. */
  readonly first: boolean;
  /** etcd is at an earlier state than before. */
  readonly restored: boolean;
}

/** The keeper of the db that is named to the proxies; undefined: no such db is there. */
export function namedKeeper({ masterDbUid, dbs }: ClusterData): string | undefined {
  const keeper = masterDbUid === undefined ? undefined : dbs.get(masterDbUid)?.keeperUid;
  return keeper !== undefined && parseName(keeper).ok ? keeper : undefined;
}

/** `before`: the view before, of the same cluster uid. Whether the record proves the promotion is left to withRecordProof. */
export function leadershipAfter(before: ClusterView | undefined, facts: NamingFacts): Leadership {
  const member = namedKeeper(facts.data);
  return member === undefined ? vacancy(before, facts) : withProofGeneration(holding(before, member, facts), facts);
}

function holding(before: ClusterView | undefined, member: string, facts: NamingFacts): Held {
  const { data, revision, now, first, restored } = facts;
  const was = before?.leadership;
  const sameMaster = was?.kind === 'held' && was.member === member && before?.proxies?.masterDbUid === data.masterDbUid;
  // Each put that tells the proxies something new raises the generation by one, and under the same master that can only
  // be other enabledProxies.
  const raisedBy = data.proxyGeneration - (before?.proxies?.generation ?? data.proxyGeneration);
  const writtenBack = restored || raisedBy < 0;
  if (sameMaster && !writtenBack && raisedBy <= 1) return was;
  return {
    kind: 'held',
    member,
    revision,
    seenAt: now,
    origin: first || restored || sameMaster ? 'found' : 'named',
    // What was written back tells of another time; the sentinel's next put tells of now.
    recordsFrom: writtenBack ? revision : undefined,
    recordProofSince: undefined,
    proofGeneration: undefined,
  };
}

function withProofGeneration(held: Held, { data, revision }: NamingFacts): Held {
  const db = dbNamed(data);
  if (db === undefined) return held;
  const tellsOfNow = held.recordsFrom === undefined || revision > held.recordsFrom;
  const proofGeneration =
    db.role === 'master' ? (held.proofGeneration ?? (tellsOfNow ? db.generation : undefined)) : undefined;
  return proofGeneration === held.proofGeneration ? held : { ...held, proofGeneration };
}

function dbNamed({ masterDbUid, dbs }: ClusterData) {
  const db = masterDbUid === undefined ? undefined : dbs.get(masterDbUid)?.db;
  return db?.ok ? db.value : undefined;
}

/** Remembers since when the member's record has proven the promotion without a break. */
export function withRecordProof(
  leadership: Leadership,
  members: readonly Member[],
  before: ClusterView | undefined,
  now: Millis,
): Leadership {
  if (leadership.kind === 'vacant') return leadership;
  const member = members.find(({ name }) => name === leadership.member);
  if (member === undefined || recordProof(leadership, member).kind !== 'proven') {
    return leadership.recordProofSince === undefined ? leadership : { ...leadership, recordProofSince: undefined };
  }
  const was = before?.leadership;
  const sameNaming = was?.kind === 'held' && was.revision === leadership.revision && was.member === leadership.member;
  const since = (sameNaming ? was.recordProofSince : undefined) ?? now;
  return since === leadership.recordProofSince ? leadership : { ...leadership, recordProofSince: since };
}

function vacancy(before: ClusterView | undefined, { revision, now }: NamingFacts): Vacant {
  const was = before?.leadership;
  if (was?.kind === 'vacant') return was;
  // Stolon takes the naming back before it knows anything of the old master's PostgreSQL: never a sign that it has stopped.
  return { kind: 'vacant', former: was?.member, revision, seenAt: now, graceful: false };
}
