import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigResult, formatConfigError, type PgroutedConfig, printableConfig } from './config.ts';
import { parseConfig } from './parse.ts';

const read = (text: string, env: Readonly<Record<string, string>> = {}): ConfigResult =>
  parseConfig(text, '/etc/pgroute66/config.yaml', { env, readFile: () => '' }, 'pgroute66');

function taken(text: string, env: Readonly<Record<string, string>> = {}) {
  const result = read(text, env);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result;
}

const errorsIn = (text: string): readonly string[] => {
  const result = read(text);
  return result.ok
    ? []
    : result.errors.map((error) => formatConfigError(error).replace('/etc/pgroute66/config.yaml:', ''));
};

const hostsOf = ({ clusters }: PgroutedConfig) =>
  clusters.flatMap(({ source }) => (source.kind === 'postgres' ? source.hosts : []));

/** The one host of a file with these words. */
function hostWith(words: string, env: Readonly<Record<string, string>> = {}) {
  const [host] = hostsOf(taken(`hosts:\n  pg1: { ${words} }\n`, env).config);
  if (host === undefined) throw new Error('there is no host');
  return host;
}

/** Clusters as `name: host host`. */
const clustersIn = (text: string): readonly string[] =>
  taken(text).config.clusters.map(
    ({ name, source }) =>
      `${name}: ${source.kind === 'postgres' ? source.hosts.map((host) => host.name).join(' ') : source.kind}`,
  );

