// Where everything is, as commands to paste: what `--keep` prints.
import { basename } from 'node:path';
import { bundles } from '../lab/daemon.ts';
import type { Stage } from './stage.ts';

export function addressesOf({ folder, etcd, cluster, haproxy, daemon, writePort, readPort }: Stage): readonly string[] {
  const { app } = cluster;
  const psql = (port: number) => `PGPASSWORD=${app.password} psql -h 127.0.0.1 -p ${port} -U ${app.user} postgres`;
  const [first] = cluster.nodes;
  const patronictl = `patronictl -c ${first?.configFile}`;
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
    'switch over; look at Patroni',
    `    ${patronictl} switchover --force`,
    `    ${patronictl} list`,
    'look into etcd',
    `    ETCDCTL_API=3 etcdctl --endpoints ${etcd.endpoints.join(',')} get --prefix ${cluster.namespace}/${cluster.scope}/`,
    'ask HAProxy itself',
    `    echo "show servers state" | nc -U -q 1 ${haproxy.adminSocket}`,
    `logs, data and configuration files: ${folder} (pgrouted: ${basename(daemon.configFile)})`,
  ];
}
