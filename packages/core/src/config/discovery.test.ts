import { describe, expect, it } from 'vitest';
import { formatConfigError, type PgroutedConfig, printableConfig } from './config.ts';
import { parseConfig } from './parse.ts';

const files = new Map([
  ['/etc/token', 'an-unguessable-token\n'],
  ['/etc/short', 'short\n'],
  ['/etc/spaced', 'a token with many spaces\n'],
]);
const surroundings = {
  env: { SECRET: 'probe-secret' },
  readFile: (path: string): string => {
    const text = files.get(path);
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  },
};
const etcd = "etcd: { endpoints: ['http://10.0.0.1:2379'] }\n";
const parse = (text: string) => parseConfig(etcd + text, '/etc/c.yml', surroundings);

function taken(text: string): { readonly config: PgroutedConfig; readonly warnings: readonly string[] } {
  const result = parse(text);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result;
}

const errorsIn = (text: string): readonly string[] => {
  const result = parse(text);
  return result.ok
    ? []
    : result.errors.map((error) => formatConfigError(error).replace(/^\/etc\/c\.yml:\d+:\d+: /, ''));
};

describe('a namespace whose scopes are clusters', () => {
  it('has services named after each cluster', () => {
    expect(taken('clusters: [{ discover: true }]\n').config).toMatchObject({
      clusters: [],
      discovery: [
        {
          namespace: '/service',
          include: ['*'],
          exclude: [],
          probe: undefined,
          grace: 'auto',
          services: [{ backends: ['{cluster}_primary'] }, { backends: ['{cluster}_replica'] }],
        },
      ],
    });
  });

  it('may have any of the keys of a cluster, beside clusters that are listed', () => {
    const { config } = taken(`clusters:
  - patroni: { scope: orders }
  - discover: true
    patroni: { namespace: pg }
    include: ['shop-*', stock]
    exclude: ['*-test']
    probe: { user: p, password_env: SECRET }
    grace: 5s
    pooler_port: 6543
    services: { rw: { preset: primary }, ro: { backends: ['{cluster}-ro', 'ro-{cluster}'], role: replica } }
`);
    expect(config.clusters.map(({ name }) => name)).toEqual(['orders']);
    expect(config.discovery).toMatchObject([
      {
        namespace: '/pg',
        include: ['shop-*', 'stock'],
        exclude: ['*-test'],
        probe: { user: 'p', password: 'probe-secret', intervalMs: 1000 },
        grace: 5000,
        services: [
          { name: 'rw', backends: ['{cluster}-rw'], port: 6543, outage: { kind: 'hold', forMs: 5000 } },
          { name: 'ro', backends: ['{cluster}-ro', 'ro-{cluster}'] },
        ],
      },
    ]);
    expect(JSON.stringify(printableConfig(config))).not.toContain('probe-secret');
  });

  const at = 'clusters[0]';
  it.each<[what: string, text: string, ...errors: string[]]>([
    [
      'what belongs to one cluster',
      'clusters: [{ discover: true, name: a, patroni: { scope: b }, stolon: { name: c } }]\n',
      `${at}.name: has no meaning with 'discover': a cluster is called as its scope; remove it`,
      `${at}.patroni.scope: has no meaning with 'discover: true'; remove it; 'include' takes some scopes only`,
      `${at}.stolon: can't be discovered: only Patroni's clusters are; make it an entry of its own, without discover`,
    ],
    [
      'one backend for all',
      'clusters: [{ discover: true, services: { a: { backends: ["x-{cluster}", y], role: primary } } }]\n',
      `${at}.services.a.backends[1]: would be the backend of every cluster that is found; write {cluster} where the name of the cluster belongs`,
    ],
    [
      'a backend of two services',
      'clusters: [{ discover: true, services: { a: { backend: "{cluster}", role: primary }, b: { backend: "{cluster}", role: replica } } }]\n',
      `${at}.services.b.backend: is already used by ${at}.services.a.backend; give each service a backend of its own`,
    ],
    [
      'one namespace twice',
      'clusters: [{ discover: true }, { discover: true, patroni: { namespace: service/ }, services: { a: { backend: "{cluster}", role: primary } } }]\n',
      `clusters[1].discover: looks into the same namespace as ${at}.discover; keep one of the two`,
    ],
    [
      'two namespaces with the same names of backends',
      'clusters: [{ discover: true }, { discover: true, patroni: { namespace: test } }]\n',
    ],
    [
      'choice where there is none',
      'clusters: [{ patroni: { scope: a }, include: ["*"], discover: false }]\n',
      `${at}.include: has no meaning without 'discover: true'; remove it`,
    ],
    ['a scope that is missing', 'clusters: [{ patroni: {} }]\n', `${at}.patroni.scope: is missing; add it`],
  ])('%s', (_, text, ...errors) => {
    expect(errorsIn(text)).toEqual(errors);
  });
});