describe("PgRoute66's configuration file", () => {
  it('as it is deployed', () => {
    const text = `---
hosts:
  host1:
    host: pg-1.example.com
    port: 5432
    user: postgres
    dbname: postgres
    b64password: cGFzc3dvcmQ=
    application_name: pgroute66
    pool_max_conns: 2
    pool_max_conn_idle_time: 60s
  host2: { host: pg-2.example.com, sslmode: verify-full, connect_timeout: 5 }
groups:
  cluster:
    - host1
    - host2
loglevel: develop
bind: 0.0.0.0
`;
    const defaults = { dbnameDefault: 'user', connectTimeoutMs: 2000, intervalMs: 250, burstMs: 20 };
    expect(taken(text)).toEqual({
      ok: true,
      warnings: [],
      config: {
        clusters: [
          {
            name: 'cluster',
            source: {
              kind: 'postgres',
              hosts: [
                {
                  name: 'host1',
                  address: { host: 'pg-1.example.com', port: 5432 },
                  connection: {
                    ...defaults,
                    user: 'postgres',
                    dbname: 'postgres',
                    password: 'password',
                    applicationName: 'pgroute66',
                  },
                },
                {
                  name: 'host2',
                  address: { host: 'pg-2.example.com', port: 5432 },
                  connection: { ...defaults, sslmode: 'verify-full', connectTimeoutMs: 5000 },
                },
              ],
            },
            probe: { connectTimeoutMs: 2000, intervalMs: 250, burstMs: 20 },
            grace: 'auto',
            services: [],
          },
        ],
        discovery: [],
        fleet: { enabled: false, prefix: '/pgrouted' },
        haproxy: [],
        http: {
          host: '0.0.0.0',
          port: 8080,
          maxAgeMs: 30_000,
          availability: true,
          control: { kind: 'loopback' },
        },
        groups: { clusters: false, named: [{ name: 'cluster', members: ['host1', 'host2'] }] },
        log: { level: 'info' },
        journal: { maxBytes: 16 * 1024 * 1024, keep: 5, memoryEntries: 5000 },
      },
    });
  });

  it.each<[what: string, text: string, hosts: readonly string[]]>([
    ['nothing', '', []],
    ['comments', '# nothing\n', []],
    ['hosts without hosts', 'hosts:\n', []],
    ['no hosts', 'bind: 127.0.0.1\n', []],
    ['a host without words', 'hosts: { pg1: ~ }\n', ['pg1']],
    ['hosts given twice', 'hosts: { pg1: {} }\nhosts: { pg2: {} }\n', ['pg1', 'pg2']],
    ['two documents', 'hosts: { pg1: {} }\n---\nhosts: { pg2: {\n', ['pg1']],
    ['names of every kind', "hosts: { 'pg 1': {}, p/2: {}, yes: {}, 017: {} }\n", ['pg 1', 'p/2', 'yes', '017']],
    ['JSON', '{"hosts": {"pg1": {"port": 5432}}}', ['pg1']],
    ['a directive and line ends of Windows', '%YAML 1.1\r\n---\r\nhosts:\r\n  pg1: {}\r\n', ['pg1']],
  ])('may be %s', (_, text, hosts) => {
    expect(hostsOf(taken(text).config).map(({ name }) => name)).toEqual(hosts);
  });

  it('is known by `hosts` and no `clusters`, else by its other keys', () => {
    const asOwn = (text: string) => parseConfig(text, 'x.yml', { env: {}, readFile: () => '' });
    for (const text of ['hosts: {}\n', 'hosts:\n', 'port: 8080\n', 'loglevel: debug\nverbosity: 5\n'])
      expect(asOwn(text)).toMatchObject({ ok: true, config: { groups: { clusters: false } } });
    for (const text of [
      '',
      'hosts: {}\nclusters: []\n',
      'log: {}\n',
      'port: 8080\nhttp: {}\n',
      'verbose: 5\n',
      '- hosts\n',
    ])
      expect(asOwn(text)).toMatchObject({ ok: false });
  });

  it.each<[words: string, connection: object]>([
    ['password: 0123', { password: '0123' }],
    ['password: yes', { password: 'yes' }],
    ['password: 1e3', { password: '1e3' }],
    ['password: 2001-12-14', { password: '2001-12-14' }],
    ['password: "null"', { password: 'null' }],
    ['password: ~', { password: undefined }],
    ["password: '', user: ", { password: undefined, user: undefined }],
    ['password: plain, b64password: ZW5jb2RlZA==', { password: 'encoded' }],
    ['password: plain, b64password: ""', { password: 'plain' }],
    ['b64password: "cGFzc3\\ndvcmQ="', { password: 'password' }],
    ['b64password: w7zDnyAnXA==', { password: "üß '\\" }],
    ['password: !!binary cGFzc3dvcmQ=', { password: 'password' }],
    ['port: 1, port: 2, user: a, user: b', { user: 'b' }],
    ['database: shop', { dbname: 'shop' }],
    [
      'sslmode: verify-ca, sslrootcert: a, sslcert: b, sslkey: c, sslcrl: d',
      { sslrootcert: 'a', sslcert: 'b', sslkey: 'c', sslcrl: 'd' },
    ],
    ['passfile: p, application_name: x, options: "-c a=b"', { passfile: 'p', applicationName: 'x', options: '-c a=b' }],
    ['connect_timeout: 0', { connectTimeoutMs: 2000 }],
    ['connect_timeout: -1', { connectTimeoutMs: 2000 }],
    ['connect_timeout: 1', { connectTimeoutMs: 2000 }],
    ['connect_timeout: "3"', { connectTimeoutMs: 3000 }],
    ['connect_timeout: 100000', { connectTimeoutMs: 3_600_000 }],
  ])('gives libpq its words: { %s }', (words, connection) => {
    expect(hostWith(words).connection).toMatchObject(connection);
  });

  it.each<[words: string, env: Readonly<Record<string, string>>, place: object]>([
    ['', {}, { address: { host: 'localhost', port: 5432 } }],
    ['', { PGHOST: '10.0.0.9', PGPORT: '6432' }, { address: { host: '10.0.0.9', port: 6432 } }],
    ['', { PGHOST: '', PGPORT: '' }, { address: { host: 'localhost', port: 5432 } }],
    ['host: pg1, port: "5433"', { PGHOST: 'x', PGPORT: '1' }, { address: { host: 'pg1', port: 5433 } }],
    ['host: pg1, hostaddr: 10.0.0.1', {}, { address: { host: '10.0.0.1', port: 5432 }, serverName: 'pg1' }],
    ['hostaddr: fd00::1', {}, { address: { host: 'fd00::1', port: 5432 }, serverName: undefined }],
    ['host: /var/run/postgresql', {}, { address: { host: '/var/run/postgresql', port: 5432 } }],
  ])('finds the server of { %s } with %j', (words, env, place) => {
    expect(hostWith(words, env)).toMatchObject(place);
  });

  it.each([
    ['', {}, '/var/run/postgresql'],
    ['host: ""', {}, '/var/run/postgresql'],
    ['', { PGHOST: 'pg9' }, 'pg9'],
    ['host: pg1', {}, 'pg1'],
    ['hostaddr: 10.0.0.1', {}, '10.0.0.1'],
  ])('goes to the socket of { %s } with %j where PgRoute66 would', (words, env, host) => {
    const text = `hosts:\n  pg1: { ${words} }\n`;
    const around = { env, readFile: () => '', socketFolder: '/var/run/postgresql' };
    const result = parseConfig(text, '/etc/pgroute66/config.yaml', around, 'pgroute66');
    expect(result.ok ? hostsOf(result.config).map(({ address }) => address.host) : result.errors).toEqual([host]);
  });

  it.each<[text: string, http: object]>([
    ['', { host: 'localhost', port: 8080 }],
    ['bind:\nport:\n', { host: 'localhost', port: 8080 }],
    ['port: 0\n', { port: 8080 }],
    ["port: '8888'\n", { port: 8888 }],
    ['port: 0x1F90\n', { port: 8080 }],
    ['port: 0o17620\n', { port: 8080 }],
    ['port: 017620\n', { port: 8080 }],
    ['port: 8_080\n', { port: 8080 }],
    ['port: 8080.7\n', { port: 8080 }],
    ['port: 8.08e+3\n', { port: 8080 }],
    ["bind: '[::1]'\nport: 1\n", { host: '::1', port: 1 }],
    ["bind: '::'\n", { host: '::' }],
  ])('listens where it says: %j', (text, http) => {
    expect(taken(`hosts: {}\n${text}`).config.http).toMatchObject(http);
  });

  it.each([
    ['', 'info', undefined],
    ['loglevel: debug\n', 'debug', undefined],
    ['loglevel: DEBUG\nlogfile: /var/log/x\n', 'debug', '/var/log/x'],
    ['loglevel: 5\nlogfile: ~\n', 'info', undefined],
  ])('logs as it says: %j', (text, level, file) => {
    expect(taken(`hosts: {}\n${text}`).config.log).toEqual({ level, file });
  });
});

