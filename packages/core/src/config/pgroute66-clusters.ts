// Which of PgRoute66's hosts form a cluster: within one, a single server may take writes. PgRoute66 has no such word; its groups tell it as far as it goes.
import type { ClusterSpec, PostgresHost } from '../model/spec.ts';
import type { GroupsSpec } from './config.ts';
import { connectionOf, postgresPace } from './connection.ts';
import { nearest } from './nearest.ts';
import type { Notes } from './pgroute66-notes.ts';
import type { ServicesFile } from './schema-service.ts';
import { poolerPortDefault, servicesOf } from './services.ts';

export interface ClusterParts {
  readonly hosts: readonly PostgresHost[];
  readonly groups: GroupsSpec['named'];
  /** By group; without groups by the name that the one cluster shall have. */
  readonly services: Readonly<Record<string, ServicesFile>>;
}

/** What hosts are called together that no group names. */
const nameless = 'pgroute66';

interface Part {
  readonly name: string;
  readonly hosts: readonly PostgresHost[];
}

/**
 * Each group that has services is a cluster: its hosts and no others. The rest: hosts that share a group are one, named after its largest group, the
 * first of equals. Those in no group are one, too.
 */
export function clustersOf(parts: ClusterParts, notes: Notes): readonly ClusterSpec[] {
  const { hosts, groups, services } = parts;
  if (groups.length === 0) return withoutGroups(parts, notes);
  const served = Object.keys(services).flatMap((name) => {
    const group = groups.find((one) => one.name === name);
    if (group === undefined) {
      const meant = nearest(
        name,
        groups.map((one) => one.name),
      );
      const remedy = meant === undefined ? "name a group that stands in 'groups'" : `did you mean '${meant}'?`;
      notes.complain(['services', name], 'there is no such group', remedy);
      return [];
    }
    const own = hosts.filter((host) => group.members.includes(host.name));
    if (own.length === 0) notes.complain(['services', name], 'no host is in this group', "add one to it in 'groups'");
    return [{ name, hosts: own }];
  });
  const taken = new Map<PostgresHost, string>();
  for (const { name, hosts: own } of served)
    for (const host of own) {
      const other = taken.get(host);
      if (other === undefined) taken.set(host, name);
      else
        notes.complain(
          ['services', name],
          `its host ${JSON.stringify(host.name)} is in ${JSON.stringify(other)} as well, which has services, too`,
          'give services to one of the two groups',
        );
    }
  const rest = connected(
    hosts.filter((host) => !taken.has(host)),
    groups,
  );
  const used = new Set([...served, ...rest.together].map(({ name }) => name));
  const alone = rest.alone.length === 0 ? [] : [{ name: freeName(used), hosts: rest.alone }];
  return [...served, ...rest.together, ...alone].map((part) => clusterOf(part, services));
}

function withoutGroups({ hosts, services }: ClusterParts, notes: Notes): readonly ClusterSpec[] {
  const [name = nameless, ...more] = Object.keys(services);
  for (const other of more)
    notes.complain(['services', other], 'without groups all hosts are one cluster', "keep one name, or add 'groups'");
  if (name === 'all')
    notes.complain(['services', name], "'all' stands for every host in the REST lists", 'choose another name');
  if (hosts.length === 0 && name in services)
    notes.complain(['services', name], 'there are no hosts', "add them in 'hosts'");
  return hosts.length === 0 ? [] : [clusterOf({ name, hosts }, services)];
}

const clusterOf = ({ name, hosts }: Part, services: ClusterParts['services']): ClusterSpec => ({
  name,
  source: { kind: 'postgres', hosts },
  probe: connectionOf({}, postgresPace),
  grace: 'auto',
  services: servicesOf(services[name] ?? {}, { name, grace: 'auto', poolerPort: poolerPortDefault }),
});

/** Hosts that are joined by groups, directly or by way of others. */
function connected(
  hosts: readonly PostgresHost[],
  groups: GroupsSpec['named'],
): { readonly together: readonly Part[]; readonly alone: readonly PostgresHost[] } {
  const membersOf = new Map(
    groups.map((group) => [group, hosts.filter(({ name }) => group.members.includes(name))] as const),
  );
  let parts: readonly (readonly PostgresHost[])[] = hosts.map((host) => [host]);
  for (const members of membersOf.values()) {
    const touched = parts.filter((part) => part.some((host) => members.includes(host)));
    if (touched.length > 1)
      parts = [
        hosts.filter((host) => touched.some((part) => part.includes(host))),
        ...parts.filter((part) => !touched.includes(part)),
      ];
  }
  const together = parts.flatMap((part) => {
    const here = [...membersOf].filter(([, members]) => members.some((host) => part.includes(host)));
    const largest = Math.max(0, ...here.map(([, members]) => members.length));
    const name = here.find(([, members]) => members.length === largest)?.[0].name;
    return name === undefined ? [] : [{ name, hosts: part }];
  });
  const order = (part: Part): number => groups.findIndex(({ name }) => name === part.name);
  return {
    together: together.sort((a, b) => order(a) - order(b)),
    alone: hosts.filter((host) => !together.some((part) => part.hosts.includes(host))),
  };
}

function freeName(used: ReadonlySet<string>): string {
  let name = nameless;
  for (let number = 2; used.has(name); number += 1) name = `${nameless}-${number}`;
  return name;
}
