// One request that changes something at the router: set or lift an override. Whatever it refuses becomes one line with the router's own remedy. The secret is sent,
// never shown.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type OverrideDocument, overrideAnswerSchema } from '@pgrouted/core/status/schema';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import { clean } from '../render/text.ts';
import { below, type RouterAddress, shown, toFailure } from './request.ts';

export interface Change {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: nothing is. */
  readonly body: unknown;
  /** Undefined: the router is to trust this machine. */
  readonly token: string | undefined;
}

export interface Changed {
  readonly override: OverrideDocument;
  readonly scope: 'fleet' | 'local';
  /** Why it is local. */
  readonly why: string | null;
}

/** What etcd may take to answer the router is waited for as well. */
const slackMs = 5_000;
const answerLimit = 64 * 1024;

const refusalSchema = z.object({ error: z.string().max(2_000), remedy: z.string().max(2_000).optional() });

export async function change(router: RouterAddress, asked: Change): Promise<Changed> {
  const deadline = AbortSignal.timeout(router.timeoutMs + slackMs);
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await send(router, asked, deadline);
  } catch (error) {
    throw toFailure(router, asked.path, error, deadline.aborted);
  }
  const json = jsonOf(answer.text);
  const done = overrideAnswerSchema.safeParse(json);
  if ((answer.status === 200 || answer.status === 201) && done.success) return done.data;
  const refusal = refusalSchema.safeParse(json);
  if (refusal.success && refusal.data.remedy !== undefined)
    throw new Failure(`${clean(refusal.data.error)}; ${clean(refusal.data.remedy)}`);
  const said = refusal.success ? ` (${clean(refusal.data.error)})` : '';
  throw new Failure(
    `${shown(router.url)} answered ${asked.method} ${asked.path} with HTTP status ${answer.status}${said}: is that a pgrouted that knows overrides? (another address: --url URL or PGROUTED_URL)`,
  );
}

function send(
  router: RouterAddress,
  { method, path, query, body, token }: Change,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = below(router.url, path, query);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const content = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    connection: 'close',
    ...(content === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, signal, agent: false }, (message) => {
      let text = '';
      message.setEncoding('utf8');
      message.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > answerLimit) message.destroy(new Failure(`${shown(url)} gave far too long an answer`));
      });
      message.once('error', reject);
      message.once('end', () => resolve({ status: message.statusCode ?? 0, text }));
    });
    call.once('error', reject);
    call.end(content);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by its status.
    return undefined;
  }
}
