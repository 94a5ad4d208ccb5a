import { describe, expect, it } from 'vitest';
import { serviceDefaults } from '../model/service.ts';
import { type ConfigResult, formatConfigError } from './config.ts';
import { patroniConfig } from './patroni-config.ts';

const read = (text: string, env: Readonly<Record<string, string>> = {}): ConfigResult =>
  patroniConfig(text, '/etc/patroni/config.yml', { env });

const taken = (text: string, env: Readonly<Record<string, string>> = {}) => {
  const result = read(text, env);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result;
};

const errorsIn = (text: string, env: Readonly<Record<string, string>> = {}): readonly string[] => {
  const result = read(text, env);
  return result.ok
    ? []
    : result.errors.map((error) => formatConfigError(error).replace('/etc/patroni/config.yml:', ''));
};

// As a Debian machine has it, with what pgrouted has no business with.
const patroni = `
scope: "15-main"
namespace: "/postgresql-common/"
name: pg1
etcd3:
  hosts: 10.0.0.1:2379,10.0.0.2, "[fd00::3]:2399"
  protocol: https
  cacert: /etc/etcd/ca.crt
  cert: /etc/etcd/client.crt
  key: /etc/etcd/client.key
  username: patroni
  password: etcd-secret
restapi: { listen: 10.0.0.1:8008, authentication: { username: a, password: rest-secret } }
bootstrap: { dcs: { ttl: 30, loop_wait: 10 } }
postgresql:
  authentication:
    superuser: { username: postgres, password: super-secret }
`;

