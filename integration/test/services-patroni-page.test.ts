// The listener that Patroni's documentation has, rewritten as docs/services.md does it: on real etcd and real HAProxy, with the page's own lines. Servers that say their name
// stand in for PostgreSQL, and small HTTP servers for Patroni's REST API where both go hand in hand.
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { configHead, type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { type OverlapWatch, watchOverlap } from '../lab/overlap.ts';
import { inPlace, pageOf } from '../lab/page.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { type IdentityServer, openSession, openSessions, startIdentityServer } from '../lab/sessions.ts';

const page = pageOf('services.md');
const folder = temporaryFolder();
let etcd: EtcdLab;
let haproxy: Haproxy;
let daemon: Daemon;
let records: Records;
let watch: OverlapWatch;
let servers: readonly IdentityServer[];
let port: number;

/** Patroni's REST API of one node: who it says is primary. */
let saysPrimary: string | undefined = 'n1';
const apis = new Map<string, { readonly server: Server; readonly port: number }>();

const [before = '', after = ''] = page.blocks('haproxy').filter((block) => block.startsWith('listen batman\n'));

const placed = (block: string): string =>
  inPlace(block, [
    ['bind *:5000', `bind 127.0.0.1:${port}`],
    ...servers.map(({ port: own }, i): [string, string] => [`10.0.0.1${i + 1}:5432`, `127.0.0.1:${own}`]),
  ]);

/** The page's advice for moving over: the old lines with their checks, `disabled` added. */
const both = (): string =>
  [...apis].reduce(
    (text, [name, api]) =>
      text.replace(new RegExp(`^( +server ${name} .*check port) 8008$`, 'm'), `$1 ${api.port} disabled`),
    // Only faster, so that nobody has to wait.
    placed(before).replace('inter 3s fall 3 rise 2', 'inter 200ms fall 2 rise 1'),
  );

const start = (section: () => string) =>
  haproxy.configure(({ adminSocket }) =>
    [...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }), section(), ''].join(
      '\n',
    ),
  );

const memberAt = (i: number): RecordedMember => {
  const found = servers[i];
  if (found === undefined) throw new Error(`no server ${i}`);
  return found;
};

const leadsTo = (name: string | undefined) =>
  eventually(`${name} to be led to`, async () => (await openSession(port)).server === name || undefined, 15_000);

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
  port = await freePort();
  servers = await Promise.all(['n1', 'n2', 'n3'].map(async (name) => startIdentityServer(name, await freePort())));
  for (const { name } of servers) {
    const api = createServer((_, response) => response.writeHead(name === saysPrimary ? 200 : 503).end());
    const own = await freePort();
    await new Promise<void>((done) => api.listen(own, '127.0.0.1', done));
    apis.set(name, { server: api, port: own });
  }
  haproxy = await startHaproxy({
    folder: folder.path,
    config: ({ adminSocket }) =>
      [
        ...configHead({ adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }),
        placed(after),
        '',
      ].join('\n'),
  });
  records = patroniRecords(etcd.endpoints, 'batman');
  await records.bootstrap(servers);
  daemon = await startDaemon({
    folder: folder.path,
    etcdEndpoints: etcd.endpoints,
    clusters: [{ patroni: { scope: 'batman' }, services: { primary: { backend: 'batman', role: 'primary' } } }],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
  });
  await daemon.ready();
  watch = watchOverlap(haproxy.adminSocket, 'batman', 5);
});

afterAll(async () => {
  await watch?.stop();
  records?.close();
  await daemon?.stop();
  await haproxy?.stop();
  for (const { server } of apis.values()) server.close();
  await Promise.all(servers?.map((server) => server.stop()) ?? []);
  await etcd?.stop();
  folder.remove();
});

describe("Patroni's listener, rewritten", () => {
  it('leads to the leader, and ends its sessions when another is named', async () => {
    await leadsTo('n1');
    const sessions = await openSessions(port, 20);
    expect(sessions.every(({ server }) => server === 'n1')).toBe(true);
    await records.switchTo(memberAt(1), memberAt(0));
    await Promise.all(sessions.map((session) => session.ended));
    await leadsTo('n2');
  });
});

describe('checks of Patroni and pushes hand in hand', () => {
  it("serve where both agree, and nowhere while Patroni's answer is another", async () => {
    saysPrimary = 'n2';
    start(both);
    await haproxy.reload();
    await leadsTo('n2');
    saysPrimary = 'n3';
    await leadsTo(undefined);
    saysPrimary = 'n2';
    await leadsTo('n2');
    await records.switchTo(memberAt(2), memberAt(1));
    await leadsTo(undefined);
    saysPrimary = 'n3';
    await leadsTo('n3');
  });

  it('never let two servers write', () => {
    expect(watch.overlaps()).toEqual([]);
    expect(watch.samples()).toBeGreaterThan(0);
  });
});
