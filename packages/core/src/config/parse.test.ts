import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceDefaults } from '../model/service.ts';
import { type ConfigResult, type ConfigSurroundings, formatConfigError, printableConfig } from './config.ts';
import { parseConfig } from './parse.ts';

const files = new Map([
  ['/etc/pgrouted/etcd.password', 'from-a-file\n'],
  ['/etc/pgrouted/empty', '\n'],
]);
const surroundings: ConfigSurroundings = {
  env: { PROBE_PASSWORD: 'from-the-environment' },
  readFile: (path) => {
    const text = files.get(path);
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  },
};
const parse = (text: string): ConfigResult => parseConfig(text, '/etc/pgrouted/pgrouted.yaml', surroundings);

const configIn = (text: string) => {
  const result = parse(text);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result;
};

/** `LINE:COLUMN PATH: MESSAGE; REMEDY` of each error. */
function errorsIn(text: string): readonly string[] {
  const result = parse(text);
  return result.ok
    ? []
    : result.errors.map((error) => formatConfigError(error).replace('/etc/pgrouted/pgrouted.yaml:', ''));
}

const smallest = `etcd: { endpoints: ['http://10.0.0.1:2379'] }
clusters:
  - patroni: { scope: orders }
`;

describe('a configuration file', () => {
  it('needs etcd and one scope; the rest is the default', () => {
    expect(configIn(smallest)).toEqual({
      ok: true,
      warnings: [],
      config: {
        etcd: { endpoints: ['http://10.0.0.1:2379'] },
        clusters: [
          {
            name: 'orders',
            source: { kind: 'patroni', scope: 'orders', namespace: '/service' },
            grace: 'auto',
            services: [
              {
                ...serviceDefaults,
                name: 'primary',
                backends: ['orders_primary'],
                role: 'primary',
                outage: { kind: 'auto' },
              },
              {
                ...serviceDefaults,
                name: 'replica',
                backends: ['orders_replica'],
                role: 'replica',
                outage: { kind: 'hold' },
              },
            ],
          },
        ],
        discovery: [],
        fleet: { enabled: true, prefix: '/pgrouted' },
        haproxy: [{ name: '/run/haproxy/admin.sock', socket: '/run/haproxy/admin.sock' }],
        http: {
          host: '127.0.0.1',
          port: 8080,
          maxAgeMs: 30_000,
          availability: false,
          control: { kind: 'loopback' },
        },
        groups: { clusters: true, named: [] },
        log: { level: 'info' },
        journal: { maxBytes: 16 * 1024 * 1024, keep: 5, memoryEntries: 5000 },
      },
    });
  });

  it('gives each key its meaning', () => {
    const { config, warnings } = configIn(`
etcd:
  endpoints: [https://10.0.0.1:2379/, 'https://[::1]:2379']
  ca: ca.crt
  cert: tls/client.crt
  key: /keys/client.key
  user: pgrouted
  password_file: etcd.password
clusters:
  - name: shop
    patroni: { scope: orders, namespace: postgres//clusters/ }
    probe:
      user: probe
      password_env: PROBE_PASSWORD
      passfile: pgpass
      dbname: postgres
      sslmode: verify-full
      sslrootcert: system
      sslcert: probe.crt
      connect_timeout: 3
      interval: 2s
      burst: 20ms
    grace: 1min
    services:
      rw: { backend: shop-rw, role: primary }
      ro: { backend: shop-ro, role: replica, max_lag: 16MB, fallback: primary }
haproxy:
  - socket: admin.sock
    master_socket: /run/haproxy/master.sock
    name: edge
http: { listen: '[::1]:8008' }
log: { level: debug }
journal: { file: journal.jsonl, max_size: 1GB, keep: 0, memory_entries: 100 }
`);
    expect(warnings).toEqual([]);
    expect(config.etcd).toEqual({
      endpoints: ['https://10.0.0.1:2379', 'https://[::1]:2379'],
      ca: '/etc/pgrouted/ca.crt',
      cert: '/etc/pgrouted/tls/client.crt',
      key: '/keys/client.key',
      user: 'pgrouted',
      password: 'from-a-file',
    });
    expect(config.clusters).toEqual([
      {
        name: 'shop',
        source: { kind: 'patroni', scope: 'orders', namespace: '/postgres/clusters' },
        probe: {
          user: 'probe',
          password: 'from-the-environment',
          passfile: '/etc/pgrouted/pgpass',
          dbname: 'postgres',
          sslmode: 'verify-full',
          sslrootcert: 'system',
          sslcert: '/etc/pgrouted/probe.crt',
          connectTimeoutMs: 3000,
          intervalMs: 2000,
          burstMs: 20,
        },
        grace: 60_000,
        services: [
          {
            ...serviceDefaults,
            name: 'rw',
            backends: ['shop-rw'],
            role: 'primary',
            outage: { kind: 'hold', forMs: 60_000 },
          },
          {
            ...serviceDefaults,
            name: 'ro',
            backends: ['shop-ro'],
            role: 'replica',
            maxLag: { bytes: { leave: 16 * 1024 * 1024, enter: 8 * 1024 * 1024 }, dwellMs: 5000 },
            fallback: 'primary',
            outage: { kind: 'hold' },
          },
        ],
      },
    ]);
    expect(config.haproxy).toEqual([
      { name: 'edge', socket: '/etc/pgrouted/admin.sock', masterSocket: '/run/haproxy/master.sock' },
    ]);
    expect(config.http).toEqual({
      host: '::1',
      port: 8008,
      maxAgeMs: 30_000,
      availability: false,
      control: { kind: 'loopback' },
    });
    expect(config.log).toEqual({ level: 'debug' });
    expect(config.journal).toEqual({
      file: '/etc/pgrouted/journal.jsonl',
      maxBytes: 1024 ** 3,
      keep: 0,
      memoryEntries: 100,
    });
  });

  it.each([
    ['name: orders', 'orders', 'orders', 'stolon/cluster', true, 'release'],
    ['name: orders, prefix: orion/cluster, register: false', 'orders', 'orders', 'orion/cluster', false, 'release'],
    ['name: orders, prefix: /stolon//cluster/, on_stop: leave', 'orders', 'orders', '/stolon/cluster', true, 'leave'],
    ['name: orders, prefix: /', 'orders', 'orders', '/', true, 'release'],
    ['name: orders, prefix: ./a/b/../c', 'orders', 'orders', 'a/c', true, 'release'],
    ["name: 'my db' }, name: shop, grace: auto, probe: {", 'shop', 'my db', 'stolon/cluster', true, 'release'],
  ])('takes a cluster of Stolon: { %s }', (keys, name, inStolon, prefix, register, onStop) => {
    const { config, warnings } = configIn(
      `etcd: { endpoints: ['http://10.0.0.1:2379'] }\nclusters: [{ stolon: { ${keys} } }]\n`,
    );
    expect(warnings).toEqual([]);
    expect(config.clusters).toMatchObject([
      {
        name,
        source: { kind: 'stolon', name: inStolon, prefix, register, onStop },
        services: [{ backends: [`${name}_primary`] }, { backends: [`${name}_replica`] }],
      },
    ]);
    expect(printableConfig(config)).toEqual(config);
  });

  it('may name clusters of both managers, and of one name below two prefixes', () => {
    const { config } = configIn(`etcd: { endpoints: ['http://10.0.0.1:2379'] }
clusters:
  - patroni: { scope: orders }
  - { name: old, stolon: { name: orders } }
  - { name: older, stolon: { name: orders, prefix: /stolon/cluster } }
`);
    expect(config.clusters.map(({ name, source }) => [name, source.kind])).toEqual([
      ['orders', 'patroni'],
      ['old', 'stolon'],
      ['older', 'stolon'],
    ]);
  });

  it('probes with the defaults of PostgreSQL and three times of its own', () => {
    const { config } = configIn(smallest.replace('{ scope: orders }', '{ scope: orders }\n    probe: {}'));
    expect(config.clusters[0]?.probe).toEqual({ connectTimeoutMs: 2000, intervalMs: 1000, burstMs: 10 });
  });

  const byHand = `clusters:
  - name: shop
    postgres:
      hosts:
        pg1: { host: 10.0.0.1 }
        pg2: { host: pg2.example.com, hostaddr: 10.0.0.2, port: '5433', user: own, password_file: etcd.password }
    probe: { user: all, password_env: PROBE_PASSWORD, sslmode: require, sslcrl: x.crl, application_name: x, options: -c a=b }
`;

  it('may name servers by hand; then it needs no etcd, and what a host says wins over the probe', () => {
    const { config, warnings } = configIn(`${byHand}haproxy: []\n`);
    const pace = { intervalMs: 250, burstMs: 20 };
    const probe = {
      user: 'all',
      password: 'from-the-environment',
      sslmode: 'require',
      sslcrl: '/etc/pgrouted/x.crl',
      applicationName: 'x',
      options: '-c a=b',
      connectTimeoutMs: 2000,
      ...pace,
    };
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ etcd: undefined, haproxy: [] });
    expect(configIn(byHand).config.clusters[0]?.services.flatMap(({ backends }) => backends)).toEqual([
      'shop_primary',
      'shop_replica',
    ]);
    expect(config.clusters).toEqual([
      {
        name: 'shop',
        source: {
          kind: 'postgres',
          hosts: [
            { name: 'pg1', address: { host: '10.0.0.1', port: 5432 }, connection: probe },
            {
              name: 'pg2',
              address: { host: '10.0.0.2', port: 5433 },
              serverName: 'pg2.example.com',
              connection: { ...probe, user: 'own', password: 'from-a-file' },
            },
          ],
        },
        probe,
        grace: 'auto',
        // There is nobody to carry them.
        services: [],
      },
    ]);
    expect(printableConfig(config)).not.toEqual(config);
    expect(JSON.stringify(printableConfig(config))).not.toMatch(/from-/);
  });

  it('asks servers named by hand at the pace that it is given', () => {
    const { config } = configIn(byHand.replace('probe: {', 'probe: { interval: 2, burst: 5ms,'));
    expect(config.clusters[0]?.probe).toMatchObject({ intervalMs: 2000, burstMs: 5 });
  });

  it('warns of etcd that nobody needs, of members that there are not, and of a password of a host', () => {
    const text = `${smallest.split('\n')[0]}\n${byHand.replace('user: own, password_file: etcd.password', 'password: x')}`;
    expect(configIn(`${text}groups: { north: [pg1, pg3] }\n`).warnings).toEqual([
      'clusters[0].postgres.hosts.pg2.password stands in the configuration file; password_file or password_env keeps it out of it',
      'etcd is not used: the servers of every cluster are named in this file',
      'groups.north: there is no host "pg3", so it is left out; did you mean "pg1"?',
    ]);
  });

  it('serves HTTPS, more groups and a log file when told to', () => {
    const { config, warnings } = configIn(`${smallest}http:
  listen: 0.0.0.0:8443
  tls: { cert: server.crt, key: /keys/server.key, client_ca: clients.crt }
  max_age: 5
  availability: true
groups: { north: [pg1, pg2], south: [] }
log: { file: log/pgrouted.log }
`);
    expect(warnings).toEqual([]);
    expect(config.http).toEqual({
      host: '0.0.0.0',
      port: 8443,
      tls: {
        kind: 'files',
        cert: '/etc/pgrouted/server.crt',
        key: '/keys/server.key',
        clientCa: '/etc/pgrouted/clients.crt',
      },
      maxAgeMs: 5000,
      availability: true,
      control: { kind: 'loopback' },
    });
    expect(config.groups).toEqual({
      clusters: true,
      named: [
        { name: 'north', members: ['pg1', 'pg2'] },
        { name: 'south', members: [] },
      ],
    });
    expect(config.log).toEqual({ level: 'info', file: '/etc/pgrouted/log/pgrouted.log' });
  });

  it('may repeat a part by an anchor, and says where it was written', () => {
    const text = `etcd: { endpoints: ['http://10.0.0.1:2379'] }
clusters:
  - patroni: { scope: a }
    probe: &probe { user: p, interval: 5 }
  - patroni: { scope: b }
    probe: *probe
`;
    expect(configIn(text).config.clusters.map(({ probe }) => probe?.intervalMs)).toEqual([5000, 5000]);
    expect(errorsIn(text.replace('interval: 5', 'interval: 0'))).toEqual([
      expect.stringMatching(/^4:40: clusters\[0\]\.probe\.interval: must lie between/),
      expect.stringMatching(/^4:40: clusters\[1\]\.probe\.interval: must lie between/),
    ]);
  });

  it('warns of a password in it, of one that goes over http, and of certificates that are not used', () => {
    const etcd = "{ endpoints: ['http://10.0.0.1:2379'], user: u, password: p, ca: ca.crt }";
    const { warnings } = configIn(
      smallest
        .replace(/\{ endpoints.*\}/, etcd)
        .replace('{ scope: orders }', '{ scope: orders }\n    probe: { password: x }'),
    );
    expect(warnings).toEqual([
      'etcd.password stands in the configuration file; password_file or password_env keeps it out of it',
      'clusters[0].probe.password stands in the configuration file; password_file or password_env keeps it out of it',
      'etcd.endpoints: the password of etcd goes over http, readable on the way; use https',
      'etcd: ca, cert and key are not used, since every endpoint is http',
    ]);
  });
});