describe("Patroni's configuration file", () => {
  it('tells scope, namespace and how to reach etcd; the rest is the default', () => {
    expect(taken(patroni.replace('"[fd00::3]:2399"', '[fd00::3]:2399'))).toEqual({
      ok: true,
      warnings: [],
      config: {
        etcd: {
          endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379', 'https://[fd00::3]:2399'],
          ca: '/etc/etcd/ca.crt',
          cert: '/etc/etcd/client.crt',
          key: '/etc/etcd/client.key',
          user: 'patroni',
          password: 'etcd-secret',
        },
        clusters: [
          {
            name: '15-main',
            source: { kind: 'patroni', scope: '15-main', namespace: '/postgresql-common' },
            grace: 'auto',
            services: [
              {
                ...serviceDefaults,
                name: 'primary',
                backends: ['15-main_primary'],
                role: 'primary',
                outage: { kind: 'auto' },
              },
              {
                ...serviceDefaults,
                name: 'replica',
                backends: ['15-main_replica'],
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

  it("takes none of PostgreSQL's passwords", () => {
    const text = JSON.stringify(read(patroni.replace(', "[fd00::3]:2399"', '')));
    expect(text).toContain('etcd-secret');
    expect(text).not.toMatch(/super-secret|rest-secret/);
  });

  it.each<[what: string, etcd3: string, endpoints: readonly string[]]>([
    ['host with a port', 'host: 10.0.0.1:2380', ['http://10.0.0.1:2380']],
    ['host without one', 'host: etcd1', ['http://etcd1:2379']],
    ['host and port', '{ host: etcd1, port: 2399 }', ['http://etcd1:2399']],
    ['an IPv6 host', "host: '::1'", ['http://[::1]:2379']],
    ['a list of hosts', 'hosts: [a:1, b]', ['http://a:1', 'http://b:2379']],
    ['hosts with spaces', "hosts: 'a:1 , b:2,'", ['http://a:1', 'http://b:2']],
    ['hosts win over host', '{ host: x, hosts: [a] }', ['http://a:2379']],
    ['a URL wins over both', '{ host: x, hosts: [a], url: "https://etcd:2399" }', ['https://etcd:2399']],
    ['a URL without a port', 'url: http://etcd', ['http://etcd:2379']],
  ])('names etcd members as Patroni reads them: %s', (_, etcd3, endpoints) => {
    expect(taken(`scope: a\netcd3:\n  ${etcd3}\n`).config.etcd?.endpoints).toEqual(endpoints);
  });

  it('with a URL takes user and password from it, decoded', () => {
    const { etcd } = taken(
      'scope: a\netcd3: { url: "https://me:p%40ss@etcd:2379", username: x, password: y }\n',
    ).config;
    expect(etcd).toMatchObject({ endpoints: ['https://etcd:2379'], user: 'me', password: 'p@ss' });
  });

  it('takes a certificate without a key for a file that holds both, and its folder as the start of relative paths', () => {
    const { etcd } = taken('scope: a\netcd3: { host: a, protocol: https, cert: both.pem }\n').config;
    expect(etcd).toMatchObject({ cert: '/etc/patroni/both.pem', key: '/etc/patroni/both.pem' });
  });

  it('has the namespace service unless it names one, and numbers as scope', () => {
    expect(taken('scope: 15\netcd3: { host: a }\n').config.clusters[0]?.source).toEqual({
      kind: 'patroni',
      scope: '15',
      namespace: '/service',
    });
  });

  it('gives way to PATRONI_ variables', () => {
    const { config } = taken('scope: a\nnamespace: b\netcd3: { host: c }\n', {
      PATRONI_SCOPE: 'orders',
      PATRONI_NAMESPACE: '/db/',
      PATRONI_ETCD3_HOSTS: 'x:1,y:2',
      PATRONI_ETCD3_PROTOCOL: 'https',
      PATRONI_ETCD3_CACERT: '/ca.crt',
      PATRONI_ETCD3_USERNAME: 'u',
      PATRONI_ETCD3_PASSWORD: 'p',
    });
    expect(config.etcd).toMatchObject({
      endpoints: ['https://x:1', 'https://y:2'],
      ca: '/ca.crt',
      user: 'u',
      password: 'p',
    });
    expect(config.clusters[0]?.source).toMatchObject({ scope: 'orders', namespace: '/db' });
  });

  it('may come from PATRONI_ variables alone', () => {
    expect(taken('', { PATRONI_SCOPE: 'orders', PATRONI_ETCD3_HOST: 'etcd' }).config.etcd?.endpoints).toEqual([
      'http://etcd:2379',
    ]);
  });

  it('is read as PyYAML reads it: the last of two equal keys wins, and << merges', () => {
    const text = 'x: &e { host: a }\nscope: a\nscope: b\netcd3: { <<: *e, protocol: https }\n';
    const { config } = taken(text);
    expect(config.clusters[0]?.name).toBe('b');
    expect(config.etcd?.endpoints).toEqual(['https://a:2379']);
  });

  it('warns of what it does not do as Patroni does', () => {
    expect(taken('scope: a\netcd3: { host: a, proxy: "http://p:1" }\netcd: { host: a }\n').warnings).toEqual([
      'etcd3.proxy is not used: the members are asked directly',
      "the file has a section 'etcd' too, which Patroni prefers to etcd3; pgrouted reads etcd3",
    ]);
  });

  it.each<[what: string, text: string, ...errors: string[]]>([
    [
      'no YAML',
      'scope: "a\n',
      '2:1: something is missing here: a colon after a key, or a closing quote or bracket; complete it',
    ],
    [
      'another kind of file',
      '- a\n',
      '1:1: is not what Patroni can read here; compare it with the documentation of Patroni',
    ],
    [
      'nothing',
      '',
      '1:1: scope: is missing; name the Patroni cluster',
      "1:1: there is no section 'etcd3'; is this the configuration file of Patroni?",
    ],
    [
      'etcd by the v2 API',
      'scope: a\netcd: { host: x }\n',
      "2:7: etcd: Patroni keeps its state in etcd by the v2 API here, and the v3 API, which pgrouted reads, doesn't see those keys; let Patroni use the section 'etcd3' instead (its documentation tells how to migrate)",
    ],
    [
      'another store',
      'scope: a\nconsul: { host: x }\n',
      '2:9: consul: Patroni keeps its state in consul here; pgrouted reads it from etcd (section etcd3) only',
    ],
    [
      'no etcd member',
      'scope: a\netcd3: {}\n',
      "2:8: etcd3: names no etcd member; Patroni needs 'hosts', 'host' or 'url' here as well",
    ],
    [
      'DNS SRV records',
      'scope: a\netcd3: { srv: example.com }\n',
      '2:8: etcd3: etcd members are found by DNS SRV records here; pgrouted does not look those up: use --config with the endpoints',
    ],
    [
      'a host that is none',
      'scope: a\netcd3: { hosts: [a b] }\n',
      '2:17: etcd3.hosts: an etcd member here is not an http or https URL; write HOST:PORT, and http or https as protocol',
    ],
    [
      'hosts of a wrong type',
      'scope: a\netcd3: { hosts: { a: 1 } }\n',
      '2:17: etcd3.hosts: is not what Patroni can read here; compare it with the documentation of Patroni',
    ],
    [
      'a scope that can not be a name',
      'scope: my db\netcd3: { host: a }\n',
      "1:8: scope: the scope can not serve as a name for HAProxy and the REST lists; use --config, and give the cluster a 'name' there",
    ],
    [
      'Citus',
      'scope: a\netcd3: { host: a }\ncitus: { group: 0 }\n',
      '3:8: citus: the groups of a Citus cluster can not be told apart by this file; use --config, with one cluster for each group',
    ],
  ])('is refused with its reason: %s', (_, text, ...errors) => {
    expect(errorsIn(text)).toEqual(errors);
  });
});
