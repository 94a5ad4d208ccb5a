// The independent observer, a process of its own: asks HAProxy's admin socket again and again which servers are in rotation and sends each
// change to its parent, with the instants between which it must have happened. It knows nothing of pgrouted.
//
//   node --import tsx sampler-process.ts '[{"name":"push","socket":"/...","backends":["be_rw"],"everyMs":0.3}]'
//
// It keeps one `prompt` connection to each socket, which is the cheapest way to ask; nothing here reloads HAProxy.
import { connect } from 'node:net';
import { nowMs } from './instant.ts';
import type { BackendCounts, SampledTarget, SamplerMessage } from './sampler.ts';

const targets: readonly SampledTarget[] = JSON.parse(process.argv[2] ?? '[]');
const alone = targets.length === 1;
const nap = new Int32Array(new SharedArrayBuffer(4));
const counts = new Map<
  string,
  { readonly at: SampledTarget; readonly backends: Map<string, BackendCounts>; periods: number[] }
>();
const tell = (message: SamplerMessage): void => {
  process.send?.(message);
};

/** In rotation: no maintenance, no drain (the bit "from configuration" says nothing), and not stopped by a check. */
function readyServers(answer: string): ReadonlyMap<string, readonly string[]> {
  const ready = new Map<string, string[]>();
  let columns: readonly string[] = [];
  for (const line of answer.split('\n')) {
    if (line.startsWith('# ')) columns = line.slice(2).split(' ');
    const fields = line.split(' ');
    if (columns.length === 0 || line.startsWith('#') || fields.length < columns.length) continue;
    const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
    const servers = ready.get(field('be_name')) ?? [];
    ready.set(field('be_name'), servers);
    const admin = Number(field('srv_admin_state'));
    if ((admin & 0x3b) === 0 && field('srv_op_state') !== '0') servers.push(field('srv_name'));
  }
  return ready;
}

function sample(target: SampledTarget): void {
  const { name, socket: path, backends, everyMs } = target;
  const [only] = backends;
  const command = backends.length === 1 ? `show servers state ${only}\n` : 'show servers state\n';
  const mine = {
    at: target,
    backends: new Map(backends.map((backend) => [backend, { samples: 0, withTwo: 0, withNone: 0 }])),
    periods: [] as number[],
  };
  counts.set(name, mine);
  const last = new Map<string, { readonly key: string; readonly at: number }>();
  const socket = connect(path);
  let buffer = '';
  let sentAt = 0;
  let greeted = false;
  const ask = (): void => {
    const now = nowMs();
    if (sentAt > 0) mine.periods.push(now - sentAt);
    sentAt = now;
    socket.write(command);
  };
  const next = (): void => {
    const waitMs = sentAt + everyMs - nowMs();
    if (waitMs <= 0) setImmediate(ask);
    else if (alone && waitMs < 2) {
      // Timers of the event loop count in whole milliseconds; this process has nothing else to do than to wait.
      Atomics.wait(nap, 0, 0, waitMs);
      setImmediate(ask);
    } else setTimeout(ask, waitMs);
  };
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write('prompt\n'));
  socket.on('error', (error) => tell({ type: 'failed', target: name, error: error.message }));
  socket.on('close', () => tell({ type: 'failed', target: name, error: 'the admin socket was closed' }));
  socket.on('data', (text: string) => {
    buffer += text;
    if (!buffer.endsWith('\n> ')) return;
    const receivedAt = nowMs();
    const answer = buffer;
    buffer = '';
    if (!greeted) {
      greeted = true;
      tell({ type: 'watching', target: name });
      ask();
      return;
    }
    const ready = readyServers(answer);
    for (const backend of backends) {
      const servers = ready.get(backend) ?? [];
      const count = mine.backends.get(backend);
      if (count !== undefined) {
        count.samples += 1;
        if (servers.length > 1) count.withTwo += 1;
        if (servers.length === 0) count.withNone += 1;
      }
      const key = servers.join(' ');
      const before = last.get(backend);
      if (before?.key !== key) {
        tell({
          type: 'change',
          target: name,
          backend,
          ready: servers,
          before: before?.at ?? sentAt,
          sentAt,
          receivedAt,
        });
      }
      last.set(backend, { key, at: sentAt });
    }
    next();
  });
}

process.on('message', () => {
  for (const [name, { backends, periods }] of counts) {
    tell({ type: 'report', target: name, backends: Object.fromEntries(backends), periodsMs: periods });
  }
});
process.on('disconnect', () => process.exit());
for (const target of targets) sample(target);
