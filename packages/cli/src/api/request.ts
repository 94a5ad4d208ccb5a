// One GET of the router's HTTP API. Every way in which it can fail becomes one line with its remedy.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { errorCode, errorText, exitCodes, Failure } from '../failure.ts';
import { clean } from '../render/text.ts';

/** Where the router is and how long to wait for it. */
export interface RouterAddress {
  /** Without a slash at its end. */
  readonly url: URL;
  /** For each answer: until its end; for a stream: until its head. */
  readonly timeoutMs: number;
}

export const defaultUrl = 'http://127.0.0.1:8080';

export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Failure(
      `\`${text}\` is no URL of a router; it has to look like ${defaultUrl} (--url or PGROUTED_URL)`,
      exitCodes.usage,
    );
  }
  return url;
}

/** The URL for messages: without user, password and query. */
export const shown = (url: URL): string => `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;

/** A path below the router's URL, which may itself have one (behind a reverse proxy). */
export function below(base: URL, path: string, query: Readonly<Record<string, string | number>> = {}): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.search = '';
  url.hash = '';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url;
}

export interface Answer {
  readonly text: string;
  /** The router's time of day, if it told. */
  readonly date: Date | undefined;
}

/** Far above any status document; keeps a wrong address from filling the memory. */
const bodyLimit = 64 * 1024 * 1024;

/** The body of a 200 answer. Throws a {@link Failure} for everything else. */
export async function get(
  router: RouterAddress,
  path: string,
  query: Readonly<Record<string, string | number>> = {},
): Promise<Answer> {
  const deadline = AbortSignal.timeout(router.timeoutMs);
  try {
    const message = await open(router, path, query, { accept: 'application/json' }, deadline);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of message) {
      if (!Buffer.isBuffer(chunk)) continue;
      length += chunk.length;
      if (length > bodyLimit)
        throw new Failure(`GET ${shown(below(router.url, path))} gave more than 64 MiB; that is no pgrouted`);
      chunks.push(chunk);
    }
    const date = message.headers.date === undefined ? Number.NaN : Date.parse(message.headers.date);
    return { text: Buffer.concat(chunks).toString('utf8'), date: Number.isNaN(date) ? undefined : new Date(date) };
  } catch (error) {
    throw toFailure(router, path, error, deadline.aborted);
  }
}

/** The head of a 200 answer; its body is still to come. Errors are raw: {@link toFailure} words them. */
export function open(
  router: RouterAddress,
  path: string,
  query: Readonly<Record<string, string | number>>,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = below(router.url, path, query);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = request(url, { headers: { ...headers, connection: 'close' }, signal, agent: false }, (message) => {
      if (message.statusCode === 200) return resolve(message);
      void complaintOf(message).then((complaint) => reject(new WrongStatus(message.statusCode ?? 0, complaint)));
    });
    call.once('error', reject);
    call.end();
  });
}

class WrongStatus extends Error {
  readonly status: number;
  /** What the router said about it, if it did. */
  readonly complaint: string | undefined;
  constructor(status: number, complaint: string | undefined) {
    super(`HTTP status ${status}`);
    this.status = status;
    this.complaint = complaint;
  }
}

const complaintSchema = z.object({ error: z.string().max(500) });
const complaintLimit = 4_096;

/** The `error` of a JSON answer; undefined if it has none, is long or breaks off. */
async function complaintOf(message: IncomingMessage): Promise<string | undefined> {
  try {
    let text = '';
    message.setEncoding('utf8');
    for await (const chunk of message) {
      text += String(chunk);
      if (text.length > complaintLimit) return undefined;
    }
    const parsed = complaintSchema.safeParse(JSON.parse(text));
    return parsed.success ? clean(parsed.data.error) : undefined;
  } catch {
    // An answer without words: its status has to do.
    return undefined;
  }
}

/** The error of a request as one line with its remedy. */
export function toFailure(router: RouterAddress, path: string, error: unknown, timedOut: boolean): Failure {
  if (error instanceof Failure) return error;
  const where = shown(router.url);
  const other = 'another address: --url URL or PGROUTED_URL';
  if (error instanceof WrongStatus) {
    return error.status === 404
      ? new Failure(
          `${where} answers, but knows no ${path} (404): is it another program, or a pgrouted without this API? (${other})`,
        )
      : new Failure(
          `${where} answered ${path} with HTTP status ${error.status}${error.complaint === undefined ? '' : ` (${error.complaint})`}; see the log of pgrouted (journalctl -u pgrouted)`,
        );
  }
  if (timedOut) {
    return new Failure(
      `no answer from ${where} within ${router.timeoutMs} ms: is pgrouted overloaded or stopped, or a firewall between? (--timeout waits longer; ${other})`,
    );
  }
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return new Failure(
        `${where} refused the connection: is pgrouted running there (systemctl status pgrouted)? (${other})`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(`the host of ${where} is not known to the name service (${other})`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Failure(`there is no route to ${where} (${other})`);
    case 'ECONNRESET':
    case 'EPIPE':
    case 'HPE_INVALID_CONSTANT':
      return new Failure(
        `${where} broke the connection off or does not speak HTTP: is that the address of pgrouted's API? (${other})`,
      );
    default:
      return new Failure(`asking ${where}${path} failed: ${errorText(error)} (${other})`);
  }
}
