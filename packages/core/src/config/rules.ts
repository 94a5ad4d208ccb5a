// What must fit together across several keys. Looks at the file as it was written, so that these errors are told along with all others,
// and leaves anything that is wrong by itself to the schema.
import {
  type Finding,
  finding,
  hasPassword,
  isTable,
  listOf,
  passwordFindings,
  type Table,
  tableOf,
  textOf,
  togetherFindings,
  twice,
} from './findings.ts';
import { cleanPrefix, normalNamespace, name as readName, scope, stolonName } from './readers.ts';
import { clusterPlace } from './readers-service.ts';
import { discoveredNamespace, discovers, discoveryFindings, undiscoveredFindings } from './rules-discovery.ts';
import { fleetFindings } from './rules-fleet.ts';
import {
  backendFindings,
  backendsOf,
  type PlacedKey,
  servicesFindings,
  targetFindings,
  tooLong,
} from './rules-haproxy.ts';
import { groupsFindings, postgresFindings } from './rules-postgres.ts';
import type { Surroundings } from './rules-service.ts';
import { namespaceDefault, stolonPrefixDefault } from './schema.ts';
import { servicesIn } from './service-words.ts';
import type { Path } from './yaml-source.ts';

/** A cluster's name, if it has one so far. */
const nameOf = (cluster: Table): string | undefined =>
  textOf(cluster['name'] ?? tableOf(cluster['patroni'])['scope'] ?? tableOf(cluster['stolon'])['name']);

export function findings(file: unknown): readonly Finding[] {
  const root = tableOf(file);
  const listed = listOf(root['clusters']);
  const clusters = listed.map(tableOf);
  return [
    ...(isTable(file) && file['etcd'] === undefined && !listedByHand(clusters)
      ? [finding(['etcd'], 'is missing', 'add it')]
      : []),
    ...etcdFindings(tableOf(root['etcd'])),
    ...listed.flatMap((cluster, index) => (isTable(cluster) ? sourceFindings(cluster, ['clusters', index]) : [])),
    ...clusters.flatMap((cluster, index) => clusterFindings(cluster, ['clusters', index])),
    ...twice(
      clusters.map((cluster, index) => ({ key: nameOf(cluster), path: ['clusters', index, 'name'] })),
      (other) => [`is the name of ${other} too`, 'give each cluster a name of its own'],
    ),
    ...sameSource('Patroni', 'patroni', clusters.map(patroniKey)),
    ...sameSource('Stolon', 'stolon', clusters.map(stolonKey)),
    ...twice(
      clusters.map((cluster, index) => ({ key: discoveredNamespace(cluster), path: ['clusters', index, 'discover'] })),
      (other) => [`looks into the same namespace as ${other}`, 'keep one of the two'],
    ),
    ...fleetFindings(
      root,
      clusters.flatMap((cluster) => discoveredNamespace(cluster) ?? patroniKey(cluster) ?? stolonKey(cluster) ?? []),
    ),
    ...backendFindings(clusters.flatMap(ownBackends)),
    ...targetFindings(root['haproxy']),
    ...groupsFindings(root['groups'], new Set(clusters.flatMap((cluster) => nameOf(cluster) ?? []))),
  ];
}

/** The servers of every cluster are named in the file: nothing is read from etcd. */
const listedByHand = (clusters: readonly Table[]): boolean =>
  clusters.length > 0 && clusters.every((cluster) => cluster['postgres'] !== undefined);

function etcdFindings(etcd: Table): readonly Finding[] {
  const user = etcd['user'] !== undefined;
  return [
    ...passwordFindings(etcd, ['etcd']),
    ...(user && !hasPassword(etcd)
      ? [
          finding(
            ['etcd', 'user'],
            'a user without a password',
            "add 'password_file'; with client certificates alone leave 'user' out",
          ),
        ]
      : []),
    ...(!user && hasPassword(etcd) ? [finding(['etcd'], 'a password without a user', "add 'user'")] : []),
    ...togetherFindings(etcd, 'cert', 'key', ['etcd']),
  ];
}

const sources = ['patroni', 'stolon', 'postgres'];

