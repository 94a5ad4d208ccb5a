// What must fit together in services and targets, the same in every form of configuration file.
import { type Finding, finding, isTable, listOf, type Table, tableOf, textOf, twice } from './findings.ts';
import { name as readName } from './readers.ts';
import type { Path } from './yaml-source.ts';

/** A map of services; `ifEmpty`: what to do where it has none. */
export function servicesFindings(services: unknown, path: Path, ifEmpty: string): readonly Finding[] {
  if (!isTable(services)) return [];
  const entries = Object.entries(services);
  if (entries.length === 0) return [finding(path, 'the map is empty', ifEmpty)];
  return entries.flatMap(([service, spec]) => serviceFindings(service, tableOf(spec), [...path, service]));
}

function serviceFindings(service: string, spec: Table, path: Path): readonly Finding[] {
  const found: Finding[] = [];
  if (!readName(service).ok)
    found.push(
      finding(path, 'this is no name for a service', 'use 1 to 64 letters, digits, and the characters _ . : -'),
    );
  if (spec['role'] === 'primary') {
    for (const key of ['max_lag', 'fallback'])
      if (spec[key] !== undefined)
        found.push(finding([...path, key], 'has no meaning for a service of role primary', 'remove it'));
  }
  return found;
}

export interface PlacedKey {
  readonly key: string | undefined;
  readonly path: Path;
}

/** The backends that a map of services names. */
export const backendsOf = (services: unknown, path: Path): readonly PlacedKey[] =>
  Object.entries(tableOf(services)).map(([service, spec]) => ({
    key: textOf(tableOf(spec)['backend']),
    path: [...path, service, 'backend'],
  }));

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
