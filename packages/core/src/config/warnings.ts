// What is right in our own file and yet worth a word.
import { nearest } from './nearest.ts';
import type { ConfigFile } from './schema.ts';
import type { ServiceFile } from './schema-service.ts';

export const warningsOf = (file: ConfigFile): readonly string[] => [
  ...inlinePasswords(file),
  ...etcdWarnings(file),
  ...groupWarnings(file),
  ...controlWarnings(file),
  ...heldBlindly(file),
];

function inlinePasswords({ etcd, clusters }: ConfigFile): readonly string[] {
  const holders = [
    { path: 'etcd', keys: etcd },
    ...clusters.flatMap(({ probe, postgres }, index) => [
      { path: `clusters[${index}].probe`, keys: probe },
      ...Object.entries(postgres?.hosts ?? {}).map(([name, keys]) => ({
        path: `clusters[${index}].postgres.hosts.${name}`,
        keys,
      })),
    ]),
  ];
  return holders
    .filter(({ keys }) => keys?.password !== undefined)
    .map(
      ({ path }) =>
        `${path}.password stands in the configuration file; password_file or password_env keeps it out of it`,
    );
}

function etcdWarnings({ etcd, clusters }: ConfigFile): readonly string[] {
  if (etcd === undefined) return [];
  if (clusters.every(({ postgres }) => postgres !== undefined))
    return ['etcd is not used: the servers of every cluster are named in this file'];
  const warnings: string[] = [];
  const open = etcd.endpoints.filter((url) => url.startsWith('http:'));
  if ((etcd.password ?? etcd.password_file ?? etcd.password_env) !== undefined && open.length > 0)
    warnings.push('etcd.endpoints: the password of etcd goes over http, readable on the way; use https');
  if ((etcd.ca ?? etcd.cert) !== undefined && open.length === etcd.endpoints.length)
    warnings.push('etcd: ca, cert and key are not used, since every endpoint is http');
  return warnings;
}

/** Writes that go on for as long as etcd is away, on nothing but a record that nobody can renew. */
const heldBlindly = ({ clusters }: ConfigFile): readonly string[] =>
  clusters.flatMap(({ probe, services = {} }, index) =>
    Object.entries(services)
      .filter(([, { role, outage }]) => role === 'primary' && outage !== undefined && isEndless(outage))
      .filter(() => probe === undefined)
      .map(
        ([name]) =>
          `clusters[${index}].services.${name}.outage: without a probe nothing tells whether the primary that is held was replaced meanwhile; add 'probe', or a time`,
      ),
  );

const isEndless = (outage: NonNullable<ServiceFile['outage']>): boolean =>
  'kind' in outage && outage.kind === 'hold' && outage.forMs === undefined;

function controlWarnings({ http }: ConfigFile): readonly string[] {
  const { control, listen, tls } = http ?? {};
  if (control === undefined || typeof control === 'string') return [];
  const { path, open } = control.token_file;
  return [
    ...(open
      ? [`http.control.token_file: every user of this machine can read ${path}; chmod 640 keeps the token from them`]
      : []),
    ...(tls === undefined && listen !== undefined && !/^(127\.|::1$|localhost$)/.test(listen.host)
      ? ["http.control: the token goes over http, readable on the way; add 'tls'"]
      : []),
  ];
}

/** Only where every member is known: those of etcd come and go. */
function groupWarnings({ groups = {}, clusters }: ConfigFile): readonly string[] {
  if (clusters.some(({ postgres }) => postgres === undefined)) return [];
  const hosts = clusters.flatMap(({ postgres }) => Object.keys(postgres?.hosts ?? {}));
  return Object.entries(groups).flatMap(([group, members]) => unknownMembers(`groups.${group}`, members, hosts));
}

/** One line for each member of a group that is no host. */
export function unknownMembers(path: string, members: readonly string[], hosts: readonly string[]): readonly string[] {
  return members
    .filter((member) => !hosts.includes(member))
    .map((member) => {
      const meant = nearest(member, hosts);
      const ask = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
      return `${path}: there is no host ${JSON.stringify(member)}, so it is left out${ask}`;
    });
}
