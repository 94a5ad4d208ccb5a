// Somebody's servers who comes from PgRoute66: a real Patroni cluster on TLS, one HAProxy, the check scripts, a home with root.crt and .pgpass, and
// a client that writes. Every file is the one that docs/from-pgroute66.md shows, with this machine's addresses.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from './certificates.ts';
import { type EtcdLab, startEtcd } from './etcd.ts';
import { type ExternalChecks, writeExternalChecks } from './external-check.ts';
import { inPlace, type Page } from './page.ts';
import { type PatroniCluster, startPatroniCluster } from './patroni.ts';
import { freePort, giveTo, temporaryFolder } from './process.ts';
import { createWriterTable, startWriter, type Writer } from './writer.ts';

export interface MigrationStage {
  readonly folder: string;
  /** The home of the user that pgrouted runs as. */
  readonly home: string;
  readonly cluster: PatroniCluster;
  readonly checks: ExternalChecks;
  /** Where the API is, today and ever after. */
  readonly apiPort: number;
  /** The block of the page that begins with that line, with this machine's addresses, ports and paths. */
  readonly file: (firstLine: string) => string;
  /** A client of the write service; call it when HAProxy listens. */
  readonly write: () => Writer;
  readonly close: () => Promise<void>;
}

/** The role that PgRoute66's file names, and its password, which is in `.pgpass` and nowhere else. */
const role = { user: 'pgroute66', password: 'M4rk3r' } as const;
export const rolePassword: string = role.password;

export async function migrationStage(page: Page): Promise<MigrationStage> {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const tls = certificates(at('tls'));
  const etcd = await startEtcd({ folder: folder.path, members: 3 });
  const cluster = await startPatroniCluster({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    scope: 'orders',
    nodes: ['pg1', 'pg2', 'pg3'],
    loopWait: 1,
    parameters: { ssl: 'on', ssl_cert_file: tls.cert, ssl_key_file: tls.key },
  });
  await (await cluster.primary()).sql(
    `create role ${role.user} login password '${role.password}';
     ${createWriterTable()};
     grant all on lab_writes to ${cluster.app.user}`,
  );
  const [apiPort, writePort, readPort] = [await freePort(), await freePort(), await freePort()];
  const checks = writeExternalChecks(folder.path, apiPort);
  const places = [
    ...placesOf(cluster, etcd),
    ['/opt/pgroute66/checkpgprimary.sh', checks.primary],
    ['/opt/pgroute66/checkpgstandby.sh', checks.standby],
    ['/run/haproxy/admin.sock', at('admin.sock')],
    ['bind :5000', `bind 127.0.0.1:${writePort}`],
    ['bind :5001', `bind 127.0.0.1:${readPort}`],
    ['port: 8080', `port: ${apiPort}`],
    ['127.0.0.1:8080', `127.0.0.1:${apiPort}`],
  ] as const;
  return {
    folder: folder.path,
    home: homeOf(at('home'), tls.ca),
    cluster,
    checks,
    apiPort,
    file: (firstLine) => inPlace(page.block(firstLine), places),
    write: () => startWriter({ port: writePort, login: cluster.app, names: cluster.names }),
    close: async () => {
      await cluster.stop();
      await etcd.stop();
      folder.remove();
    },
  };
}

/** The page's three servers and three etcd members, by what stands for them here. */
const placesOf = (cluster: PatroniCluster, etcd: EtcdLab): readonly (readonly [string, string])[] => [
  ...cluster.nodes.flatMap(({ pgPort }, index) => {
    const host = `10.0.0.1${index + 1}`;
    return [
      [`${host}:5432`, `127.0.0.1:${pgPort}`],
      [`host: ${host}, port: 5432`, `host: 127.0.0.1, port: ${pgPort}`],
    ] as const;
  }),
  ...etcd.endpoints.map((endpoint, index) => [`http://10.0.0.2${index + 1}:2379`, endpoint] as const),
];

/** The servers' pair, which PostgreSQL's user may read, and its authority. */
function certificates(folder: string): { readonly ca: string; readonly cert: string; readonly key: string } {
  const authority = makeAuthority(folder);
  const pair = authority.issue('postgres');
  chmodSync(folder, 0o755);
  chmodSync(pair.key, 0o600);
  giveTo('postgres', pair.key);
  return { ca: authority.ca, ...pair };
}

/** `~/.postgresql/root.crt` and `~/.pgpass`, which libpq finds by itself. */
function homeOf(folder: string, ca: string): string {
  mkdirSync(join(folder, '.postgresql'), { recursive: true });
  copyFileSync(ca, join(folder, '.postgresql', 'root.crt'));
  writeFileSync(join(folder, '.pgpass'), `*:*:*:${role.user}:${role.password}\n`, { mode: 0o600 });
  return folder;
}
