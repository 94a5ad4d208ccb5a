import { describe, expect, it } from 'vitest';
import { leavingDefaults, type ServiceSpec, serviceDefaults } from '../model/service.ts';
import { formatConfigError } from './config.ts';
import { parseConfig } from './parse.ts';
import { pigstyServices, presets } from './presets.ts';

const surroundings = { env: {}, readFile: () => '' };
const etcd = "etcd: { endpoints: ['http://10.0.0.1:2379'] }\n";

const fileWith = (services: string, more = ''): string =>
  `${etcd}clusters:\n  - patroni: { scope: orders }\n${more}    services: ${services}\n`;

const parse = (text: string) => parseConfig(text, 'c.yml', surroundings);

function servicesIn(text: string): readonly ServiceSpec[] {
  const result = parse(text);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.config.clusters[0]?.services ?? [];
}

/** The one service with these keys, in a cluster with a probe. */
function serviceWith(keys: string): ServiceSpec {
  const [service] = servicesIn(fileWith(`{ s: { ${keys} } }`, '    probe: {}\n'));
  if (service === undefined) throw new Error('there is no service');
  return service;
}

/** `PATH: MESSAGE; REMEDY` of each error. */
const errorsIn = (text: string): readonly string[] => {
  const result = parse(text);
  return result.ok ? [] : result.errors.map((error) => formatConfigError(error).replace(/^c\.yml:\d+:\d+: /, ''));
};

const writes = 'backend: b, role: primary';
const reads = 'backend: b, role: replica';

describe('the keys of a service', () => {
  it('are all optional but backend and role', () => {
    expect(serviceWith(writes)).toEqual({
      ...serviceDefaults,
      name: 's',
      backends: ['b'],
      role: 'primary',
      outage: { kind: 'auto' },
    });
    expect(serviceWith(reads)).toEqual({
      ...serviceDefaults,
      name: 's',
      backends: ['b'],
      role: 'replica',
      outage: { kind: 'hold' },
    });
  });

  it.each<[keys: string, spec: Partial<ServiceSpec>]>([
    [`backends: [b, '{cluster}-b'], role: any`, { backends: ['b', 'orders-b'], role: 'any' }],
    [`${reads}, selector: "[? tags.zone == 'a' ]"`, { selector: "[? tags.zone == 'a' ]" }],
    [`${reads}, backup: '[? pg_role == \`offline\` ]'`, { backup: ['[? pg_role == `offline` ]'] }],
    [
      `${reads}, backup: ["[? sync == 'sync' ]", '[]'], fallback: primary`,
      { backup: ["[? sync == 'sync' ]", '[]'], fallback: 'primary' },
    ],
    [
      `${reads}, max_lag: 16MB`,
      { maxLag: { bytes: { leave: 16_777_216, enter: 8_388_608 }, time: undefined, dwellMs: 5000 } },
    ],
    [`${reads}, max_lag: 1000`, { maxLag: { bytes: { leave: 1000, enter: 500 }, time: undefined, dwellMs: 5000 } }],
    [`${reads}, max_lag: 0`, { maxLag: { bytes: { leave: 0, enter: 0 }, time: undefined, dwellMs: 5000 } }],
    [`${reads}, max_lag: 10s`, { maxLag: { bytes: undefined, time: { leave: 10_000, enter: 5000 }, dwellMs: 5000 } }],
    [
      `${reads}, max_lag: { bytes: 4kB, bytes_back: 4kB, time: 1min, time_back: 0, dwell: 0 }, keep_at_least: 2`,
      {
        maxLag: { bytes: { leave: 4096, enter: 4096 }, time: { leave: 60_000, enter: 0 }, dwellMs: 0 },
        keepAtLeast: 2,
      },
    ],
    [`${reads}, dest: pooler`, { port: 6432 }],
    [`${reads}, dest: postgres`, { port: undefined }],
    [`${reads}, port: 1433, listen: 5434`, { port: 1433, listenPort: 5434 }],
    [`${reads}, weight_tag: capacity`, { weightTag: 'capacity' }],
    [`${reads}, weight_tag: none`, { weightTag: undefined }],
    [
      `${reads}, leave: { lag: kill, removed: drain }, drain_timeout: 5min`,
      { leaving: { ...leavingDefaults, lag: 'kill', removed: 'drain' }, drainTimeoutMs: 300_000 },
    ],
    [`${writes}, outage: auto`, { outage: { kind: 'auto' } }],
    [`${writes}, outage: close`, { outage: { kind: 'close' } }],
    [`${writes}, outage: 0s`, { outage: { kind: 'close' } }],
    [`${writes}, outage: hold`, { outage: { kind: 'hold', forMs: undefined } }],
    [`${writes}, outage: 20`, { outage: { kind: 'hold', forMs: 20_000 } }],
    [`${writes}, outage: { hold: 20s }`, { outage: { kind: 'hold', forMs: 20_000 } }],
    [`${writes}, hold: 15s`, { hold: { waitMs: 15_000, most: 1000 } }],
    [`${writes}, hold: { wait: 2s, connections: 50 }`, { hold: { waitMs: 2000, most: 50 } }],
    [
      `${reads}, fallback: primary, servers: { match: name, name: 'pg-{member}', backup: '{member}-fb' }`,
      { servers: { match: 'name', name: 'pg-{member}', backupName: '{member}-fb', spares: undefined, add: undefined } },
    ],
    [
      `${reads}, servers: { match: address, spares: spare, add: { parameters: check inter 1s } }`,
      {
        servers: {
          match: 'address',
          name: '{member}',
          backupName: undefined,
          spares: 'spare',
          add: { prefix: 'pgrouted-', parameters: ['check', 'inter', '1s'] },
        },
      },
    ],
    [
      `${reads}, servers: { add: { prefix: dyn-, parameters: [maxconn, 100] } }`,
      {
        servers: {
          match: 'auto',
          name: '{member}',
          backupName: undefined,
          spares: undefined,
          add: { prefix: 'dyn-', parameters: ['maxconn', '100'] },
        },
      },
    ],
    [
      `${reads}, servers: { add: {} }`,
      { servers: expect.objectContaining({ add: { prefix: 'pgrouted-', parameters: [] } }) },
    ],
  ])('%s', (keys, spec) => {
    expect(serviceWith(keys)).toMatchObject(spec);
  });

  it('take a selector over several lines', () => {
    const [service] = servicesIn(
      `${etcd}clusters:\n  - patroni: { scope: a }\n    services:\n      s:\n        backend: b\n        role: replica\n        selector: |\n          [?\n            running ]\n`,
    );
    expect(service?.selector).toBe('[? running ]');
  });
});

