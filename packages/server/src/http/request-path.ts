// The path of a request as PgRoute66's HTTP library reads it: percent escapes are decoded before routes are looked for, whatever bytes that gives.
// Pure. Texts are bytes, one in each character, as Node hands them over.

export interface RequestPath {
  /** Decoded, one character a byte. */
  readonly path: string;
  /** With its question mark; empty if there is none. */
  readonly query: string;
}

/** Undefined: an escape is broken off or has no hexadecimal digits. */
export function requestPath(url: string): RequestPath | undefined {
  const [, encoded = '', query = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)(.*)$/is.exec(url) ?? [];
  const path = unescaped(encoded);
  return path === undefined ? undefined : { path, query };
}

/** Undefined: an escape is broken off or has no hexadecimal digits. */
export function unescaped(encoded: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(encoded)) return undefined;
  return encoded.replaceAll(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** A path as it stands in a URL: these characters as they are, all other bytes as escapes. */
export const escapedPath = (path: string): string => path.replaceAll(/[^\w.~$&+,/:;=@-]/g, escapedByte);

export const escapedByte = (byte: string): string =>
  `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
