// What must fit together in a cluster whose servers are named by hand, and in groups.
import { type Finding, finding, isTable, passwordFindings, type Table, tableOf, twice } from './findings.ts';
import { name as readName } from './readers.ts';
import type { Path } from './yaml-source.ts';

/** Said of keys about what a cluster manager has said last. */
export const noManager: readonly [message: string, remedy: string] = [
  'has no meaning where no cluster manager is asked',
  'remove it; how long a server that falls silent stays in follows from interval and connect_timeout of the probe',
];

/** A cluster with `postgres`. */
export function postgresFindings(cluster: Table, path: Path): readonly Finding[] {
  const found: Finding[] = [];
  if (cluster['name'] === undefined) found.push(finding([...path, 'name'], 'is missing', 'give the cluster a name'));
  if (cluster['grace'] !== undefined) found.push(finding([...path, 'grace'], ...noManager));
  const { hosts } = tableOf(cluster['postgres']);
  return isTable(hosts) ? [...found, ...hostsFindings(hosts, [...path, 'postgres', 'hosts'])] : found;
}

function hostsFindings(hosts: Table, path: Path): readonly Finding[] {
  const entries = Object.entries(hosts);
  if (entries.length === 0)
    return [finding(path, 'the map is empty', "add a server: 'NAME: { host: ..., port: ... }'")];
  return [
    ...entries.flatMap(([name, host]) => [
      ...(readName(name).ok
        ? []
        : [
            finding(
              [...path, name],
              'HAProxy can hold no such name',
              'use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -',
            ),
          ]),
      ...passwordFindings(tableOf(host), [...path, name]),
    ]),
    ...twice(
      entries.map(([name, host]) => ({ key: addressOf(tableOf(host)), path: [...path, name] })),
      (other) => [`is the same server as ${other}`, 'name each server once'],
    ),
  ];
}

/** Where a host is, as far as the file says it. */
function addressOf({ host, hostaddr, port }: Table): string | undefined {
  const where = hostaddr ?? host;
  return typeof where === 'string' ? `${where.toLowerCase()} ${String(port ?? '')}` : undefined;
}

/** `groups`; `clusters`: the names that are groups already. */
export function groupsFindings(groups: unknown, clusters: ReadonlySet<string>): readonly Finding[] {
  return Object.keys(tableOf(groups)).flatMap((name) => {
    const path = ['groups', name];
    if (name === 'all')
      return [finding(path, "'all' stands for every member in the REST lists", 'choose another name')];
    return clusters.has(name)
      ? [finding(path, 'is the name of a cluster, which is a group already', 'choose another name')]
      : [];
  });
}