describe('presets', () => {
  it("are Pigsty's services, with its ports, in backends that are called as its listeners", () => {
    const services = servicesIn(fileWith('pigsty'));
    expect(
      services.map(({ name, backends, role, port, listenPort }) => [name, backends, role, port, listenPort]),
    ).toEqual([
      ['primary', ['orders-primary'], 'primary', 6432, 5433],
      ['replica', ['orders-replica'], 'replica', 6432, 5434],
      ['default', ['orders-default'], 'primary', undefined, 5436],
      ['offline', ['orders-offline'], 'replica', undefined, 5438],
    ]);
    expect(servicesIn(fileWith(`[${pigstyServices.join(', ')}]`))).toEqual(services);
  });

  it('can be had one by one', () => {
    expect(servicesIn(fileWith(`[${presets.join(', ')}]`)).map(({ name }) => name)).toEqual(presets);
    expect(servicesIn(fileWith('[standby, delayed]'))).toMatchObject([
      { role: 'sync', backup: ['[? pg_role == `primary` ]'], port: 6432, listenPort: 5435 },
      { role: 'replica', selector: '[? pg_role == `delayed` ]', port: undefined },
    ]);
  });

  it('give way to every key that is written', () => {
    expect(serviceWith('preset: replica')).toMatchObject({ backends: ['orders-s'], port: 6432, listenPort: 5434 });
    expect(
      serviceWith("preset: replica, backends: [x, y], port: 1433, listen: 6000, selector: '[]', fallback: primary"),
    ).toMatchObject({ backends: ['x', 'y'], port: 1433, listenPort: 6000, selector: '[]', fallback: 'primary' });
    expect(serviceWith('preset: replica, dest: postgres')).toMatchObject({ port: undefined });
  });

  it('lead to the pooler of the cluster', () => {
    expect(servicesIn(fileWith('[primary]', '    pooler_port: 6543\n'))).toMatchObject([{ port: 6543 }]);
  });
});

