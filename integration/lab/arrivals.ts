// New clients at a steady rate, as many applications without a pool are: each connects, greets PostgreSQL, asks which server serves it, and goes. Spoken over
// plain sockets, byte by byte, so that hundreds in a second cost little; the role has to be one that is let in without a password.
import { connect } from 'node:net';

export interface ArrivalsOptions {
  /** The port that they come to, on 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  /** One comes so often. Default 5: 200 in a second. Missed ones are made up for. */
  readonly everyMs?: number;
  /** A client that was not served for so long gives up. Default 30 s. */
  readonly patienceMs?: number;
  /** What to call the server that listens on a port. */
  readonly names?: ReadonlyMap<number, string>;
}

/** Instants are of `performance.now()`. */
export interface Arrival {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly outcome:
    | { readonly kind: 'served'; readonly server: string }
    | { readonly kind: 'failed'; readonly error: string };
}

export interface Arrivals {
  /** Those that have ended. */
  readonly all: () => readonly Arrival[];
  /** How many were not served, by what they met. */
  readonly failures: () => Readonly<Record<string, number>>;
  /** The servers that served, in the order in which the first client of each came. */
  readonly servers: () => readonly string[];
  /** How long those took that came between these instants, in milliseconds. */
  readonly tookMs: (from: number, to: number) => readonly number[];
  /** No more come; settles when the last one has gone. */
  readonly stop: () => Promise<void>;
}

export function startArrivals(options: ArrivalsOptions): Arrivals {
  const { everyMs = 5 } = options;
  const all: Arrival[] = [];
  const here = new Set<Promise<void>>();
  const since = performance.now();
  let came = 0;
  const come = (): void => {
    for (; came * everyMs <= performance.now() - since; came += 1) {
      // Every second one asks for TLS first, as libpq does unless it is told otherwise, and has to wait for the answer.
      const visit = visitOf(options, came % 2 === 1).then((arrival) => {
        all.push(arrival);
        here.delete(visit);
      });
      here.add(visit);
    }
  };
  const timer = setInterval(come, everyMs);
  return {
    all: () => all,
    failures: () => {
      const counts = new Map<string, number>();
      for (const { outcome } of all)
        if (outcome.kind === 'failed') counts.set(outcome.error, (counts.get(outcome.error) ?? 0) + 1);
      return Object.fromEntries(counts);
    },
    servers: () => {
      const byStart = [...all].sort((a, b) => a.beganAt - b.beganAt);
      return [...new Set(byStart.flatMap(({ outcome }) => (outcome.kind === 'served' ? [outcome.server] : [])))];
    },
    tookMs: (from, to) =>
      all.filter(({ beganAt }) => beganAt >= from && beganAt <= to).map(({ beganAt, endedAt }) => endedAt - beganAt),
    stop: async () => {
      clearInterval(timer);
      await Promise.all(here);
    },
  };
}

function visitOf({ port, user, patienceMs = 30_000, names }: ArrivalsOptions, asksForTls: boolean): Promise<Arrival> {
  const beganAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let awaitsTls = asksForTls;
    const leave = (outcome: Arrival['outcome']): void => {
      clearTimeout(timer);
      if (outcome.kind === 'served') socket.end(message('X', ''));
      else socket.destroy();
      resolve({ beganAt, endedAt: performance.now(), outcome });
    };
    const fail = (error: string): void => leave({ kind: 'failed', error });
    const timer = setTimeout(() => fail(`not served within ${patienceMs} ms`), patienceMs);
    let server: string | undefined;
    const take = (type: string, body: Buffer): void => {
      if (type === 'E') fail(errorOf(body));
      if (type === 'R' && body.readInt32BE(0) !== 0) fail('a password is asked for');
      // One row with one column: after two counts and a length stands the port.
      if (type === 'D') server = body.subarray(6).toString();
      if (type !== 'Z') return;
      if (server === undefined) socket.write(message('Q', 'select inet_server_port()\0'));
      else leave({ kind: 'served', server: names?.get(Number(server)) ?? server });
    };
    socket.on('connect', () => socket.write(awaitsTls ? tlsRequest : startup(user)));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (awaitsTls) {
        awaitsTls = false;
        if (received[0] !== 0x4e) return fail('TLS was not declined');
        received = received.subarray(1);
        socket.write(startup(user));
      }
      while (received.length >= 5 && received.length > received.readInt32BE(1)) {
        const end = 1 + received.readInt32BE(1);
        take(String.fromCharCode(received[0] ?? 0), received.subarray(5, end));
        received = received.subarray(end);
      }
    });
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the connection was closed'));
  });
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const message = (type: string, body: string): Buffer =>
  Buffer.concat([Buffer.from(type), int32(4 + Buffer.byteLength(body)), Buffer.from(body)]);
const tlsRequest = Buffer.concat([int32(8), int32(80_877_103)]);
const startup = (user: string): Buffer => {
  const body = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  return Buffer.concat([int32(8 + body.length), int32(196_608), body]);
};

/** The code and the text of PostgreSQL's error. */
function errorOf(body: Buffer): string {
  const fields = new Map(
    body
      .toString()
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  return `${fields.get('C')} ${fields.get('M')}`;
}
