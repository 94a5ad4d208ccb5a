// The sockets that the API listens on, plain or with TLS. Knows no route: each request is handed on.
import { lookup } from 'node:dns/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { HttpSpec } from '@pgrouted/core/config/config';
import { errorCode, errorText, exitCodes, Failure } from '../failure.ts';
import { refuseConnection } from './refusal.ts';
import type { TlsMaterial } from './tls.ts';

export interface ListenerOptions {
  readonly at: Pick<HttpSpec, 'host' | 'port'>;
  /** Undefined: plain HTTP. */
  readonly tls: TlsMaterial | undefined;
  readonly handle: RequestListener;
}

export interface Listener {
  /** `http://127.0.0.1:8080`; of several addresses the first. */
  readonly url: string;
  /** The next connections get this certificate; those that are open stay. */
  renew(tls: TlsMaterial): void;
  /** Settles when nobody can connect any more and every connection is closed. */
  close(): Promise<void>;
}

/** A client that says nothing more may keep its connection this long. */
const keepAliveMs = 72_000;
/** A request has to be here as a whole after this long, and before it a TLS handshake. */
const requestMs = 10_000;

/** Throws Failure (`failed`). `localhost` is every address that it stands for and this machine has. */
export async function listen({ at, tls, handle }: ListenerOptions): Promise<Listener> {
  const servers: ListeningServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closed));
  };
  try {
    let missing: unknown;
    for (const host of await addressesOf(at.host)) {
      try {
        servers.push(await bind(newServer(tls, handle), host, servers[0]?.port ?? at.port));
      } catch (error) {
        if (errorCode(error) !== 'EADDRNOTAVAIL') throw error;
        missing = error;
      }
    }
    if (servers.length === 0) throw missing;
  } catch (error) {
    await close();
    throw refused(at, error);
  }
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${servers[0]?.address}`,
    renew: (material) => {
      for (const { server } of servers) if ('setSecureContext' in server) server.setSecureContext(contextOf(material));
    },
    close,
  };
}

interface ListeningServer {
  readonly server: Server | TlsServer;
  readonly connections: ReadonlySet<Socket>;
  readonly port: number;
  /** As it stands in a URL. */
  readonly address: string;
}

/** IPv4 first, so that the address that we tell is the one that everybody has. */
async function addressesOf(host: string): Promise<readonly string[]> {
  if (host !== 'localhost') return [host];
  const found = await lookup(host, { all: true, order: 'ipv4first' });
  return [...new Set(found.map(({ address }) => address))];
}

function newServer(tls: TlsMaterial | undefined, handle: RequestListener): Server | TlsServer {
  const server =
    tls === undefined
      ? createServer(handle)
      : createTlsServer({ ...contextOf(tls), handshakeTimeout: requestMs }, handle);
  server.keepAliveTimeout = keepAliveMs;
  server.requestTimeout = requestMs;
  server.on('clientError', (_error, socket) => refuseConnection(socket));
  return server;
}

const contextOf = ({ cert, key, clientCa }: TlsMaterial) => ({
  cert,
  key,
  minVersion: 'TLSv1.2' as const,
  ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
});

function bind(server: Server | TlsServer, host: string, port: number): Promise<ListeningServer> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const bound = server.address();
      if (typeof bound !== 'object' || bound === null) return reject(new Error('it has no address'));
      const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
      resolve({ server, connections, port: bound.port, address: `${name}:${bound.port}` });
    });
  });
}

function closed({ server, connections }: ListeningServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // A stop must not wait for a client that keeps its connection, follows the events, or has not begun its handshake.
    for (const connection of connections) connection.destroy();
  });
}

function refused({ host, port }: Pick<HttpSpec, 'host' | 'port'>, error: unknown): Failure {
  const why: Record<string, string> = {
    EADDRINUSE: 'the port is in use; is another pgrouted running? Choose another with http.listen or --listen',
    EACCES: 'this user may not use that port; choose one above 1023',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no host of that name',
  };
  const text = why[errorCode(error) ?? ''] ?? errorText(error);
  return new Failure(exitCodes.failed, `HTTP can not listen on ${host}:${port}: ${text}`);
}
