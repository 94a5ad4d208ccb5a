// TCP sessions for tests where only sessions matter: a server that says its name stands in for PostgreSQL (which can't hold thousands of
// sessions on a small machine, and whose role we would have to switch for real), and clients that learn which server serves them.
import { connect, createServer, type Socket } from 'node:net';

/** Says its name to whoever connects, then echoes. */
export interface IdentityServer {
  readonly name: string;
  readonly port: number;
  /** Open connections. */
  readonly sessions: () => number;
  /** Connections since the start. */
  readonly accepted: () => number;
  readonly stop: () => Promise<void>;
}

export function startIdentityServer(name: string, port: number, host = '127.0.0.1'): Promise<IdentityServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.on('data', (data) => socket.write(data));
    socket.write(`${name}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 2_000 }, () =>
      resolve({
        name,
        port,
        sessions: () => open.size,
        accepted: () => accepted,
        stop: async () => {
          for (const socket of open) socket.destroy();
          await new Promise((done) => server.close(done));
        },
      }),
    );
  });
}

export interface ClientSession {
  /** The name that the server at the other end gave; undefined: the connection ended before it said one. */
  readonly server: string | undefined;
  readonly open: () => boolean;
  /** Settles when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Sends a line and waits for its echo: true while the server at the other end still serves this session. */
  readonly echo: (text: string) => Promise<boolean>;
  readonly close: () => void;
}

/** Opens one session and waits until the server has said its name or the connection has ended. */
export function openSession(port: number, patienceMs = 10_000): Promise<ClientSession> {
  const socket = connect({ port, host: '127.0.0.1' });
  let received = '';
  let open = true;
  const waiting = new Set<() => void>();
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    open = false;
    for (const wake of waiting) wake();
  });
  socket.on('data', (text: string) => {
    received += text;
    for (const wake of waiting) wake();
  });
  const line = () =>
    new Promise<string | undefined>((resolve) => {
      const look = () => {
        const end = received.indexOf('\n');
        if (end < 0 && open) return;
        waiting.delete(look);
        clearTimeout(timer);
        if (end < 0) return resolve(undefined);
        const text = received.slice(0, end);
        received = received.slice(end + 1);
        resolve(text);
      };
      const timer = setTimeout(() => socket.destroy(), patienceMs);
      waiting.add(look);
      look();
    });
  return line().then((server) => ({
    server,
    open: () => open,
    ended,
    echo: async (text) => {
      if (!open) return false;
      socket.write(`${text}\n`);
      return (await line()) === text;
    },
    close: () => socket.destroy(),
  }));
}

/** Opens `count` sessions, `atOnce` at a time; those that no server served have `server: undefined`. */
export async function openSessions(port: number, count: number, atOnce = 50): Promise<readonly ClientSession[]> {
  const sessions: ClientSession[] = [];
  while (sessions.length < count) {
    const batch = Math.min(atOnce, count - sessions.length);
    sessions.push(...(await Promise.all(Array.from({ length: batch }, () => openSession(port)))));
  }
  return sessions;
}

/** How many of the open sessions each server serves. */
export function servedBy(sessions: readonly ClientSession[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const session of sessions) {
    if (session.server === undefined || !session.open()) continue;
    counts.set(session.server, (counts.get(session.server) ?? 0) + 1);
  }
  return counts;
}
