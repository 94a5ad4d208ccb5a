// What must fit together among services and among targets, the same in every form of configuration file.
import { type Finding, finding, isTable, listOf, tableOf, textOf, twice } from './findings.ts';
import { clusterPlace, fillCluster } from './readers-service.ts';
import { backendsIn, type Surroundings, serviceFindings } from './rules-service.ts';
import { servicesIn } from './service-words.ts';
import type { Path } from './yaml-source.ts';

/** Services, in a map or by a shorthand; `ifEmpty`: what to do where there are none. */
export function servicesFindings(
  services: unknown,
  path: Path,
  ifEmpty: string,
  around: Surroundings,
): readonly Finding[] {
  if ((isTable(services) && Object.keys(services).length === 0) || (Array.isArray(services) && services.length === 0))
    return [finding(path, Array.isArray(services) ? 'the list is empty' : 'the map is empty', ifEmpty)];
  return servicesIn(services).flatMap((service) => serviceFindings(service, [...path, service.name], around));
}

export interface PlacedKey {
  readonly key: string | undefined;
  readonly path: Path;
}

/** The backends of services, with the cluster's name filled in. */
export const backendsOf = (services: unknown, path: Path, cluster: string): readonly PlacedKey[] =>
  servicesIn(services).flatMap((service) =>
    backendsIn(service).map(({ key, at }) => ({
      key: key === undefined ? undefined : fillCluster(key, cluster),
      path: [...path, service.name, ...at],
    })),
  );

/** Names that only the cluster's made too long for HAProxy. */
export const tooLong = (services: unknown, path: Path, cluster: string): readonly Finding[] =>
  servicesIn(services).flatMap((service) =>
    backendsIn(service)
      .filter(({ key = '' }) => key.includes(clusterPlace) && fillCluster(key, cluster).length > 64)
      .map(({ at }) =>
        finding(
          [...path, service.name, ...at],
          "with the name of the cluster it has more than 64 characters, which HAProxy can't hold",
          'write a shorter name',
        ),
      ),
  );

/** Every backend belongs to one service. */
export const backendFindings = (backends: readonly PlacedKey[]): readonly Finding[] =>
  twice(backends, (other) => [`is already used by ${other}`, 'give each service a backend of its own']);

/** `haproxy`: each socket once, each name once. */
export function targetFindings(haproxy: unknown): readonly Finding[] {
  const targets = listOf(haproxy).map(tableOf);
  const socket = (key: 'socket' | 'master_socket') =>
    targets.map((target, index) => ({ key: textOf(target[key]), path: ['haproxy', index, key] }));
  return [
    ...twice([...socket('socket'), ...socket('master_socket')], (other) => [
      `is the same socket as ${other}`,
      'name each socket once: the stats socket and the master socket of a HAProxy are two',
    ]),
    ...twice(
      targets.map((target, index) => ({
        key: textOf(target['name'] ?? target['socket']),
        path: ['haproxy', index, target['name'] === undefined ? 'socket' : 'name'],
      })),
      (other) => [`is the name of ${other} too`, 'give each target a name of its own'],
    ).filter(({ path }) => path.at(-1) === 'name'),
  ];
}
