// The composed nodes and the demo are one layout: the scripts that write the nodes' configurations are run here, and what they print is compared with what the
// demo writes on loopback. A difference that is not in these lists is a mistake in one of the two.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@pgrouted/core/config/parse';
import { afterAll, describe, expect, it } from 'vitest';
import { readBackend, writeBackend } from '../demo/theatre.ts';
import { patroniConfig } from '../lab/patroni-config.ts';
import { parsed, servicesIn } from './parsed-file.ts';
import { composeFile, nodeNames } from './project.ts';

const programs = fileURLToPath(new URL('../../packaging/container/programs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pgrouted-layout-'));
afterAll(() => rmSync(folder, { recursive: true }));

mkdirSync(join(folder, 'secrets'));
for (const name of ['superuser', 'replication', 'rewind', 'restapi'])
  writeFileSync(join(folder, 'secrets', name), `${name}-word`);

const addresses = ['10.0.0.11', '10.0.0.12', '10.0.0.13'];
const printed = (program: string): string =>
  execFileSync('sh', [join(programs, program)], {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      NODES: nodeNames.map((name, index) => `${name}=${addresses[index]}`).join(' '),
      NODE_NAME: 'node1',
      NODE_ADDRESS: '10.0.0.11',
      SECRETS: join(folder, 'secrets'),
    },
  });

/** Every leaf of a document by its path; a list is one leaf. */
function leaves(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

const login = (user: string, password: string) => ({ user, password });
const demo = patroniConfig(
  {
    scope: 'demo',
    namespace: '/service',
    etcdEndpoints: addresses.map((address) => `http://${address}:2379`),
    superuser: login('postgres', 'superuser-word'),
    replication: login('replicator', 'replication-word'),
    rewind: login('rewinder', 'rewind-word'),
    settings: {},
    parameters: {},
    hba: [],
  },
  { name: 'node1', home: folder, pgPort: 5432, restPort: 8008, tags: {} },
  execFileSync('sh', ['-c', 'echo /usr/lib/postgresql/*/bin'], { encoding: 'utf8' }).trim(),
);

/** Where the demo is on loopback, in one folder, as whoever starts it. */
const byPlace = [
  'restapi.listen',
  'restapi.connect_address',
  'postgresql.listen',
  'postgresql.connect_address',
  'postgresql.data_dir',
  'postgresql.pgpass',
  'postgresql.pg_hba',
  'postgresql.parameters.unix_socket_directories',
];
/** Only in the demo: it need not survive a power cut, and runs beside tests. */
const byHaste = [
  'bootstrap.initdb',
  'postgresql.basebackup',
  'postgresql.parameters.fsync',
  'postgresql.parameters.shared_buffers',
  'postgresql.parameters.wal_retrieve_retry_interval',
  'postgresql.parameters.dynamic_shared_memory_type',
  'postgresql.parameters.log_line_prefix',
];
/** Only in the nodes: their REST API is on a network, and they make the roles that the demo makes by SQL. */
const byReach = ['restapi.authentication.username', 'restapi.authentication.password', 'bootstrap.post_bootstrap'];

describe('the composed nodes', () => {
  it("have the demo's Patroni, but for what is listed here", () => {
    const [mine, theirs] = [parsed(printed('patroni-config')), parsed(demo)].map((one) => new Map(leaves(one)));
    const names = new Set([...(mine?.keys() ?? []), ...(theirs?.keys() ?? [])]);
    const differ = [...names].filter((name) => JSON.stringify(mine?.get(name)) !== JSON.stringify(theirs?.get(name)));
    expect(differ.filter((name) => name !== 'tags').sort()).toEqual([...byPlace, ...byHaste, ...byReach].sort());
  });

  it("have the demo's services under the demo's names, and a configuration that pgrouted takes", () => {
    const result = parseConfig(printed('pgrouted-config'), 'pgrouted.yaml', { env: {}, readFile: () => 'word' });
    const services = result.ok ? result.config.clusters.flatMap((cluster) => cluster.services) : [];
    expect(services.map(({ name, backends, role }) => ({ name, backends, role }))).toEqual([
      { name: 'primary', backends: [writeBackend], role: 'primary' },
      { name: 'replica', backends: [readBackend], role: 'replica' },
    ]);
  });

  it('write no password where pgrouted or HAProxy would read it', () => {
    expect(printed('pgrouted-config')).not.toMatch(/-word/);
  });

  it('are those of docker-compose.yml', () => {
    const services = servicesIn(parsed(readFileSync(composeFile, 'utf8')));
    expect(Object.keys(services)).toEqual(['secrets', ...nodeNames, 'client']);
  });
});