describe('what is wrong with a service', () => {
  const at = 'clusters[0].services.s';
  it.each<[keys: string, ...errors: string[]]>([
    ['{}', `${at}.backend: is missing; add it`, `${at}.role: is missing; add it`],
    [
      '{ preset: pirmary }',
      `${at}.backend: is missing; add it`,
      `${at}.role: is missing; add it`,
      `${at}.preset: must be one of ${presets.join(', ')}; did you mean 'primary'?`,
    ],
    [
      '{ preset: primary, role: replica }',
      `${at}.role: the preset 'primary' is for writes; leave out 'preset' and write what the service is to have`,
    ],
    [`{ ${reads}, backends: [c] }`, `${at}.backends: beside 'backend' it is one word too many; keep one of the two`],
    [`{ backends: [], role: replica }`, `${at}.backends: the list is empty; add an entry`],
    [
      `{ backends: [c, c], role: replica }`,
      `${at}.backends[1]: is already used by ${at}.backends[0]; give each service a backend of its own`,
    ],
    [
      "{ backend: '{scope}', role: replica }",
      `${at}.backend: only {cluster} can be filled in here; write {cluster}, or leave the braces out`,
    ],
    [
      `{ backend: '{cluster}-${'x'.repeat(60)}', role: replica }`,
      `${at}.backend: with the name of the cluster it has more than 64 characters, which HAProxy can't hold; write a shorter name`,
    ],
    // As Pigsty writes it: its port is where clients connect.
    [
      `{ ${reads}, port: 5434, dest: default }`,
      `${at}.dest: must be one of postgres, pooler; did you mean 'pooler'?`,
      `${at}.port: beside 'dest' it is one word too many; keep one of the two; the port that clients connect to is 'listen'`,
    ],
    [`{ ${reads}, dest: pgbouncer }`, `${at}.dest: must be one of postgres, pooler; did you mean 'pooler'?`],
    [`{ ${reads}, weight: 5 }`, `${at}.weight: there is no such key; did you mean 'weight_tag'?`],
    [
      `{ ${writes}, max_lag: 1, fallback: none, keep_at_least: 1, backup: '[]' }`,
      ...['max_lag', 'fallback', 'keep_at_least', 'backup'].map(
        (key) => `${at}.${key}: has no meaning for a service of role primary; remove it`,
      ),
    ],
    [
      `{ ${writes}, leave: { lag: kill, down: drain, role_lost: kill, maintenance: kill }, servers: { backup: '{member}-fb' } }`,
      `${at}.leave.lag: has no meaning for a service of role primary; remove it`,
      `${at}.leave.down: is always 'kill' for a service of role primary: two servers must not take writes; remove it`,
      `${at}.servers.backup: has no meaning for a service of role primary; remove it`,
    ],
    [
      `{ ${reads}, hold: 5s }`,
      `${at}.hold: has no meaning for a service of reads; remove it; new connections wait for a writer only`,
    ],
    [
      `{ ${reads}, keep_at_least: 1 }`,
      `${at}.keep_at_least: has no meaning without 'max_lag'; add 'max_lag', or remove it`,
    ],
    [
      `{ ${reads}, max_lag: 10s }`,
      `${at}.max_lag: a limit in time needs a probe: the records in etcd tell positions, no times; add 'probe' to the cluster, or write a size such as 16MB`,
    ],
    [
      `{ ${reads}, max_lag: { time: 10s } }`,
      `${at}.max_lag.time: a limit in time needs a probe: the records in etcd tell positions, no times; add 'probe' to the cluster, or write a size such as 16MB`,
    ],
    [`{ ${reads}, max_lag: {} }`, `${at}.max_lag: has neither 'bytes' nor 'time'; add one of them, or both`],
    [
      `{ ${reads}, max_lag: { bytes: 1MB, bytes_back: 1025kB, time_back: 1s, dwel: 1 } }`,
      `${at}.max_lag.bytes_back: is more than 'bytes': a server would come back while it still has to go; write bytes or less; left out it is half of it`,
      `${at}.max_lag.time_back: is of no use without 'time'; add 'time', or remove it`,
      `${at}.max_lag.dwel: there is no such key; did you mean 'dwell'?`,
    ],
    [
      `{ ${reads}, outage: soon }`,
      `${at}.outage: is no outage policy; write auto, close, hold, or a time such as 20s for 'hold' that ends`,
    ],
    [
      `{ ${reads}, outage: 200ms }`,
      `${at}.outage: must lie between 1s and 86400s; a number without a unit means seconds; choose a duration in between`,
    ],
    [
      `{ ${reads}, leave: { lagg: drain, lag: close } }`,
      `${at}.leave.lagg: there is no such key; did you mean 'lag'?`,
      `${at}.leave.lag: must be one of kill, drain, drain_then_kill; choose one of them`,
    ],
    [
      `{ ${reads}, servers: { name: pg, backup: '{member}' } }`,
      `${at}.servers.backup: is of no use without 'backup' or 'fallback: primary'; say who stands in, or remove it`,
      `${at}.servers.name: would be the same for every member; write {member} where the member's name belongs, such as {member}-fb`,
    ],
    [
      `{ ${reads}, fallback: primary, servers: { match: address, name: '{member}-a', backup: '{member}-a', spares: s, add: { prefix: s- } } }`,
      `${at}.servers.name: has no meaning with 'match: address'; remove it`,
      `${at}.servers.backup: is the name of the other line too; give the backup line a name of its own, such as {member}-fb`,
      `${at}.servers.add.prefix: can't be told from 'spares', which starts alike; choose another one`,
    ],
    [
      `{ ${reads}, servers: { spares: pg, add: {} } }`,
      `${at}.servers.add.prefix: can't be told from 'spares', which starts alike; choose another one`,
    ],
    [
      '[]',
      "clusters[0].services.s: a map is needed here, not a list; write its keys below it, indented, as 'key: value'",
    ],
  ])('%s', (service, ...errors) => {
    expect([...errorsIn(fileWith(`{ s: ${service} }`))].sort()).toEqual([...errors].sort());
  });

  it('is told of a selector in the words of its own reader', () => {
    const [error, ...more] = errorsIn(fileWith(`{ s: { ${reads}, selector: "role == 'replica'" } }`));
    expect(error).toMatch(
      /^clusters\[0\]\.services\.s\.selector: .*; put the condition into \[\? \.\.\. \]: \[\? role == 'replica' \]$/,
    );
    expect(more).toEqual([]);
    expect(errorsIn(fileWith(`{ s: { ${reads}, backup: ['[]', '[? rol ]'] } }`))).toEqual([
      "clusters[0].services.s.backup: tier 2: a member has no field 'rol'; did you mean 'role'?",
    ]);
  });

  it.each<[parameters: string, error: string]>([
    [
      'check backup',
      "'backup' would make a backup line of it, which pgrouted does not let in first; give it a line in haproxy.cfg and name it by 'servers.backup'",
    ],
    ['enabled', "'enabled' would let clients in before anybody has judged the server; remove it"],
    ['agent-check', "'agent-check' would let an agent decide beside pgrouted; remove it"],
    ['chek', "HAProxy takes no 'chek' for servers that are added at run time; did you mean 'check'?"],
    ['inter', "'inter' needs a value; write it behind 'inter'"],
    [
      'check;show',
      'word 1 holds a character that no server line needs; use letters, digits and . , : / ( ) [ ] @ % + * = _ -',
    ],
    [
      "[check, 'a b']",
      'word 2 holds a character that no server line needs; use letters, digits and . , : / ( ) [ ] @ % + * = _ -',
    ],
    [
      '["check\\\\n"]',
      'word 1 holds a character that no server line needs; use letters, digits and . , : / ( ) [ ] @ % + * = _ -',
    ],
    [
      '5',
      "is neither text nor a list of words; write what would stand behind the address in haproxy.cfg, such as 'check inter 1s'",
    ],
  ])('parameters of an added server: %s', (parameters, error) => {
    expect(errorsIn(fileWith(`{ s: { ${reads}, servers: { add: { parameters: ${parameters} } } } }`))).toEqual([
      `${at}.servers.add.parameters: ${error}`,
    ]);
  });

  it.each<[services: string, error: string]>([
    [
      'pigsti',
      "there is no such set of services; the only one is 'pigsty'; write a list or a map; a preset is one of primary, replica, default, offline, standby, delayed",
    ],
    [
      '[primary, replika]',
      "a list of services holds presets only; a preset is one of primary, replica, default, offline, standby, delayed; did you mean 'replica'?",
    ],
    [
      '[primary, { backend: x }]',
      'a list of services holds presets only; a preset is one of primary, replica, default, offline, standby, delayed; write any other service into a map',
    ],
    ['[primary, primary]', "'primary' is listed twice; keep one of the two"],
    ['[]', 'the list is empty; add a service, or remove the key for primary and replica'],
    ['5', "a map is needed here, not a number; write its keys below it, indented, as 'key: value'"],
  ])('the shorthand %s', (services, error) => {
    expect(errorsIn(fileWith(services))).toEqual([`clusters[0].services: ${error}`]);
  });

  it('is told where a pooler port leads nobody', () => {
    expect(errorsIn(fileWith('[default]', '    pooler_port: 6543\n'))).toEqual([
      "clusters[0].pooler_port: is of no use: no service has 'dest: pooler'; remove it, or send a service to the pooler",
    ]);
  });
});

