// What must fit together across several keys. Looks at the file as it was written, so that these errors are told along with all others,
// and leaves anything that is wrong by itself to the schema.
import { cleanPrefix, normalNamespace, name as readName, scope, stolonName } from './readers.ts';
import { stolonPrefixDefault } from './schema.ts';
import { formatPath, type Path } from './yaml-source.ts';

export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

type Table = Readonly<Record<string, unknown>>;

const mapOf = (value: unknown): Table => (isMap(value) ? value : {});
const isMap = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** A cluster's name, if it has one so far. */
const nameOf = (cluster: Table): string | undefined =>
  textOf(cluster['name'] ?? mapOf(cluster['patroni'])['scope'] ?? mapOf(cluster['stolon'])['name']);

export function findings(file: unknown): readonly Finding[] {
  const root = mapOf(file);
  const listed = listOf(root['clusters']);
  const clusters = listed.map(mapOf);
  return [
    ...etcdFindings(mapOf(root['etcd'])),
    ...listed.flatMap((cluster, index) => (isMap(cluster) ? sourceFindings(cluster, ['clusters', index]) : [])),
    ...clusters.flatMap((cluster, index) => clusterFindings(cluster, ['clusters', index])),
    ...twice(
      clusters.map((cluster, index) => ({ key: nameOf(cluster), path: ['clusters', index, 'name'] })),
      (other) => [`is the name of ${other} too`, 'give each cluster a name of its own'],
    ),
    ...sameSource('Patroni', 'patroni', clusters.map(patroniKey)),
    ...sameSource('Stolon', 'stolon', clusters.map(stolonKey)),
    ...twice(clusters.flatMap(backendsOf), (other) => [
      `is already used by ${other}`,
      'give each service a backend of its own',
    ]),
    ...targetFindings(root['haproxy']),
  ];
}

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

/** Exactly one of `patroni` and `stolon`, and what of Stolon's keys has a meaning. */
function sourceFindings(cluster: Table, path: Path): readonly Finding[] {
  const [first, second] = Object.keys(cluster).filter((key) => key === 'patroni' || key === 'stolon');
  const { register, on_stop: onStop } = mapOf(cluster['stolon']);
  const found: Finding[] = [];
  if (first === undefined)
    found.push(
      finding(
        path,
        'nothing says what runs this cluster',
        "add 'patroni' with its scope, or 'stolon' with its cluster name",
      ),
    );
  if (second !== undefined)
    found.push(finding([...path, second], `the cluster is already given by '${first}'`, 'keep one of the two'));
  if (register === false && onStop !== undefined)
    found.push(finding([...path, 'stolon', 'on_stop'], "has no meaning with 'register: false'", 'remove it'));
  return found;
}

function clusterFindings(cluster: Table, path: Path): readonly Finding[] {
  const probe = mapOf(cluster['probe']);
  const services = Object.entries(mapOf(cluster['services']));
  const name = nameOf(cluster);
  const found: Finding[] = [
    ...passwordFindings(probe, [...path, 'probe']),
    ...services.flatMap(([service, spec]) => serviceFindings(service, mapOf(spec), [...path, 'services', service])),
  ];
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
  if (isMap(cluster['services']) && services.length === 0)
    found.push(
      finding([...path, 'services'], 'the map is empty', 'add a service, or remove the key for primary and replica'),
    );
  return found;
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

/** Which backends a cluster's services have, written or by default. */
function backendsOf(cluster: Table, index: number): readonly { key: string | undefined; path: Path }[] {
  const path = ['clusters', index, 'services'];
  const name = nameOf(cluster);
  if (cluster['services'] === undefined && name !== undefined)
    return [`${name}_primary`, `${name}_replica`].map((key) => ({ key, path }));
  return Object.entries(mapOf(cluster['services'])).map(([service, spec]) => ({
    key: textOf(mapOf(spec)['backend']),
    path: [...path, service, 'backend'],
  }));
}

/** Where a Patroni cluster keeps its state, if that can be told. */
function patroniKey(cluster: Table): string | undefined {
  const { scope: written, namespace = '/service' } = mapOf(cluster['patroni']);
  const [name, before] = [textOf(written), textOf(namespace)];
  return name === undefined || before === undefined ? undefined : `${normalNamespace(before)}/${name}`;
}

function stolonKey(cluster: Table): string | undefined {
  const { name: written, prefix = stolonPrefixDefault } = mapOf(cluster['stolon']);
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

function targetFindings(haproxy: unknown): readonly Finding[] {
  const targets = listOf(haproxy).map(mapOf);
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

const passwordWays = ['password', 'password_file', 'password_env'];
const hasPassword = (map: Table): boolean => passwordWays.some((way) => map[way] !== undefined);

function passwordFindings(map: Table, path: Path): readonly Finding[] {
  const [first, ...more] = passwordWays.filter((way) => map[way] !== undefined);
  return more.map((way) =>
    finding([...path, way], `the password is already given by '${first}'`, 'keep one of the two'),
  );
}

function togetherFindings(map: Table, one: string, other: string, path: Path): readonly Finding[] {
  const lonely = [one, other].filter((key) => map[key] !== undefined);
  return lonely.length === 1 && lonely[0] !== undefined
    ? [
        finding(
          [...path, lonely[0]],
          `is of no use without '${lonely[0] === one ? other : one}'`,
          'give both or neither',
        ),
      ]
    : [];
}

function twice(
  items: readonly { readonly key: string | undefined; readonly path: Path }[],
  words: (other: string) => readonly [message: string, remedy: string],
): readonly Finding[] {
  const seen = new Map<string, Path>();
  return items.flatMap(({ key, path }) => {
    if (key === undefined) return [];
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, path);
      return [];
    }
    return [finding(path, ...words(formatPath(other)))];
  });
}

const finding = (path: Path, message: string, remedy: string): Finding => ({ path, message, remedy });