/** Exactly one of the three sources, and what of its keys has a meaning. */
function sourceFindings(cluster: Table, path: Path): readonly Finding[] {
  if (discovers(cluster)) return discoveryFindings(cluster, path);
  const [first, ...more] = Object.keys(cluster).filter((key) => sources.includes(key));
  const { register, on_stop: onStop } = tableOf(cluster['stolon']);
  const found: Finding[] = [...undiscoveredFindings(cluster, path)];
  const { patroni } = cluster;
  if (isTable(patroni) && patroni['scope'] === undefined)
    found.push(finding([...path, 'patroni', 'scope'], 'is missing', 'add it'));
  if (first === undefined)
    found.push(
      finding(
        path,
        'nothing says what runs this cluster',
        "add 'patroni' with its scope, 'stolon' with its cluster name, or 'postgres' with its hosts",
      ),
    );
  for (const other of more)
    found.push(finding([...path, other], `the cluster is already given by '${first}'`, 'keep one of them'));
  if (cluster['postgres'] !== undefined) found.push(...postgresFindings(cluster, path));
  if (register === false && onStop !== undefined)
    found.push(finding([...path, 'stolon', 'on_stop'], "has no meaning with 'register: false'", 'remove it'));
  return found;
}

function clusterFindings(cluster: Table, path: Path): readonly Finding[] {
  const name = nameOf(cluster);
  const found: Finding[] = [
    ...passwordFindings(tableOf(cluster['probe']), [...path, 'probe']),
    ...servicesFindings(
      cluster['services'],
      [...path, 'services'],
      'add a service, or remove the key for primary and replica',
      surroundingsOf(cluster),
    ),
    ...(name === undefined ? [] : tooLong(cluster['services'], [...path, 'services'], name)),
  ];
  if (
    cluster['pooler_port'] !== undefined &&
    servicesIn(cluster['services']).every(({ words }) => words['dest'] !== 'pooler')
  )
    found.push(
      finding(
        [...path, 'pooler_port'],
        "is of no use: no service has 'dest: pooler'",
        'remove it, or send a service to the pooler',
      ),
    );
  if (name === 'all')
    found.push(finding([...path, 'name'], "'all' stands for every cluster in the REST lists", 'choose another name'));
  if (cluster['name'] === undefined && name !== undefined && !readName(name).ok) {
    const [what, ofManager] = cluster['patroni'] === undefined ? ['name in Stolon', stolonName] : ['scope', scope];
    if (ofManager(name).ok)
      found.push(
        finding(path, `the ${what} can not serve as a name for HAProxy`, "add 'name' with letters, digits and _ . : -"),
      );
  }
  if (cluster['services'] === undefined && name !== undefined && name.length > 56)
    found.push(
      finding(
        path,
        'the name is too long to make names of backends from it',
        "add 'services' and name the backends there",
      ),
    );
  return found;
}

const surroundingsOf = (cluster: Table): Surroundings => {
  const source =
    cluster['postgres'] !== undefined ? 'postgres' : cluster['stolon'] !== undefined ? 'stolon' : 'patroni';
  return { source, probed: source === 'postgres' || cluster['probe'] !== undefined };
};

/** Which backends a cluster's services have, written or by default. */
function clusterBackends(cluster: Table, path: Path, name: string): readonly PlacedKey[] {
  return cluster['services'] === undefined
    ? [`${name}_primary`, `${name}_replica`].map((key) => ({ key, path }))
    : backendsOf(cluster['services'], path, name);
}

/** The same, as names that no other cluster may have. Those that are found later are told apart by their namespace until then. */
function ownBackends(cluster: Table, index: number): readonly PlacedKey[] {
  const path = ['clusters', index, 'services'];
  const namespace = discoveredNamespace(cluster);
  if (discovers(cluster))
    return clusterBackends(cluster, path, clusterPlace).map(({ key, path: place }) => ({
      key: key === undefined || !key.includes(clusterPlace) ? key : `${namespace ?? index} ${key}`,
      path: place,
    }));
  const name = nameOf(cluster);
  return name === undefined && cluster['services'] === undefined
    ? []
    : clusterBackends(cluster, path, name ?? clusterPlace);
}

/** Where a Patroni cluster keeps its state, if that can be told. */
function patroniKey(cluster: Table): string | undefined {
  const { scope: written, namespace = namespaceDefault } = tableOf(cluster['patroni']);
  const [name, before] = [textOf(written), textOf(namespace)];
  return name === undefined || before === undefined ? undefined : `${normalNamespace(before)}/${name}`;
}

function stolonKey(cluster: Table): string | undefined {
  const { name: written, prefix = stolonPrefixDefault } = tableOf(cluster['stolon']);
  const [name, before] = [textOf(written), textOf(prefix)];
  return name === undefined || before === undefined ? undefined : `${cleanPrefix(before)}/${name}`;
}

const sameSource = (manager: string, key: string, keys: readonly (string | undefined)[]): readonly Finding[] =>
  twice(
    keys.map((prefix, index) => ({ key: prefix, path: ['clusters', index, key] })),
    (other) => [
      `is the same ${manager} cluster as ${other}`,
      'keep one of them; a cluster can have any number of services',
    ],
  );
