// Asks one URL of an HTTP server again and again over connections that stay, as a process of its own, and tells its parent how long the answers took.
// It knows just as much of HTTP/1.1 as that takes: answers with a length, nothing chunked.
//
//   node --import tsx http-load-process.ts '{"port":8080,"path":"/v1/primary","status":200,"connections":16,"warmUpMs":1000,"forMs":3000}'
import { connect, type Socket } from 'node:net';
import { summary } from './figures.ts';
import type { FromLoad, LoadOptions } from './http-load.ts';

const options: LoadOptions = JSON.parse(process.argv[2] ?? '{}');
const request = Buffer.from(`GET ${options.path} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n\r\n`);
const latencies: number[] = [];
let measuredFrom = Number.POSITIVE_INFINITY;
let over = false;

const tell = (message: FromLoad): void => {
  process.send?.(message);
};

function fail(error: string): void {
  if (over) return;
  over = true;
  tell({ type: 'failed', error });
}

/** One connection. `done` is called with each answer; `ask` with the instant that the answer's time counts from. */
class Connection {
  busy = false;
  readonly #socket: Socket;
  readonly #done: () => void;
  #since = 0;
  #text = '';

  constructor(socket: Socket, done: () => void) {
    this.#socket = socket;
    this.#done = done;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('a connection was closed'));
  }

  ask(since: number): void {
    this.busy = true;
    this.#since = since;
    this.#socket.write(request);
  }

  #take(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = /^content-length: (\d+)/im.exec(this.#text)?.[1];
    const total = end + 4 + Number(length ?? Number.NaN);
    if (this.#text.length < total) return;
    const now = performance.now();
    // One without a length ends here as well.
    if (this.#text.length !== total || this.#text.slice(9, 12) !== String(options.status)) {
      fail(`an answer that was not expected: ${this.#text}`);
      return;
    }
    this.#text = '';
    this.busy = false;
    if (now >= measuredFrom && !over) latencies.push(now - this.#since);
    if (!over) this.#done();
  }
}

const open = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });

/** Each connection for itself: the next question with the answer. */
function askAtOnce(sockets: readonly Socket[]): void {
  for (const socket of sockets) {
    const connection: Connection = new Connection(socket, () => connection.ask(performance.now()));
    connection.ask(performance.now());
  }
}

/** Requests fall due at even distances and take the next free connection; while there is none they wait, and their time runs. */
function askWhenDue(sockets: readonly Socket[], perSecond: number): void {
  const free: Connection[] = [];
  for (const socket of sockets) {
    const connection: Connection = new Connection(socket, () => free.push(connection));
    free.push(connection);
  }
  const distanceMs = 1_000 / perSecond;
  let due = performance.now();
  // No timer is fine enough: this process has nothing else to do than to look.
  const look = (): void => {
    for (const now = performance.now(); due <= now; due += distanceMs) {
      const connection = free.shift();
      if (connection === undefined) break;
      connection.ask(due);
    }
    if (!over) setImmediate(look);
  };
  look();
}

const sockets = await Promise.all(Array.from({ length: options.connections }, open));
if (options.perSecond === undefined) askAtOnce(sockets);
else askWhenDue(sockets, options.perSecond);

setTimeout(() => {
  measuredFrom = performance.now();
  tell({ type: 'measuring' });
  setTimeout(() => {
    if (over) return;
    over = true;
    const tookMs = performance.now() - measuredFrom;
    tell({ type: 'measured', requests: latencies.length, tookMs, latencyMs: summary(latencies) });
  }, options.forMs);
}, options.warmUpMs);
process.on('disconnect', () => process.exit());