describe("clusters of PgRoute66's hosts", () => {
  const five = 'hosts: { a: {port: 1}, b: {port: 2}, c: {port: 3}, d: {port: 4}, e: {port: 5} }\n';
  const service = (backend: string): string => `{ w: { backend: ${backend}, role: primary } }`;

  it.each<[what: string, text: string, clusters: readonly string[]]>([
    ['no groups', '', ['pgroute66: a b c d e']],
    ['groups side by side', 'groups: { x: [a, b], y: [c, d, e] }\n', ['x: a b', 'y: c d e']],
    ['groups that overlap', 'groups: { x: [a, b], y: [b, c, d] }\n', ['y: a b c d', 'pgroute66: e']],
    ['groups joined by a third', 'groups: { x: [a, b], y: [c, d], z: [b, c] }\n', ['x: a b c d', 'pgroute66: e']],
    ['the first of equals', 'groups: { x: [b], y: [b] }\n', ['x: b', 'pgroute66: a c d e']],
    [
      'a name that is taken',
      'groups: { pgroute66: [a, b], pgroute66-2: [c] }\n',
      ['pgroute66: a b', 'pgroute66-2: c', 'pgroute66-3: d e'],
    ],
    ['empty groups', 'groups: { x: , y: [nobody] }\n', ['pgroute66: a b c d e']],
    ['all, which is no group', 'groups: { all: [a], x: [b] }\n', ['x: b', 'pgroute66: a c d e']],
    ['host_groups where there is nothing else', 'host_groups: { x: [a, b] }\n', ['x: a b', 'pgroute66: c d e']],
    ['host_groups beside groups', 'host_groups: { x: [a, b] }\ngroups: { y: [c] }\n', ['y: c', 'pgroute66: a b d e']],
    [
      'services for one group',
      `groups: { x: [a, b, c], y: [a, b], z: [d, e] }\nservices: { y: ${service('s')} }\n`,
      ['y: a b', 'x: c', 'z: d e'],
    ],
    ['services without groups', `services: { shop: ${service('s')} }\n`, ['shop: a b c d e']],
  ])('%s', (_, text, clusters) => {
    expect(clustersIn(five + text)).toEqual(clusters);
  });

  it('drive HAProxy as their services say', () => {
    const { config, warnings } = taken(
      `${five}groups: { x: [a, b] }
haproxy: [{ socket: /run/haproxy/admin.sock, name: edge }]
services:
  x:
    primary: { backend: x-primary, role: primary }
    replica: { backend: x-standby, role: replica, max_lag: 16MB, fallback: primary }
`,
    );
    expect(warnings).toEqual([]);
    expect(config.haproxy).toEqual([{ name: 'edge', socket: '/run/haproxy/admin.sock' }]);
    expect(config.clusters.map(({ services }) => services)).toMatchObject([
      [
        { name: 'primary', backends: ['x-primary'], role: 'primary', fallback: 'none' },
        {
          name: 'replica',
          backends: ['x-standby'],
          role: 'replica',
          maxLag: { bytes: { leave: 16 * 1024 ** 2, enter: 8 * 1024 ** 2 } },
          fallback: 'primary',
        },
      ],
      [],
    ]);
  });
});