describe('a write service that is held for ever', () => {
  const warningsOf = (text: string): readonly string[] => {
    const result = parse(text);
    return result.ok ? result.warnings : ['not taken'];
  };
  it('is warned of where no probe tells about the primary', () => {
    const held = `{ s: { ${writes}, outage: hold } }`;
    expect(warningsOf(fileWith(held))).toEqual([
      "clusters[0].services.s.outage: without a probe nothing tells whether the primary that is held was replaced meanwhile; add 'probe', or a time",
    ]);
    expect(warningsOf(fileWith(held, '    probe: {}\n'))).toEqual([]);
    expect(
      warningsOf(fileWith(`{ s: { ${writes}, outage: 20s }, r: { backend: r, role: replica, outage: hold } }`)),
    ).toEqual([]);
  });
});

describe('what has no meaning for a source', () => {
  const ofStolon = (service: string): string =>
    `${etcd}clusters:\n  - stolon: { name: orders }\n    services: { s: { backend: b, ${service} } }\n`;
  const byHand = (service: string): string =>
    `clusters:\n  - name: a\n    postgres: { hosts: { pg1: {} } }\n    services: { s: { backend: b, ${service} } }\n`;
  it.each<[what: string, text: string, ...errors: string[]]>([
    ['none of these in Stolon', ofStolon('role: sync, keep_at_least: 1')],
    ['quorum commit in Stolon', ofStolon('role: quorum'), "role: Stolon knows no quorum commit; use 'sync'"],
    [
      'tags in Stolon',
      ofStolon('role: replica, weight_tag: w'),
      "weight_tag: has no meaning where members have no tags; remove it; 'weight' of the server lines counts",
    ],
    ['none of these by hand', byHand('role: replica, max_lag: 10s, weight_tag: none')],
    [
      'synchronous standbys by hand',
      byHand('role: sync'),
      "role: nobody tells who is 'sync' where no cluster manager is asked; use 'replica' and a selector",
    ],
    [
      'an outage of nothing',
      byHand('role: replica, outage: close'),
      'outage: has no meaning where no cluster manager is asked; remove it; how long a server that falls silent stays in follows from interval and connect_timeout of the probe',
    ],
  ])('%s', (_, text, ...errors) => {
    expect(errorsIn(text)).toEqual(errors.map((error) => `clusters[0].services.s.${error}`));
  });
});
