// The TCP half of the stolon-proxy model (v0.17.0): a port that carries its connections to one destination, and ends them all when that changes.
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** A port whose connections go to one destination; without one they are taken and closed at once. */
export class Forwarder {
  destination: Destination | undefined;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  listening(): boolean {
    return this.#server?.listening === true;
  }

  /** Client connections that stand. */
  open(): number {
    return this.#sockets.size;
  }

  /** Gives how many connections were ended. */
  direct(to: Destination | undefined): number {
    const ended = this.#sockets.size;
    this.destination = to;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    return ended;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((client) => this.#carry(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
  }

  close(): void {
    this.direct(undefined);
    this.#server?.close();
    this.#server = undefined;
  }

  #carry(client: Socket): void {
    client.on('error', () => {});
    const to = this.destination;
    if (to === undefined) {
      client.destroy();
      return;
    }
    const server = connect({ host: to.host, port: to.port, noDelay: true });
    server.on('error', () => {});
    client.setNoDelay(true);
    this.#sockets.add(client);
    client.pipe(server);
    server.pipe(client);
    client.on('close', () => {
      this.#sockets.delete(client);
      server.destroy();
    });
    server.on('close', () => client.destroy());
  }
}
