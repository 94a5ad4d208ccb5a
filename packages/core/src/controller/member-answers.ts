// What the PgRoute66 lists answer from, put together from all clusters: the very same object until one of its members changes. Judges nothing.
import type { GroupsSpec } from '../config/config.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { MemberAnswer, MembersAnswer } from './api.ts';
import { groupsOf } from './groups.ts';
import type { Status } from './member-status.ts';

interface Cluster {
  readonly spec: ClusterSpec;
  statuses(): ReadonlyMap<string, Status>;
}

export class MemberAnswers {
  readonly #groups: GroupsSpec;
  readonly #clusters: readonly Cluster[];
  readonly #source: string;
  #seen: readonly ReadonlyMap<string, Status>[] = [];
  #answer: MembersAnswer | undefined;

  constructor(groups: GroupsSpec, clusters: readonly Cluster[]) {
    this.#groups = groups;
    this.#clusters = clusters;
    this.#source = [...new Set(clusters.map(({ spec }) => spec.source.kind))].sort().join(', ');
  }

  current(): MembersAnswer {
    const seen = this.#clusters.map((cluster) => cluster.statuses());
    if (this.#answer !== undefined && seen.every((statuses, i) => statuses === this.#seen[i])) return this.#answer;
    this.#seen = seen;
    const members = this.#clusters.flatMap(({ spec }, i) => this.#membersOf(spec.name, seen[i] ?? new Map()));
    this.#answer = { members, source: this.#source };
    return this.#answer;
  }

  #membersOf(cluster: string, statuses: ReadonlyMap<string, Status>): readonly MemberAnswer[] {
    return [...statuses].map(([member, status]) => ({
      cluster,
      member,
      status,
      groups: groupsOf(this.#groups, cluster, member),
    }));
  }
}
