// "Did you mean ...?": the known name that a mistyped one is nearest to.
import { nearestWord } from '../model/nearest.ts';

/** What people write who know the same thing by another program's word (Patroni, Stolon, etcdctl, libpq, HAProxy). */
const otherWords = new Map(
  Object.entries({
    host: 'endpoints',
    hosts: 'endpoints',
    cacert: 'ca',
    ca_cert: 'ca',
    certfile: 'cert',
    keyfile: 'key',
    username: 'user',
    database: 'dbname',
    maximum_lag: 'max_lag',
    bind: 'listen',
    address: 'listen',
    stats_socket: 'socket',
    cluster_name: 'name',
    'cluster-name': 'name',
    store_prefix: 'prefix',
    'store-prefix': 'prefix',
    namespace: 'prefix',
    loglevel: 'level',
    warning: 'warn',
    pgbouncer: 'pooler',
    default: 'pooler',
    dest_port: 'port',
    master: 'primary',
    slave: 'replica',
    sync_standby: 'sync',
    weight: 'weight_tag',
    bind_port: 'listen',
    filter: 'selector',
  }),
);

/** The nearest of `known`, or undefined if none is near enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const synonym = otherWords.get(name.toLowerCase());
  return synonym !== undefined && known.includes(synonym) ? synonym : nearestWord(name, known);
}
