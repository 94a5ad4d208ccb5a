// What must fit together in an entry of `clusters` that stands for every Patroni cluster below a namespace.
import { type Finding, finding, type Table, tableOf, textOf } from './findings.ts';
import { normalNamespace } from './readers.ts';
import { clusterPlace } from './readers-service.ts';
import { backendsOf } from './rules-haproxy.ts';
import { namespaceDefault } from './schema.ts';
import type { Path } from './yaml-source.ts';

export const discovers = (cluster: Table): boolean => cluster['discover'] === true;

/** Where an entry looks for clusters, if that can be told. */
export function discoveredNamespace(cluster: Table): string | undefined {
  if (!discovers(cluster)) return undefined;
  const written = tableOf(cluster['patroni'])['namespace'] ?? namespaceDefault;
  const text = textOf(written);
  return text === undefined ? undefined : normalNamespace(text);
}

/** Of an entry with `discover: true`. */
export function discoveryFindings(cluster: Table, path: Path): readonly Finding[] {
  const found: Finding[] = [];
  for (const manager of ['stolon', 'postgres'])
    if (cluster[manager] !== undefined)
      found.push(
        finding(
          [...path, manager],
          "can't be discovered: only Patroni's clusters are",
          'make it an entry of its own, without discover',
        ),
      );
  if (cluster['name'] !== undefined)
    found.push(
      finding([...path, 'name'], "has no meaning with 'discover': a cluster is called as its scope", 'remove it'),
    );
  if (tableOf(cluster['patroni'])['scope'] !== undefined)
    found.push(
      finding(
        [...path, 'patroni', 'scope'],
        "has no meaning with 'discover: true'",
        "remove it; 'include' takes some scopes only",
      ),
    );
  for (const { key, path: place } of backendsOf(cluster['services'], [...path, 'services'], clusterPlace))
    if (key !== undefined && !key.includes(clusterPlace))
      found.push(
        finding(
          place,
          'would be the backend of every cluster that is found',
          `write ${clusterPlace} where the name of the cluster belongs`,
        ),
      );
  return found;
}

/** Of an entry without it. */
export const undiscoveredFindings = (cluster: Table, path: Path): readonly Finding[] =>
  ['include', 'exclude']
    .filter((key) => cluster[key] !== undefined)
    .map((key) => finding([...path, key], "has no meaning without 'discover: true'", 'remove it'));