const one = 'clusters: [{ patroni: { scope: orders } }]\n';

describe('the fleet', () => {
  it('is one of routers that share a prefix, unless it is told otherwise', () => {
    expect(taken(one).config.fleet).toEqual({ enabled: true, prefix: '/pgrouted', name: undefined });
    expect(taken(`${one}fleet: { prefix: routers/north/, name: edge-1 }\n`).config.fleet).toEqual({
      enabled: true,
      prefix: '/routers/north',
      name: 'edge-1',
    });
    expect(taken(`${one}fleet: { enabled: false }\n`).config.fleet).toMatchObject({ enabled: false });
  });

  it.each<[keys: string, ...errors: string[]]>([
    ['prefix: /', 'fleet.prefix: would be every key of etcd; name a prefix that nothing else uses, such as /pgrouted'],
    ...['/service', 'service/orders', '/service/orders/x'].map((prefix): [string, string] => [
      `prefix: ${prefix}`,
      'fleet.prefix: meets /service/orders, where a cluster manager keeps its state; choose a prefix that nothing else uses, such as /pgrouted',
    ]),
    ['enabled: false, name: a', "fleet.name: has no meaning with 'enabled: false'; remove it"],
    [
      'name: a b',
      'fleet.name: HAProxy can hold no such name; use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -',
    ],
  ])('%s', (keys, ...errors) => {
    expect(errorsIn(`${one}fleet: { ${keys} }\n`)).toEqual(errors);
  });
});

describe('who may control a router over HTTP', () => {
  it('is whoever is on its machine, nobody, or whoever has the token, which is never shown', () => {
    expect(taken(one).config.http.control).toEqual({ kind: 'loopback' });
    expect(taken(`${one}http: { control: off }\n`).config.http.control).toEqual({ kind: 'off' });
    const { config, warnings } = taken(`${one}http: { control: { token_file: token } }\n`);
    expect(config.http.control).toEqual({ kind: 'token', token: 'an-unguessable-token' });
    expect(warnings).toEqual([]);
    expect(JSON.stringify(printableConfig(config))).not.toContain('unguessable');
  });

  it('is told of a token that others can read on the way', () => {
    expect(taken(`${one}http: { listen: '0.0.0.0:80', control: { token_file: token } }\n`).warnings).toEqual([
      "http.control: the token goes over http, readable on the way; add 'tls'",
    ]);
  });

  const remedy = "write one line of random letters into it, as 'openssl rand -hex 32' gives it";
  it.each<[control: string, error: string]>([
    ['on', ': must be one of loopback, off; choose one of them'],
    ['{ token: x }', '.token: there is no such key; the keys here are token_file'],
    [
      '{ token_file: nowhere }',
      '.token_file: /etc/nowhere: ENOENT; make the file readable for the user that pgrouted runs as',
    ],
    ['{ token_file: short }', `.token_file: the token has less than 16 characters; ${remedy}`],
    [
      '{ token_file: spaced }',
      `.token_file: the token holds a space or a character that no header can carry; ${remedy}`,
    ],
  ])('%s', (control, error) => {
    expect(errorsIn(`${one}http: { control: ${control} }\n`)).toContain(`http.control${error}`);
  });
});
