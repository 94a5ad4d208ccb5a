// Serves a HAProxy model over a real unix socket, with the faults that a real HAProxy can't be told to have: answers that come late, half,
// garbled, or not at all. Speaks one-shot lines and `prompt` mode.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HaproxyModel } from './haproxy-model.ts';

export type Fault =
  | 'none'
  /** Takes the line and says nothing. */
  | 'silent'
  /** Carries the line out and ends the connection before the answer. */
  | 'no answer'
  /** Half an answer. */
  | 'half'
  | 'garbage'
  | 'denied';

export interface ModelSocket {
  readonly path: string;
  model: HaproxyModel;
  fault: Fault;
  /** Every line of the one-shot kind. */
  readonly lines: string[];
  /** Connections that ask for a prompt are ended. */
  noPrompt: boolean;
  /** Called before each line is carried out. */
  beforeLine: (line: string) => void;
  /** Connections open now, and the most there ever were at once. */
  readonly open: () => number;
  readonly most: () => number;
  /** Nobody listens any more; connections stay. */
  readonly stopListening: () => void;
  readonly stop: () => Promise<void>;
}

export async function serveModel(model: HaproxyModel): Promise<ModelSocket> {
  const folder = mkdtempSync(join(tmpdir(), 'pgrouted-'));
  const path = join(folder, 's');
  const open = new Set<Socket>();
  let most = 0;
  let closed: Promise<void> | undefined;
  const server = createServer((socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    serve(socket, served);
  });
  const served: ModelSocket = {
    path,
    model,
    fault: 'none',
    noPrompt: false,
    lines: [],
    beforeLine: () => {},
    open: () => open.size,
    most: () => most,
    stopListening: () => {
      closed ??= new Promise((resolve) => server.close(() => resolve()));
    },
    stop: async () => {
      for (const socket of open) socket.destroy();
      served.stopListening();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return served;
}

function serve(socket: Socket, served: ModelSocket): void {
  let received = '';
  let prompt = false;
  // The worker that took the connection: it stays its worker for good.
  const { model } = served;
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
    for (let end = received.indexOf('\n'); end >= 0; end = received.indexOf('\n')) {
      const line = received.slice(0, end);
      received = received.slice(end + 1);
      if (line === 'prompt' && served.noPrompt) {
        socket.destroy();
      } else if (line === 'prompt') {
        prompt = true;
        socket.write('\n> ');
      } else if (prompt) {
        socket.write(`${model.line(line)}\n> `);
      } else {
        answer(socket, served, model, line);
      }
    }
  });
}

function answer(socket: Socket, served: ModelSocket, model: HaproxyModel, line: string): void {
  const { fault } = served;
  if (fault === 'silent') return;
  served.lines.push(line);
  served.beforeLine(line);
  if (fault === 'denied' && /(^|;)(set|shutdown) /.test(line)) {
    socket.end(`${model.execute('show info')}Permission denied\n\n`);
    return;
  }
  const text = model.line(line);
  if (fault === 'no answer') socket.destroy();
  else if (fault === 'half') socket.end(text.slice(0, text.length - 20));
  else if (fault === 'garbage') socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  else socket.end(text);
}
