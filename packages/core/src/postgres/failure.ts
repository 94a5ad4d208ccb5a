// What a failed connection or question means to a DBA, and what to do about it. Never holds a password: only the server's and the system's words.
import pg from 'pg';
import type { ProbeReading } from '../model/probe.ts';
import type { Millis } from '../model/units.ts';

export type FailureKind = 'starting' | 'stopping' | 'down' | 'silent' | 'denied';

/** An attempt that could not even be made: the sentence says what to do. */
export class ConnectionProblem extends Error {
  override readonly name = 'ConnectionProblem';
}

/** Nothing came back in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  constructor(waitedMs: number, where: string) {
    super(`no answer from ${where} within ${Math.round(waitedMs)} ms`);
  }
}

/**
 * `errors`: one for each way that was tried, in order; the last one decides.
 * `endedBy`: what ended the session before, if one was ended and nothing has answered since.
 */
export function failureReading(errors: readonly unknown[], at: Millis, endedBy?: unknown): ProbeReading {
  return { kind: failureKind(errors.at(-1), endedBy), at, error: failureText(errors) };
}

/** What went wrong, and what to do about it: one text for each way that was tried. */
export const failureText = (errors: readonly unknown[]): string => [...new Set(errors.map(textOfOne))].join('; then: ');

/** A question that the server refused, in the words of its log and psql. */
export const refusalText = (error: unknown): string => {
  const text = shortened(messageOf(error));
  if (!(error instanceof pg.DatabaseError)) return text;
  return `${error.severity ?? 'ERROR'}: ${text} (SQLSTATE ${error.code ?? 'unknown'})`;
};

export function failureKind(error: unknown, endedBy?: unknown): FailureKind {
  if (error instanceof NoAnswer) return 'silent';
  if (error instanceof ConnectionProblem) return 'denied';
  if (error instanceof pg.DatabaseError) return serverKind(error, endedBy);
  const code = codeOf(error);
  if (code === undefined) return isCutOff(error) ? 'down' : 'denied';
  if (downCodes.has(code)) return 'down';
  if (silentCodes.has(code)) return 'silent';
  // The rest are Node's and OpenSSL's names for what is wrong with TLS: a server is there, but not for us.
  return 'denied';
}

const downCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOENT']);
const silentCodes = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
]);

function serverKind({ code, message }: pg.DatabaseError, endedBy: unknown): FailureKind {
  if (code === '57P01' || code === '57P02') return 'stopping';
  if (code !== '57P03') return 'denied';
  if (/shutting down/i.test(message)) return 'stopping';
  if (/starting up|recovery mode|accepting connections/i.test(message)) return 'starting';
  // The server speaks another language (lc_messages), and no field tells the two apart. If it has just ended our session to stop, it is stopping.
  return endedBy instanceof pg.DatabaseError && endedBy.code === '57P01' ? 'stopping' : 'starting';
}

/** True when another way to connect may succeed where this one failed, as libpq sees it: the server was reached and said no. */
export function mayTryOtherWay(error: unknown, reachedForTls: boolean): boolean {
  if (error instanceof pg.DatabaseError) return !error.code?.startsWith('57P');
  return failureKind(error) === 'denied' || (reachedForTls && failureKind(error) === 'down');
}

const advice: Readonly<Record<string, string>> = {
  '28P01': 'check user and password of the probe (password, passfile, PGPASSWORD)',
  '28000': 'check pg_hba.conf, the role and, with certificates, sslcert/sslkey',
  '3D000': 'set dbname of the probe to a database that exists',
  '53300': 'too many connections: raise max_connections, or limit what clients take',
  '42501': 'the role may not connect: GRANT CONNECT, or choose another dbname',
};

function textOfOne(error: unknown): string {
  const text = shortened(messageOf(error));
  if (error instanceof pg.DatabaseError) {
    const hint = advice[error.code ?? ''];
    return `${text} (SQLSTATE ${error.code ?? 'unknown'})${hint === undefined ? '' : `: ${hint}`}`;
  }
  const code = codeOf(error);
  if (/does not support SSL/i.test(text))
    return 'the server offers no TLS: turn ssl on there, or choose another sslmode';
  if (error instanceof NoAnswer || error instanceof ConnectionProblem || code === undefined) return text;
  if (downCodes.has(code) || silentCodes.has(code)) return text;
  return `TLS: ${text} (${code}): check sslrootcert, sslmode and the server's certificate`;
}

function messageOf(error: unknown): string {
  // One error for each address of a host name.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** node-postgres has no code for the plain end of a connection. */
const isCutOff = (error: unknown): boolean => /^Connection terminated/.test(messageOf(error));

/** node-postgres's words for the answer `N` to the request for TLS. */
export const offersNoTls = (error: unknown): boolean => /does not support SSL connections/.test(messageOf(error));

/** Foreign text: one line, bounded. */
const shortened = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300);