describe("the services of PgRoute66's file", () => {
  const hosts = 'hosts: { a: {}, b: {} }\nhaproxy: [{ socket: /s }]\n';

  it('have every key of ours, though every value there is text', () => {
    const { config } = taken(`${hosts}services:
  shop:
    rw: { preset: primary, hold: { wait: 2s, connections: 50 } }
    ro:
      backends: ['{cluster}-ro', more]
      role: replica
      max_lag: { bytes: 1000, time: 10 }
      keep_at_least: 1
      port: 6432
      fallback: primary
      servers: { backup: '{member}-fb', add: { parameters: [rise, 1] } }
      drain_timeout: 5
`);
    expect(config.clusters[0]?.services).toMatchObject([
      { backends: ['shop-rw'], port: 6432, listenPort: 5433, hold: { waitMs: 2000, most: 50 } },
      {
        backends: ['shop-ro', 'more'],
        maxLag: { bytes: { leave: 1000 }, time: { leave: 10_000 } },
        keepAtLeast: 1,
        port: 6432,
        servers: { backupName: '{member}-fb', add: { parameters: ['rise', '1'] } },
        drainTimeoutMs: 5000,
      },
    ]);
  });

  it("may be Pigsty's, as far as hosts that nobody manages go", () => {
    expect(taken(`${hosts}services: { shop: pigsty }\n`).config.clusters[0]?.services.map(({ name }) => name)).toEqual([
      'primary',
      'replica',
      'default',
      'offline',
    ]);
    expect(errorsIn(`${hosts}services: { shop: [standby] }\n`)).toEqual([
      "3:19: services.shop.standby.preset: nobody tells who is 'sync' where no cluster manager is asked; use 'replica' and a selector",
    ]);
  });
});

