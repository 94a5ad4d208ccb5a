// Where everything is, as commands to paste: what `--keep` prints.
import { basename } from 'node:path';
import { bundles } from '../lab/daemon.ts';
import type { EtcdLab } from '../lab/etcd.ts';
import type { Haproxy } from '../lab/haproxy.ts';
import type { Login } from '../lab/patroni-config.ts';
import type { Theatre } from './theatre.ts';

export interface Located extends Theatre {
  readonly folder: string;
  readonly etcd: EtcdLab;
  readonly haproxy: Haproxy;
  readonly writePort: number;
  readonly readPort: number;
  /** Of the writing client. */
  readonly login: Login;
  /** Below which the cluster's manager keeps its keys, with a slash at the end. */
  readonly etcdPrefix: string;
  /** What only this manager has: a title, and commands below it. */
  readonly managing: readonly string[];
}

export function addressesOf(located: Located): readonly string[] {
  const { folder, etcd, haproxy, daemon, writePort, readPort, login, etcdPrefix, managing } = located;
  const password = login.password === '' ? '' : `PGPASSWORD=${login.password} `;
  const psql = (port: number) => `${password}psql -h 127.0.0.1 -p ${port} -U ${login.user} postgres`;
  const ctl = `${bundles.pgroutectl} --url ${daemon.url}`;
  return [
    'write through HAProxy',
    `    ${psql(writePort)}`,
    'read through HAProxy',
    `    ${psql(readPort)} -c 'select count(*) from lab_writes'`,
    'ask pgrouted',
    `    ${ctl} status`,
    `    ${ctl} explain`,
    `    ${ctl} events --follow`,
    `    curl ${daemon.url}/v1/primary`,
    `    curl ${daemon.url}/v2/status`,
    `    curl ${daemon.url}/metrics`,
    ...managing,
    'look into etcd',
    `    ETCDCTL_API=3 etcdctl --endpoints ${etcd.endpoints.join(',')} get --prefix ${etcdPrefix}`,
    'ask HAProxy itself',
    `    echo "show servers state" | nc -U -q 1 ${haproxy.adminSocket}`,
    `logs, data and configuration files: ${folder} (pgrouted: ${basename(daemon.configFile)})`,
  ];
}
