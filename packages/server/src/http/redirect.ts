// A slash too many at the end: PgRoute66 sends the client to the path without it, with 301 and a line of HTML. Pure.
import { posix } from 'node:path';
import { escapedByte, escapedPath, type RequestPath } from './request-path.ts';

export interface Redirect {
  readonly location: string;
  readonly body: string;
}

/** Its own routes, and anything right below /v1/, whether there is such a route or not. */
const redirected = /^\/v1\/(?:[^/]+|[^/]*\/(?:status|availability))\/$/;

/** Undefined: PgRoute66 redirects no such path. */
export function redirectOf({ path, query }: RequestPath): Redirect | undefined {
  if (!redirected.test(path)) return undefined;
  const clean = posix.normalize(escapedPath(path.slice(0, -1)));
  const location = `${clean}${query}`.replaceAll(/[^ -~]/g, escapedByte);
  return { location, body: `<a href="${htmlEscaped(location)}">Moved Permanently</a>.\n\n` };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

const htmlEscaped = (text: string): string => text.replaceAll(/[&<>"']/g, (found) => entities[found] ?? found);