describe('what is wrong in a configuration file', () => {
  const stolon = (keys: string): string => smallest.replace('patroni: { scope: orders }', `stolon: { ${keys} }`);
  const withCluster = (...lines: readonly string[]): string =>
    `etcd: { endpoints: ['http://10.0.0.1:2379'] }\nclusters:\n  - patroni: { scope: orders }\n${lines.map((line) => `    ${line}\n`).join('')}`;

  it.each<[what: string, text: string, ...errors: string[]]>([
    [
      'an empty file',
      '',
      "1:1: nothing is configured yet; the file has no keys, only comments if anything: add 'etcd' and 'clusters'; see docs/configuration.md",
    ],
    [
      'comments only',
      '# nothing yet\n',
      "1:1: nothing is configured yet; the file has no keys, only comments if anything: add 'etcd' and 'clusters'; see docs/configuration.md",
    ],
    ['a list', '- a\n', "1:1: a map is needed here, not a list; write its keys below it, indented, as 'key: value'"],
    [
      'sections that are missing',
      'log: { level: info }\n',
      '1:1: clusters: is missing; add it',
      '1:1: etcd: is missing; add it',
    ],
    ['a tab', 'etcd:\n\tendpoints: []\n', '2:1: YAML does not allow tabs as indentation; use spaces'],
    [
      'a quote that is not closed',
      'etcd: "x\n',
      '2:1: something is missing here: a colon after a key, or a closing quote or bracket; complete it',
    ],
    [
      'two documents',
      `${smallest}---\n${smallest}`,
      "4:1: the file holds more than one YAML document; remove the line '---' and what follows it",
    ],
    [
      'a key given twice',
      `${smallest}http: { listen: 'a:1', listen: 'b:2' }\n`,
      '4:24: http.listen: this key is given twice; keep one of the two',
    ],
    [
      'an alias of nothing',
      `${smallest}log: { level: *x }\n`,
      "4:15: log.level: a value that starts with * stands for another one (an alias), and there is none of that name; put the value in quotes if the * belongs to it: '*...'",
    ],
    [
      'a type that YAML does not know',
      `${smallest}log: { level: !x info }\n`,
      "4:15: a value that starts with ! names a type that is not known; put the value in quotes: '!...'",
    ],
    [
      'aliases that explode',
      `a: &a [${'x,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]\n`,
      '1:1: its aliases (*name) multiply beyond reason; write the values out',
    ],
    ['an unknown section', `${smallest}hapraxy: []\n`, "4:1: hapraxy: there is no such key; did you mean 'haproxy'?"],
    [
      'an unknown key',
      withCluster('graze: auto'),
      "4:5: clusters[0].graze: there is no such key; did you mean 'grace'?",
    ],
    [
      "another program's word",
      smallest.replace('endpoints', 'hosts'),
      '1:7: etcd.endpoints: is missing; add it',
      "1:9: etcd.hosts: there is no such key; did you mean 'endpoints'?",
    ],
    [
      'a key that resembles none',
      withCluster('colour: red'),
      '4:5: clusters[0].colour: there is no such key; the keys here are name, patroni, stolon, postgres, discover, include, exclude, probe, grace, pooler_port, services',
    ],
    [
      'a prototype as key',
      `${smallest}__proto__: {}\n`,
      '4:1: __proto__: there is no such key; the keys here are etcd, clusters, haproxy, fleet, http, groups, log, journal',
    ],
    [
      'text where a list is needed',
      smallest.replace("['http://10.0.0.1:2379']", 'http://a:1'),
      "1:20: etcd.endpoints: a list is needed here, not text; start each entry with '- '",
    ],
    [
      'a section without keys',
      `${smallest}log:\n`,
      "4:1: log: a map is needed here, not no value; write its keys below it, indented, as 'key: value'",
    ],
    [
      'a number where text is needed',
      smallest.replace('orders', '0815'),
      '3:23: clusters[0].patroni.scope: text is needed here, not a number; put the value in quotes',
    ],
    [
      'an empty text',
      smallest.replace('orders', "''"),
      '3:23: clusters[0].patroni.scope: is empty; write a value or remove the key',
    ],
    [
      'a control character',
      smallest.replace('orders', '"a\\nb"'),
      '3:23: clusters[0].patroni.scope: holds a control character; write it on one line',
    ],
    [
      'an empty list of endpoints',
      smallest.replace("['http://10.0.0.1:2379']", '[]'),
      '1:20: etcd.endpoints: the list is empty; add an entry',
    ],
    [
      'no cluster',
      smallest.replace(/clusters:[\s\S]*/, 'clusters: []'),
      '2:11: clusters: the list is empty; add an entry',
    ],
    [
      'no service',
      withCluster('services: {}'),
      '4:15: clusters[0].services: the map is empty; add a service, or remove the key for primary and replica',
    ],
    [
      'an empty entry',
      `${smallest}  -\n`,
      "4:4: clusters[1]: a map is needed here, not no value; write its keys below it, indented, as 'key: value'",
    ],
    [
      'an endpoint without a scheme',
      smallest.replace('http://', ''),
      '1:21: etcd.endpoints[0]: is not an http or https URL; write it as http://10.0.0.11:2379 or https://etcd1.example.com:2379',
    ],
    [
      'an endpoint with another scheme',
      smallest.replace('http://', 'ftp://'),
      '1:21: etcd.endpoints[0]: is not an http or https URL; write it as http://10.0.0.11:2379 or https://etcd1.example.com:2379',
    ],
    [
      'an endpoint with a path',
      smallest.replace('2379', '2379/v3'),
      '1:21: etcd.endpoints[0]: holds more than scheme, host and port; write it as http://10.0.0.11:2379 or https://etcd1.example.com:2379',
    ],
    [
      'an endpoint with a password',
      smallest.replace('http://', 'http://root:hunter2@'),
      "1:21: etcd.endpoints[0]: holds a user or password; give them as 'user' and 'password_file' beside 'endpoints'",
    ],
    [
      'a certificate without its key',
      smallest.replace(' }', ', cert: a.crt }'),
      "1:52: etcd.cert: is of no use without 'key'; give both or neither",
    ],
    [
      'a user without a password',
      smallest.replace(' }', ', user: u }'),
      "1:52: etcd.user: a user without a password; add 'password_file'; with client certificates alone leave 'user' out",
    ],
    [
      'a password without a user',
      smallest.replace(' }', ', password_file: etcd.password }'),
      "1:7: etcd: a password without a user; add 'user'",
    ],
    [
      'two passwords',
      withCluster('probe: { password: a, password_env: PROBE_PASSWORD }'),
      "4:41: clusters[0].probe.password_env: the password is already given by 'password'; keep one of the two",
    ],
    [
      'a password file that is not there',
      withCluster('probe: { password_file: nowhere }'),
      '4:29: clusters[0].probe.password_file: /etc/pgrouted/nowhere: ENOENT; make the file readable for the user that pgrouted runs as',
    ],
    [
      'a password file without a password',
      withCluster('probe: { password_file: empty }'),
      '4:29: clusters[0].probe.password_file: the file is empty; write the password into it, on one line',
    ],
    [
      'an environment variable that is not there',
      withCluster('probe: { password_env: NOPE }'),
      '4:28: clusters[0].probe.password_env: there is no such environment variable, or it is empty; name a variable that pgrouted is started with',
    ],
    [
      'a comma in a password',
      withCluster('probe: { password: hunter,two }'),
      '4:31: clusters[0].probe: a key without a value; put a text that holds a comma in quotes',
    ],
    [
      'a path from the home folder',
      smallest.replace(' }', ', ca: ~/ca.crt }'),
      "1:50: etcd.ca: '~' is not expanded here; write the whole path",
    ],
    [
      'a scope with a slash',
      smallest.replace('orders', 'a/b'),
      "3:23: clusters[0].patroni.scope: a scope holds no slash; put what is before it into 'namespace'",
    ],
    [
      'a cluster that nothing is said to run',
      smallest.replace('patroni: { scope: orders }', 'name: orders'),
      "3:5: clusters[0]: nothing says what runs this cluster; add 'patroni' with its scope, 'stolon' with its cluster name, or 'postgres' with its hosts",
    ],
    [
      'a cluster of two managers',
      withCluster('stolon: { name: orders }'),
      "4:13: clusters[0].stolon: the cluster is already given by 'patroni'; keep one of them",
    ],
    [
      'a cluster of two managers, told where the second one stands',
      stolon('name: orders').concat('    patroni: { scope: orders }\n'),
      "4:14: clusters[0].patroni: the cluster is already given by 'stolon'; keep one of them",
    ],
    [
      'a mistyped manager',
      smallest.replace('patroni:', 'stolen:'),
      "3:5: clusters[0].stolen: there is no such key; did you mean 'stolon'?",
      "3:5: clusters[0]: nothing says what runs this cluster; add 'patroni' with its scope, 'stolon' with its cluster name, or 'postgres' with its hosts",
    ],
    [
      'servers named by hand, with everything wrong',
      `clusters:
  - postgres:
      hosts:
        pg 1: { host: 'a,b', port: 0 }
        pg2: { host: a:5432, hostadr: x }
        pg3: { password: x, password_env: PROBE_PASSWORD }
        pg4: { host: db }
        pg5: { host: DB }
    grace: 5s
`,
      '2:5: clusters[0].name: is missing; give the cluster a name',
      '4:15: clusters[0].postgres.hosts["pg 1"]: HAProxy can hold no such name; use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -',
      '4:23: clusters[0].postgres.hosts["pg 1"].host: names several servers; name each server as a host of its own',
      '4:36: clusters[0].postgres.hosts["pg 1"].port: must lie between 1 and 65535; choose a number in between',
      "5:22: clusters[0].postgres.hosts.pg2.host: holds a port; write it as 'port'",
      "5:30: clusters[0].postgres.hosts.pg2.hostadr: there is no such key; did you mean 'hostaddr'?",
      "6:43: clusters[0].postgres.hosts.pg3.password_env: the password is already given by 'password'; keep one of the two",
      '8:14: clusters[0].postgres.hosts.pg5: is the same server as clusters[0].postgres.hosts.pg4; name each server once',
      '9:12: clusters[0].grace: has no meaning where no cluster manager is asked; remove it; how long a server that falls silent stays in follows from interval and connect_timeout of the probe',
    ],
    [
      'no server',
      'clusters: [{ name: a, postgres: { hosts: {} } }]\n',
      "1:42: clusters[0].postgres.hosts: the map is empty; add a server: 'NAME: { host: ..., port: ... }'",
    ],
    [
      'servers named by hand and a manager',
      withCluster('name: a', 'postgres: { hosts: { pg1: {} } }'),
      "5:15: clusters[0].postgres: the cluster is already given by 'patroni'; keep one of them",
    ],
    [
      'a cluster of etcd without etcd',
      'clusters: [{ patroni: { scope: a } }, { name: b, postgres: { hosts: { pg1: {} } } }]\n',
      '1:1: etcd: is missing; add it',
    ],
    [
      'groups that there are already',
      `${smallest}groups: { all: [a], orders: [a], north: a }\n`,
      "4:16: groups.all: 'all' stands for every member in the REST lists; choose another name",
      '4:29: groups.orders: is the name of a cluster, which is a group already; choose another name',
      "4:41: groups.north: a list is needed here, not text; start each entry with '- '",
    ],
    ['HTTPS without a key', `${smallest}http: { tls: { cert: a } }\n`, '4:14: http.tls.key: is missing; add it'],
    [
      'an age that is none, and a yes',
      `${smallest}http: { max_age: 1ms, availability: yes }\n`,
      '4:18: http.max_age: must lie between 1s and 3600s; a number without a unit means seconds; choose a duration in between',
      '4:37: http.availability: true or false is needed here, not text; write true, without quotes',
    ],
    ['Stolon without its cluster name', stolon('register: true'), '3:13: clusters[0].stolon.name: is missing; add it'],
    [
      "Stolon's own words",
      stolon('cluster-name: orders, store_prefix: /a'),
      '3:13: clusters[0].stolon.name: is missing; add it',
      "3:15: clusters[0].stolon.cluster-name: there is no such key; did you mean 'name'?",
      "3:37: clusters[0].stolon.store_prefix: there is no such key; did you mean 'prefix'?",
    ],
    [
      'a key of Stolon that is mistyped',
      stolon('name: orders, on-stop: leave, regster: true'),
      "3:29: clusters[0].stolon.on-stop: there is no such key; did you mean 'on_stop'?",
      "3:45: clusters[0].stolon.regster: there is no such key; did you mean 'register'?",
    ],
    [
      'a name in Stolon with a slash',
      stolon('name: a/b'),
      "3:21: clusters[0].stolon.name: the name of a Stolon cluster holds no slash; put what is before it into 'prefix'",
    ],
    [
      'a name in Stolon that is no level of a key',
      stolon("name: '..'"),
      '3:21: clusters[0].stolon.name: is no name; write the --cluster-name of Stolon',
    ],
    [
      'a name in Stolon that can not be a name',
      stolon("name: 'my db'"),
      "3:5: clusters[0]: the name in Stolon can not serve as a name for HAProxy; add 'name' with letters, digits and _ . : -",
    ],
    [
      'an empty prefix',
      stolon("name: orders, prefix: ''"),
      '3:37: clusters[0].stolon.prefix: is empty; write a value or remove the key',
    ],
    [
      'a prefix that comes to nothing',
      stolon('name: orders, prefix: ./'),
      '3:37: clusters[0].stolon.prefix: is empty; write the --store-prefix of Stolon, or remove the key',
    ],
    [
      'a yes that YAML takes for text',
      stolon('name: orders, register: yes'),
      '3:39: clusters[0].stolon.register: true or false is needed here, not text; write true, without quotes',
    ],
    [
      'an off, and a word of its own',
      stolon('name: orders, register: "off", on_stop: releas'),
      '3:39: clusters[0].stolon.register: true or false is needed here, not text; write false, without quotes',
      "3:55: clusters[0].stolon.on_stop: must be one of release, leave; did you mean 'release'?",
    ],
    [
      'a number where true or false is needed',
      stolon('name: orders, register: 1'),
      '3:39: clusters[0].stolon.register: true or false is needed here, not a number; write true or false, without quotes',
    ],
    [
      'what to do with a registration that there is not',
      stolon('name: orders, register: false, on_stop: leave'),
      "3:55: clusters[0].stolon.on_stop: has no meaning with 'register: false'; remove it",
    ],
    [
      'a name that HAProxy can not hold',
      withCluster("name: 'ö'"),
      '4:11: clusters[0].name: HAProxy can hold no such name; use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -',
    ],
    [
      'a scope that can not be a name',
      smallest.replace('orders', "'my db'"),
      "3:5: clusters[0]: the scope can not serve as a name for HAProxy; add 'name' with letters, digits and _ . : -",
    ],
    [
      'a name too long for default backends',
      withCluster(`name: ${'n'.repeat(57)}`),
      "3:5: clusters[0]: the name is too long to make names of backends from it; add 'services' and name the backends there",
    ],
    [
      'the name of all clusters',
      withCluster('name: all'),
      "4:11: clusters[0].name: 'all' stands for every cluster in the REST lists; choose another name",
    ],
    [
      'a wrong sslmode',
      withCluster('probe: { sslmode: verifyfull }'),
      "4:23: clusters[0].probe.sslmode: must be one of disable, allow, prefer, require, verify-ca, verify-full; did you mean 'verify-full'?",
    ],
    [
      'a duration that is none',
      withCluster('grace: soon'),
      '4:12: clusters[0].grace: is not a duration (or auto); write seconds as a number, or a number with ms, s, min, h or d, such as 500ms or 10s',
    ],
    [
      'a unit in the wrong case',
      withCluster('grace: 10S'),
      "4:12: clusters[0].grace: 'S' is no unit of a duration (or auto); did you mean 's'?",
    ],
    [
      'a negative duration',
      withCluster('grace: -1'),
      "4:12: clusters[0].grace: a duration can't be negative (or auto); write seconds as a number, or a number with ms, s, min, h or d, such as 500ms or 10s",
    ],
    [
      'milliseconds taken for seconds',
      withCluster('probe: { burst: 10000 }'),
      '4:21: clusters[0].probe.burst: must lie between 1ms and 10s; a number without a unit means seconds; choose a duration in between',
    ],
    [
      'a service name with a space',
      withCluster("services: { 'a b': { backend: b, role: primary } }"),
      '4:24: clusters[0].services["a b"]: this is no name for a service; use 1 to 64 letters, digits, and the characters _ . : -',
    ],
    [
      'a service without backend and role',
      withCluster('services: { rw: {} }'),
      '4:21: clusters[0].services.rw.backend: is missing; add it',
      '4:21: clusters[0].services.rw.role: is missing; add it',
    ],
    [
      'an unknown role',
      withCluster('services: { ro: { backend: b, role: replicas } }'),
      "4:41: clusters[0].services.ro.role: must be one of primary, replica, sync, async, quorum, standby_leader, any; did you mean 'replica'?",
    ],
    [
      'a backend with a space',
      withCluster("services: { rw: { backend: 'a b', role: primary } }"),
      '4:32: clusters[0].services.rw.backend: HAProxy can hold no such name; use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -',
    ],
    [
      'a size in the wrong case',
      withCluster('services: { ro: { backend: b, role: replica, max_lag: 16mb } }'),
      "4:59: clusters[0].services.ro.max_lag: 'mb' is no unit of a size; did you mean 'MB'?",
    ],
    [
      'a size that is none',
      withCluster('services: { ro: { backend: b, role: replica, max_lag: much } }'),
      '4:59: clusters[0].services.ro.max_lag: is not a size; write bytes as a number, or a number with B, kB, MB, GB or TB (1 kB = 1024 B), such as 16MB; or a time such as 10s',
    ],
    [
      'a lag limit on the primary',
      withCluster('services: { rw: { backend: b, role: primary, max_lag: 1, fallback: none } }'),
      '4:59: clusters[0].services.rw.max_lag: has no meaning for a service of role primary; remove it',
      '4:72: clusters[0].services.rw.fallback: has no meaning for a service of role primary; remove it',
    ],
    [
      'two services on one backend',
      withCluster('services: { rw: { backend: b, role: primary }, ro: { backend: b, role: replica } }'),
      '4:67: clusters[0].services.ro.backend: is already used by clusters[0].services.rw.backend; give each service a backend of its own',
    ],
    [
      'a backend that another cluster has by default',
      `${smallest}  - patroni: { scope: b }\n    services: { x: { backend: orders_primary, role: primary } }\n`,
      '5:31: clusters[1].services.x.backend: is already used by clusters[0].services; give each service a backend of its own',
    ],
    [
      'two clusters of one name',
      `${smallest}  - { name: orders, patroni: { scope: b }, services: { x: { backend: x, role: primary } } }\n`,
      '4:13: clusters[1].name: is the name of clusters[0].name too; give each cluster a name of its own',
    ],
    [
      'two clusters of one prefix',
      `${smallest}  - { name: b, patroni: { scope: orders, namespace: service/ } }\n`,
      '4:25: clusters[1].patroni: is the same Patroni cluster as clusters[0].patroni; keep one of them; a cluster can have any number of services',
    ],
    [
      'two clusters of one name in Stolon, below prefixes that mean the same',
      `${stolon('name: orders')}  - { name: b, stolon: { name: orders, prefix: stolon//cluster/ } }\n`,
      '4:24: clusters[1].stolon: is the same Stolon cluster as clusters[0].stolon; keep one of them; a cluster can have any number of services',
    ],
    [
      'one socket twice',
      `${smallest}haproxy: [{ socket: /a }, { socket: /b, master_socket: /a }]\n`,
      '4:56: haproxy[1].master_socket: is the same socket as haproxy[0].socket; name each socket once: the stats socket and the master socket of a HAProxy are two',
    ],
    [
      'two targets of one name',
      `${smallest}haproxy: [{ socket: /a, name: x }, { socket: /b, name: x }]\n`,
      '4:56: haproxy[1].name: is the name of haproxy[0].name too; give each target a name of its own',
    ],
    [
      'a socket by TCP',
      `${smallest}haproxy: [{ socket: '127.0.0.1:9999' }]\n`,
      '4:21: haproxy[0].socket: only the path of a Unix socket can be used; name the file of the stats socket, such as /run/haproxy/admin.sock',
    ],
    [
      'a socket path too long for Linux',
      `${smallest}haproxy: [{ socket: /${'s'.repeat(107)} }]\n`,
      "4:21: haproxy[0].socket: a Unix socket's path can have 107 bytes at most; give HAProxy a stats socket with a shorter path",
    ],
    [
      'a port alone',
      `${smallest}http: { listen: 8080 }\n`,
      '4:17: http.listen: text is needed here, not a number; put the value in quotes',
    ],
    [
      'every address',
      `${smallest}http: { listen: '*:8080' }\n`,
      '4:17: http.listen: is not HOST:PORT; write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0:8080 is every IPv4 address',
    ],
    [
      'a port beyond the last',
      `${smallest}http: { listen: 'a:65536' }\n`,
      '4:17: http.listen: a port is at most 65535; write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0:8080 is every IPv4 address',
    ],
    [
      'a level that is none',
      `${smallest}log: { level: warning }\n`,
      "4:15: log.level: must be one of debug, info, warn, error; did you mean 'warn'?",
    ],
    [
      'a fraction of files',
      `${smallest}journal: { keep: 1.5 }\n`,
      '4:18: journal.keep: a whole number is needed here, not a fraction; write a number from 0 to 1000',
    ],
    [
      'too little memory',
      `${smallest}journal: { memory_entries: 1 }\n`,
      '4:28: journal.memory_entries: must lie between 100 and 1000000; choose a number in between',
    ],
    [
      'a tiny journal file',
      `${smallest}journal: { max_size: 1kB }\n`,
      '4:22: journal.max_size: must be at least 65536 bytes; a number without a unit means bytes',
    ],
  ])('%s', (_, text, ...errors) => {
    expect(errorsIn(text)).toEqual(errors);
  });

  it('is told at once, in the order of the file', () => {
    expect(
      errorsIn(`etcd: { endpoints: [a], usr: b }
clusters:
  - patroni: { scope: 1 }
    grace: 2 weeks
hapraxy: {}
log: { level: loud, level: quiet }
`).map((line) => line.split(': ')[1]),
    ).toEqual([
      'etcd.endpoints[0]',
      'etcd.usr',
      'clusters[0].patroni.scope',
      'clusters[0].grace',
      'hapraxy',
      'log.level',
      'log.level',
    ]);
  });
});

