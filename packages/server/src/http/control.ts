// Who may change something over HTTP: whoever connects from this machine, whoever shows the secret, or nobody, as `http.control` says. A page in somebody's browser
// never may. Changes nothing itself.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ControlSpec } from '@pgrouted/core/config/config';
import type { FastifyRequest } from 'fastify';

export interface ControlRefusal {
  readonly status: 401 | 403;
  readonly error: string;
  readonly remedy: string;
}

/** Undefined: it is allowed. */
export function controlRefusal(request: FastifyRequest, control: ControlSpec): ControlRefusal | undefined {
  const { headers } = request;
  if (headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none')
    return {
      status: 403,
      error: 'a page in a browser may change nothing here',
      remedy: 'use pgroutectl, or another client that sends no Origin',
    };
  switch (control.kind) {
    case 'off':
      return {
        status: 403,
        error: 'overrides can not be changed over HTTP: http.control is off',
        remedy: 'set http.control to loopback or to a token_file in the configuration of pgrouted',
      };
    case 'loopback':
      return isFromHere(request) ? undefined : notFromHere;
    case 'token':
      return bears(headers.authorization, control.token) ? undefined : withoutToken;
  }
}

const notFromHere: ControlRefusal = {
  status: 403,
  error: 'overrides may be changed from the machine of pgrouted only: http.control is loopback',
  remedy: 'ask there, at its loopback address, or set http.control to a token_file',
};

const withoutToken: ControlRefusal = {
  status: 401,
  error: 'the token is missing or is another one',
  remedy: "send 'Authorization: Bearer TOKEN' (pgroutectl: --token-file FILE or PGROUTED_TOKEN)",
};

/** A proxy on this machine speaks for somebody else. */
const forwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

const isFromHere = ({ raw, headers }: FastifyRequest): boolean =>
  isLoopback(raw.socket.remoteAddress) && forwarded.every((name) => headers[name] === undefined);

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/.test(address);

/** Takes as long whatever is shown: the digests are compared, which have one length. */
function bears(authorization: string | undefined, token: string): boolean {
  const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