describe("what is told of PgRoute66's file", () => {
  it.each<[text: string, ...warnings: string[]]>([
    ['hosts: {}\n', 'hosts: there are none, so every list is empty, as with PgRoute66'],
    ['hosts: { a: {} }\nverbosity: 5\n', 'verbosity: is not used'],
    ['hosts: { a: {} }\nhttp: { listen: x }\n', 'http: is not used'],
    ['hosts: { a: {} }\nlogLevl: debug\n', "logLevl: is not used; did you mean 'loglevel'?"],
    [
      'hosts: { a: { pasword: x } }\n',
      "hosts.a.pasword: is no connection keyword and not used; did you mean 'password'?",
    ],
    ['hosts: { a: { search_path: x } }\n', 'hosts.a.search_path: is no connection keyword and not used'],
    ['hosts: { a: { keepalives: 1, pool_max_conns: 2 } }\n', 'hosts.a.keepalives: is not used'],
    [
      'hosts: { a: { password: x,y } }\n',
      'hosts.a: a word without a value is not used; put a text that holds a comma in quotes',
    ],
    [
      'hosts: { a: { b64password: cGFzc3dvcmQK } }\n',
      'hosts.a.b64password: the password ends with a line end; was it encoded with `echo -n`?',
    ],
    [
      'hosts: { pg1: {} }\ngroups: { x: [pg1, pg9] }\n',
      'groups.x: there is no host "pg9", so it is left out; did you mean "pg1"?',
    ],
    ['hosts: { a: {} }\ngroups: { all: [a] }\n', 'groups.all: is not used: `all` always means every host'],
    [
      'hosts: { a: {} }\nhost_groups: { x: [a] }\n',
      "host_groups: PgRoute66 does not know this key; here it is taken for 'groups'",
    ],
    ['hosts: { a: {} }\nhost_groups: 7\n', "host_groups: is not used; the key that counts is 'groups'"],
    [
      'hosts: { a: { host: X }, b: { host: x } }\n',
      'hosts.b: is the same server as "a": where it takes writes, two of them do',
    ],
    [
      'hosts: { a: {} }\nssl: { b64cert: Zm9v }\n',
      "ssl: PLAIN HTTP: there is 'b64cert' and no 'b64key', and then PgRoute66 does without HTTPS; give both",
    ],
    [
      'hosts: { a: {} }\nssl: { cert: Zm9v, key: Zm9v }\n',
      "ssl.cert: is not used, as with PgRoute66; the key is 'b64cert'",
      "ssl.key: is not used, as with PgRoute66; the key is 'b64key'",
    ],
    ['hosts: { a: {} }\nhaproxy: []\n', "haproxy: there is nothing to drive; name the backends with 'services'"],
    [
      'hosts: { a: {} }\nservices: { x: { w: { backend: b, role: primary } } }\n',
      "services: no HAProxy is told of them; name its socket with 'haproxy'",
    ],
    ['hosts: { a: {} }\n---\nb: c\n', 'what follows the first YAML document is not used'],
    ['hosts: { a: { user: !x y } }\n', 'the type (!...) of a value in line 1 is not used'],
  ])('%j', (text, ...warnings) => {
    expect(taken(text).warnings).toEqual(warnings);
  });

  it.each<[text: string, ...errors: string[]]>([
    ['hosts: []\n', "1:8: hosts: a map is needed here, not a list; write its keys below it, indented, as 'key: value'"],
    [
      'hosts: { a: host=b }\n',
      "1:13: hosts.a: a map is needed here, not text; write its keys below it, indented, as 'key: value'",
    ],
    [
      'hosts: { a: { host: [b] } }\n',
      '1:21: hosts.a.host: one text is needed here, not a list; write it after the colon',
    ],
    [
      'hosts: { a: *b }\n',
      "1:13: hosts.a: a value that starts with * stands for another one (an alias), and there is none of that name; put the value in quotes if the * belongs to it: '*...'",
    ],
    [
      "hosts: { a: { b64password: '%%%' } }\n",
      '1:28: hosts.a.b64password: is not base64; encode it with `base64 -w0`; its length is a multiple of 4, filled up with =',
    ],
    [
      'hosts: { a: { b64password: cGFzc3dvcmQ } }\n',
      '1:28: hosts.a.b64password: is not base64; encode it with `base64 -w0`; its length is a multiple of 4, filled up with =',
    ],
    [
      "hosts: { a: { b64password: '/+8=' } }\n",
      "1:28: hosts.a.b64password: is base64 of something that is no UTF-8 text; encode the password with `printf %s '...' | base64`",
    ],
    [
      'hosts: { a: { sslmode: verifyfull } }\n',
      "1:24: hosts.a.sslmode: must be one of disable, allow, prefer, require, verify-ca, verify-full; did you mean 'verify-full'?",
    ],
    [
      "hosts: { a: { host: 'b,c' } }\n",
      '1:21: hosts.a.host: names several servers; name each server as a host of its own',
    ],
    ['hosts: { a: { host: b:5432 } }\n', "1:21: hosts.a.host: holds a port; write it as 'port'"],
    ['hosts: { a: { port: 0 } }\n', '1:21: hosts.a.port: must lie between 1 and 65535; choose a number in between'],
    [
      'hosts: { a: { connect_timeout: 2s } }\n',
      '1:32: hosts.a.connect_timeout: is no whole number of seconds; write seconds as a number, such as 2',
    ],
    [
      'hosts: { a: { service: s } }\n',
      '1:24: hosts.a.service: connection service files are not read; write the words that the service stands for in its place',
    ],
    [
      'hosts: { a: {} }\ngroups: { x: a }\n',
      "2:14: groups.x: a list is needed here, not text; start each entry with '- '",
    ],
    ['hosts: { a: {} }\nport: -1\n', '2:7: port: is no port; write a number from 1 to 65535'],
    ['hosts: { a: {} }\nport: abc\n', '2:7: port: is no port; write a number from 1 to 65535'],
    [
      "hosts: { a: {} }\nssl: { b64cert: '%', b64key: Zm9v }\n",
      '2:17: ssl.b64cert: is not base64; encode it with `base64 -w0`; its length is a multiple of 4, filled up with =',
      '2:30: ssl.b64key: does not hold a private key without a passphrase in PEM form; encode the PEM file with `base64 -w0 FILE`',
    ],
    [
      'hosts: { a: {} }\nhaproxy: [{ sockt: /x }]\n',
      '2:11: haproxy[0].socket: is missing; add it',
      "2:13: haproxy[0].sockt: there is no such key; did you mean 'socket'?",
    ],
    ['hosts: { a: {} }\nservices: { x: {} }\n', '2:16: services.x: the map is empty; add a service, or remove the key'],
    [
      'hosts: { pg1: {} }\ngroups: { shop: [pg1] }\nservices: { shp: { w: { backend: b, role: primary } } }\n',
      "3:18: services.shp: there is no such group; did you mean 'shop'?",
    ],
    [
      'hosts: { a: {} }\ngroups: { x: [a], y: [a] }\nservices: { x: { w: { backend: b, role: primary } }, y: { w: { backend: b, role: primary } } }\n',
      '3:57: services.y: its host "a" is in "x" as well, which has services, too; give services to one of the two groups',
      '3:73: services.y.w.backend: is already used by services.x.w.backend; give each service a backend of its own',
    ],
    [
      'hosts: { a: {} }\ngroups: { x: [] }\nservices: { x: { w: { backend: b, role: primary } } }\n',
      "3:16: services.x: no host is in this group; add one to it in 'groups'",
    ],
    [
      'hosts: { a: {} }\nservices: { x: { w: { backend: b, role: primary } }, y: { w: { backend: c, role: primary } } }\n',
      "2:57: services.y: without groups all hosts are one cluster; keep one name, or add 'groups'",
    ],
    [
      'hosts: { a: {} }\nservices: { all: { w: { backend: b, role: primary } } }\n',
      "2:18: services.all: 'all' stands for every host in the REST lists; choose another name",
    ],
    [
      'services: { x: { w: { backend: b, role: primary } } }\nport: 1\n',
      "1:16: services.x: there are no hosts; add them in 'hosts'",
    ],
  ])('is refused: %j', (text, ...errors) => {
    expect(errorsIn(text)).toEqual(errors);
  });

  it('names the variable that stands in for a port and is none', () => {
    const result = read('hosts: { a: {} }\n', { PGPORT: 'x' });
    expect(result.ok ? [] : result.errors.map(formatConfigError)).toEqual([
      '/etc/pgroute66/config.yaml:1:13: hosts.a.port: is missing, and the variable PGPORT that stands in for it: a whole number is needed here, not text; add it',
    ]);
  });
});

