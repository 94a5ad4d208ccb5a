// A bad haproxy.cfg, finding by finding: what `pgroutectl lint` says of a real HAProxy that a real daemon drives, and that it is silent once the file is mended.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundles, type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type Records } from '../lab/records.ts';
import { type IdentityServer, startIdentityServer } from '../lab/sessions.ts';

const folder = temporaryFolder();
const lowSocket = join(folder.path, 'low.sock');
const servers: IdentityServer[] = [];
let etcd: EtcdLab;
let haproxy: Haproxy;
let records: Records;
let daemon: Daemon;

const [port, line] = [
  (name: string) => servers.find((server) => server.name === name)?.port ?? 0,
  (name: string, of: string, more = '') => `    server ${name} 127.0.0.1:${port(of)} ${more}`,
];
/** `askedPort`: where the checks ask. Undefined: the bad file. */
const config = (askedPort: number | undefined) => (paths: { readonly adminSocket: string }) => {
  const bad = askedPort === undefined;
  const check = bad
    ? []
    : [
        '    option httpchk',
        `    http-check connect addr 127.0.0.1 port ${askedPort}`,
        '    http-check send meth GET uri-lf /haproxy/%[be_name]/%[srv_name] ver HTTP/1.1 hdr Host pgrouted',
        '    http-check expect status 200',
      ];
  return [
    ...configHead({
      adminSocket: paths.adminSocket,
      level: 'admin',
      globalOptions: [`stats socket ${lowSocket} mode 660 level ${bad ? 'operator' : 'admin'}`],
      checkTimeout: '400ms',
    }),
    'backend be_rw',
    line('n1', 'n1', bad ? '' : 'disabled'),
    line('n2', 'n2', 'disabled'),
    'backend be_ro',
    '    option allbackups',
    line('n1', 'n1', 'disabled'),
    line('n1-fb', 'n1', bad ? 'disabled' : 'disabled backup'),
    ...(bad ? [] : [line('n2', 'n2', 'disabled'), line('n2-fb', 'n2', 'disabled backup')]),
    'backend be_checked',
    ...check,
    line('n1', 'n1', 'disabled check inter 500ms'),
    line('n2', 'n2', 'disabled check inter 500ms'),
    ...(bad ? [] : ['backend be_any', line('n1', 'n1', 'disabled'), line('n2', 'n2', 'disabled')]),
    '',
  ].join('\n');
};

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  for (const name of ['n1', 'n2']) servers.push(await startIdentityServer(name, await freePort()));
  const [n1, n2] = servers;
  if (n1 === undefined || n2 === undefined) throw new Error('two servers were started');
  haproxy = await startHaproxy({ folder: folder.path, config: config(undefined) });
  records = patroniRecords(etcd.endpoints, 'orders');
  await records.bootstrap([n1, n2]);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [
      {
        name: 'orders',
        patroni: { scope: 'orders' },
        services: {
          primary: { backend: 'be_rw', role: 'primary' },
          replica: { backend: 'be_ro', role: 'replica', fallback: 'primary', servers: { backup: '{member}-fb' } },
          checked: { backend: 'be_checked', role: 'replica' },
          any: { backend: 'be_any', role: 'any' },
        },
      },
    ],
    haproxy: [
      { socket: haproxy.adminSocket, name: 'edge' },
      { socket: lowSocket, name: 'low' },
    ],
  });
});

afterAll(async () => {
  records?.close();
  await daemon?.stop();
  await haproxy?.stop();
  for (const server of servers) await server.stop();
  await etcd?.stop();
  folder.remove();
});

const lint = (...args: readonly string[]) =>
  new Promise<{ readonly code: number; readonly out: string }>((resolve) => {
    const asked = ['--url', daemon.url, 'lint', ...args];
    execFile(process.execPath, [bundles.pgroutectl, ...asked], (error, out) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out }),
    );
  });
interface Found {
  readonly code: string;
  readonly facts: { readonly backend?: string; readonly servers?: string; readonly member?: string };
}
const codesOf = (status: Awaited<ReturnType<Daemon['status']>>, name: string) =>
  status.targets.find((target) => target.name === name)?.problems.map(({ code }) => code) ?? [];

it('names each finding with its place and remedy, and nothing once the file is mended', async () => {
  // The one that takes longest: a check has ten seconds to ask.
  await daemon.until('the findings', (status) => codesOf(status, 'edge').includes('check_asks_others'));
  await daemon.until('the level', (status) => codesOf(status, 'low').includes('stats_level_low'));
  const data = await lint('-o', 'json');
  expect(data.code).toBe(1);
  const [edge]: readonly { readonly findings: readonly Found[] }[] = JSON.parse(data.out).targets;
  const found = edge?.findings.map(({ code, facts: { backend, servers: lines, member } }) => [
    code,
    backend,
    lines ?? member,
  ]);
  expect(found).toEqual([
    ['server_missing', 'be_ro', 'n2'],
    ['backend_missing', 'be_any', undefined],
    ['servers_not_disabled', 'be_rw', 'n1'],
    ['backup_line_serves_always', 'be_ro', 'n1-fb'],
    ['check_asks_others', 'be_checked', 'n2'],
  ]);
  const text = await lint();
  expect(text.code).toBe(1);
  expect(text.out).toMatch(/^edge {2}5 findings$/m);
  expect(text.out).toMatch(/^ {4}do: write `disabled` at the end of these lines, and reload$/m);
  expect(text.out).toContain('[stats_level_low]');
  const told = (await daemon.events()).filter(({ kind }) => kind === 'target').map((entry) => entry.text);
  expect(told.filter((one) => one.includes('not `disabled` in haproxy.cfg')).length).toBeGreaterThan(0);

  haproxy.configure(config(daemon.port));
  await haproxy.reload();
  await daemon.until('nothing to be found', ({ targets }) =>
    targets.every(({ converged, problems }) => converged && problems.length === 0),
  );
  await eventually('the lint to be clean', async () => (await lint()).code === 0);
  expect((await lint()).out).toBe('edge  as pgrouted needs it\n\nlow  as pgrouted needs it\n');
});
