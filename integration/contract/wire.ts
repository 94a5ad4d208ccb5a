// HTTP byte by byte, over a socket of our own: what a library would tidy up (paths, versions, slashes, headers) goes out as it is written and comes
// back as it was sent.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Request {
  readonly method: string;
  /** As it stands in the first line. */
  readonly target: string;
  /** Default `1.1`. */
  readonly version?: '1.0' | '1.1';
  /** Lines such as `Connection: close`. Host is added unless it is given or the version is 1.0. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One connection; requests on it go one after the other. */
export interface Wire {
  /** Fails when nothing whole has come back after `patienceMs`, or the connection ends before. */
  readonly ask: (request: Request, patienceMs?: number) => Promise<Answer>;
  /** Settles when the server has closed it. */
  readonly closed: Promise<void>;
  readonly end: () => void;
}

const patience = 10_000;

export async function openWire(base: string): Promise<Wire> {
  const { protocol, hostname, port } = new URL(base);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTls = protocol === 'https:';
  const to = { host, port: Number(port === '' ? (isTls ? 443 : 80) : port) };
  const socket: Socket = isTls ? connectTls({ ...to, servername: 'localhost' }) : connectTcp(to);
  await new Promise<void>((resolve, reject) => {
    socket.once(isTls ? 'secureConnect' : 'connect', resolve);
    socket.once('error', reject);
  });
  let received: Buffer = Buffer.alloc(0);
  let isOver = false;
  let look = (): void => {};
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    look();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isOver = true;
      look();
      resolve();
    });
  });
  return {
    closed,
    end: () => socket.destroy(),
    ask: (request, patienceMs = patience) =>
      new Promise<Answer>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer to ${firstLine(request)}`)), patienceMs);
        look = () => {
          const taken = takeAnswer(received, request.method, isOver);
          if (taken === undefined && !isOver) return;
          clearTimeout(timer);
          look = () => {};
          if (taken === undefined) return reject(new Error(`closed in the middle of an answer: ${received}`));
          received = taken.rest;
          resolve(taken.answer);
        };
        socket.write(textOf(request), 'latin1');
        look();
      }),
  };
}

const firstLine = ({ method, target, version = '1.1' }: Request): string => `${method} ${target} HTTP/${version}`;

function textOf(request: Request): string {
  const { headers = [], body, version } = request;
  const host = version === '1.0' || headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: contract'];
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[firstLine(request), ...host, ...headers, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** The first whole answer in these bytes, and what comes after it. */
function takeAnswer(
  bytes: Buffer,
  method: string,
  isOver: boolean,
): { readonly answer: Answer; readonly rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value] as const;
    }),
  );
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  const after = bytes.subarray(end + 4);
  const length = method === 'HEAD' || status === 204 ? 0 : Number(headers.get('content-length') ?? Number.NaN);
  // Without a length the body is all that comes until the connection ends.
  if (Number.isNaN(length) ? !isOver : after.length < length) return undefined;
  const body = Number.isNaN(length) ? after : after.subarray(0, length);
  return { answer: { status, headers, body: body.toString() }, rest: after.subarray(body.length) };
}

/** One request on a connection of its own. */
export async function askOnce(base: string, request: Request, patienceMs?: number): Promise<Answer> {
  const wire = await openWire(base);
  try {
    return await wire.ask(request, patienceMs);
  } finally {
    wire.end();
  }
}