describe("secrets in PgRoute66's file", () => {
  const secret = 'S3cr3tM4rk3r';
  const encoded = Buffer.from(secret).toString('base64');
  const marks = [secret, encoded, encoded.slice(0, 12)];
  const spellings = [
    ...[secret, encoded, `${encoded}=`].flatMap((text) => [
      text,
      `'${text}'`,
      `"${text}`,
      `*${text}`,
      `!${text} x`,
      `&${text}`,
      `[${text}]`,
      `{ ${text}: 1 }`,
      `x,${text}`,
      `|\n        ${text}\n       bad`,
      `"\\q${text}"`,
      `- ${text}`,
      `"${text}\\n"`,
      `"${text}\\0"`,
    ]),
  ];
  const places = [
    ...['password', 'b64password', 'pasword', 'sslpassword', 'connect_timeout', 'port', 'sslmode'].flatMap((key) => [
      (text: string) => `hosts:\n  pg1:\n      ${key}: ${text}\n`,
      (text: string) => `hosts: { pg1: { ${key}: ${text} } }\n`,
    ]),
    (text: string) => `hosts: { pg1: {} }\nssl: { b64cert: Zm9v, b64key: ${text} }\n`,
    (text: string) => `hosts: { pg1: {} }\nssl: { b64key: ${text} }\n`,
  ];

  it('are hidden when printed, the key of HTTPS too', () => {
    const { config } = taken(`hosts: { pg1: { password: ${secret} }, pg2: { b64password: ${encoded} } }\n`);
    expect(hostsOf(config).map(({ connection }) => connection.password)).toEqual([secret, secret]);
    const tls = { kind: 'inline', certPem: 'certificate', keyPem: secret } as const;
    const printed = JSON.stringify(printableConfig({ ...config, http: { ...config.http, tls } }));
    expect(printed).toContain('certificate');
    expect(printed).not.toContain(secret);
  });

  it('never come back in an error, a warning or a printed configuration', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom(...spellings), (place, spelling) => {
        const result = read(place(spelling));
        const said = result.ok
          ? JSON.stringify([printableConfig(result.config), result.warnings])
          : JSON.stringify([result.errors, result.errors.map(formatConfigError)]);
        for (const mark of marks) expect(said).not.toContain(mark);
      }),
      { numRuns: 1000 },
    );
  }, 30_000);
});
