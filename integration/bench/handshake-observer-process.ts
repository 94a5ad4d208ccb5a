// The independent observer of the handshake section, a process of its own: watches in etcd what the proxies tell, and asks HAProxy again and
// again who is in rotation and how many sessions its servers have. It knows nothing of pgrouted; all instants are of the moment of reading.
//
//   node --import tsx handshake-observer-process.ts '{"etcd":["http://..."],"clusters":[{"name":"a","prefix":"stolon/cluster/a/"}],"haproxy":{...}}'
import { connect } from 'node:net';
import { Etcd3 } from 'etcd3';
import type { FromObserver, Held, ObserverOptions } from './handshake-observer.ts';
import { nowMs } from './instant.ts';

const { etcd, clusters, haproxy }: ObserverOptions = JSON.parse(process.argv[2] ?? '');
const tell = (message: FromObserver): void => {
  process.send?.(message);
};
const client = new Etcd3({ hosts: [...etcd], grpcOptions: { 'grpc.enable_http_proxy': 0 } });
/** Acknowledgements for which HAProxy has not been asked since. */
let unasked: { readonly cluster: string; readonly generation: number; readonly at: number }[] = [];

/** A renewal tells nothing new. */
async function watchProxies(cluster: string, prefix: string): Promise<void> {
  const known = new Map<string, number>();
  const watcher = await client.watch().prefix(`${prefix}proxies/info/`).create();
  watcher.on('put', ({ value }) => {
    const at = nowMs();
    const { UID: uid, Generation: generation }: { UID: string; Generation: number } = JSON.parse(value.toString());
    if (known.get(uid) === generation) return;
    known.set(uid, generation);
    tell({ type: 'acknowledged', cluster, uid, generation, at });
    if (haproxy?.cluster === cluster) unasked.push({ cluster, generation, at });
  });
  watcher.on('delete', ({ key }) => known.delete(key.toString().slice(`${prefix}proxies/info/`.length)));
}

/** The rows of `show stat` that are servers. Out of rotation: in maintenance, draining, or stopped by a check. */
function heldIn(answer: string): Held {
  const [head = '', ...rows] = answer.split('\n');
  const columns = head.replace(/^# /, '').split(',');
  const field = (cells: readonly string[], name: string): string => cells[columns.indexOf(name)] ?? '';
  const servers = rows.map((row) => row.split(',')).filter((cells) => field(cells, 'type') === '2');
  const out = /^(MAINT|DRAIN|DOWN|NOLB)/;
  return {
    ready: servers.filter((cells) => !out.test(field(cells, 'status'))).map((cells) => field(cells, 'svname')),
    sessions: servers.reduce((sum, cells) => sum + Number(field(cells, 'scur')), 0),
  };
}

function watchHaproxy({ socket: path, backend, everyMs }: NonNullable<ObserverOptions['haproxy']>): void {
  const socket = connect(path);
  let buffer = '';
  let greeted = false;
  let sentAt = 0;
  let last: string | undefined;
  let emptySince: number | undefined;
  const periods: number[] = [];
  const ask = (): void => {
    const now = nowMs();
    if (sentAt > 0) periods.push(now - sentAt);
    sentAt = now;
    // Type 4: servers.
    socket.write(`show stat ${backend} 4 -1\n`);
  };
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write('prompt\n'));
  socket.on('error', (error) => tell({ type: 'failed', error: error.message }));
  socket.on('close', () => tell({ type: 'failed', error: 'the admin socket was closed' }));
  socket.on('data', (text: string) => {
    buffer += text;
    if (!buffer.endsWith('\n> ')) return;
    const receivedAt = nowMs();
    const answer = buffer;
    buffer = '';
    if (!greeted) {
      greeted = true;
      return ask();
    }
    const held = heldIn(answer);
    emptySince = held.sessions > 0 ? undefined : (emptySince ?? receivedAt);
    const asked = unasked.filter(({ at }) => at <= sentAt);
    unasked = unasked.filter(({ at }) => at > sentAt);
    for (const { cluster, generation } of asked)
      tell({ type: 'looked', cluster, generation, sessions: held.sessions, emptySince: emptySince ?? null });
    const key = `${held.ready.join(' ')} ${held.sessions > 0}`;
    if (key !== last) tell({ type: 'held', ...held, sentAt, receivedAt });
    last = key;
    setTimeout(ask, Math.max(0, sentAt + everyMs - nowMs()));
  });
  process.on('message', () => tell({ type: 'report', periodsMs: periods }));
}

process.on('disconnect', () => process.exit());
await Promise.all(clusters.map(({ name, prefix }) => watchProxies(name, prefix)));
if (haproxy !== undefined) watchHaproxy(haproxy);
tell({ type: 'watching' });
