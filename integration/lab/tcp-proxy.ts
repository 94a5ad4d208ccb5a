// A TCP proxy on loopback in front of a real program, to do to its connections what networks do: cut them, or swallow all that they carry.
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './process.ts';

export interface TcpProxy {
  readonly port: number;
  /** Connections that stand now. */
  readonly open: () => number;
  /** Resets every connection that stands now; new ones are taken. */
  readonly cut: () => void;
  /** While on: connections are accepted and stay, and nothing goes through them, either way. What was swallowed never arrives. */
  readonly blackHole: (on: boolean) => void;
  readonly close: () => Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const port = await freePort();
  const pairs = new Set<readonly [Socket, Socket]>();
  let swallowing = false;
  const server = createServer((client) => {
    client.on('error', () => {});
    const target = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    target.on('error', () => {});
    client.setNoDelay(true);
    const pair = [client, target] as const;
    pairs.add(pair);
    // A connection that lost bytes can't be carried on: it stays mute until somebody ends it.
    let mute = swallowing;
    const carry = (from: Socket, to: Socket) => {
      from.on('data', (chunk: Buffer) => {
        mute ||= swallowing;
        if (!mute) to.write(chunk);
      });
      from.on('close', () => {
        pairs.delete(pair);
        if (mute && to === client) return;
        to.destroy();
      });
    };
    carry(client, target);
    carry(target, client);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const cut = () => {
    for (const [client, target] of pairs) {
      client.resetAndDestroy();
      target.destroy();
    }
    pairs.clear();
  };
  return {
    port,
    open: () => pairs.size,
    cut,
    blackHole: (on) => {
      swallowing = on;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
