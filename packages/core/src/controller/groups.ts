// Which groups of the PgRoute66 lists a member is in. Pure.
import type { GroupsSpec } from '../config/config.ts';

/** Sorted, without `all`. */
export function groupsOf({ clusters, named }: GroupsSpec, cluster: string, member: string): readonly string[] {
  const groups = named.filter(({ members }) => members.includes(member)).map(({ name }) => name);
  return [...new Set(clusters ? [cluster, ...groups] : groups)].sort();
}
