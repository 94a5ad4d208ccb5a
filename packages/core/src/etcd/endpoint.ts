// An etcd endpoint as operators write it: understood, and shown without secrets.
import { EtcdError } from './errors.ts';

export interface Endpoint {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** As shown to people: without user and password, if anybody wrote some. */
  readonly text: string;
}

/** Reads `http://10.0.0.1:2379`, `https://[::1]:2379`, `host:2379`; without a port it is 2379. Throws EtcdError `unreachable`. */
export function parseEndpoint(text: string): Endpoint {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new EtcdError('unreachable', 'an etcd endpoint is written as http://host:2379 or https://host:2379');
  }
  const secure = url.protocol === 'https:';
  // URL drops the port that is the default of its scheme.
  const written = /:(\d+)\/?$/.exec(full)?.[1];
  const port = Number(written ?? (url.port === '' ? 2379 : url.port));
  return { secure, port, host: url.hostname.replace(/^\[|\]$/g, ''), text: `${url.protocol}//${url.hostname}:${port}` };
}

/** What may be shown of an endpoint, even of one that can't be understood. */
export function shownEndpoint(endpoint: string): string {
  try {
    return parseEndpoint(endpoint).text;
  } catch {
    return endpoint.replace(/\/\/[^/]*@/, '//');
  }
}