describe('secrets', () => {
  const secret = 'S3cr3tM4rk3r';
  const spellings = fc.constantFrom(
    secret,
    `'${secret}'`,
    `"${secret}`,
    `*${secret}`,
    `!${secret} x`,
    `&${secret}`,
    `[${secret}]`,
    `{ ${secret}: 1 }`,
    `x,${secret}`,
    `{ x, ${secret} }`,
    `|\n        ${secret}\n       bad`,
    `"\\q${secret}"`,
    `@${secret}`,
    `%${secret}`,
    `- ${secret}`,
    `"${secret}\\n"`,
  );
  const places = fc.constantFrom(
    (text: string) =>
      `etcd: { endpoints: ['http://a:1'], user: u, password: ${text} }\nclusters: [{ patroni: { scope: a } }]\n`,
    (text: string) => `etcd:\n  endpoints: ['http://a:1']\n  password: ${text}\nclusters:\n  - patroni: { scope: a }\n`,
    (text: string) =>
      `etcd: { endpoints: ['http://a:1'] }\nclusters:\n  - patroni: { scope: a }\n    probe:\n      password: ${text}\n`,
    (text: string) =>
      `etcd: { endpoints: ['http://a:1'] }\nclusters:\n  - patroni: { scope: a }\n    probe:\n      pasword: ${text}\n`,
    (text: string) =>
      `clusters:\n  - name: a\n    postgres:\n      hosts:\n        pg1:\n          host: db\n          password: ${text}\n`,
    (text: string) => `clusters: [{ name: a, postgres: { hosts: { pg1: { password: ${text} } } } }]\n`,
    (text: string) => `etcd: { endpoints: ['http://root:${text.replaceAll(/['"\n]/g, '')}@a:1'] }\nclusters: []\n`,
  );

  it('never come back in an error, a warning or a printed configuration', () => {
    fc.assert(
      fc.property(places, spellings, (place, spelling) => {
        const result = parse(place(spelling));
        const said = result.ok
          ? JSON.stringify([printableConfig(result.config), result.warnings])
          : JSON.stringify([result.errors, result.errors.map(formatConfigError)]);
        expect(said).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  }, 30_000);

  it('from files and the environment are hidden when printed', () => {
    const { config } = configIn(
      "etcd: { endpoints: ['https://a:1'], user: u, password_file: etcd.password }\nclusters: [{ patroni: { scope: a }, probe: { password_env: PROBE_PASSWORD } }]\n",
    );
    expect([config.etcd?.password, config.clusters[0]?.probe?.password]).toEqual([
      'from-a-file',
      'from-the-environment',
    ]);
    expect(JSON.stringify(printableConfig(config))).not.toMatch(/from-/);
  });
});
