// Readers of single values: what is written -> what it means, or what is wrong and what to write. They never repeat a value that could be
// a secret, or hold one.
import { isAbsolute, posix, resolve } from 'node:path';
import { nearest } from './nearest.ts';
import { bad, good, type Reading, readDuration, readSize } from './quantities.ts';

export type Reader<T> = (value: unknown) => Reading<T>;

const missing = bad('is missing', 'add it');

export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'no value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? `${value}` : 'a number';
}

const notText = (value: unknown): Reading<never> =>
  typeof value === 'number' || typeof value === 'boolean'
    ? bad(`text is needed here, not ${kindOf(value)}`, 'put the value in quotes')
    : bad(`text is needed here, not ${kindOf(value)}`, 'write one text after the colon');

// A control character in a name, path or user is always a mistake, and would break log lines.
const hasControl = (text: string): boolean => [...text].some((char) => char < ' ' || char === '\u007f');

/** Text that is not empty and holds no control characters. */
export const text: Reader<string> = (value) => {
  if (value === undefined) return missing;
  if (typeof value !== 'string') return notText(value);
  if (value.trim() === '') return bad('is empty', 'write a value or remove the key');
  if (hasControl(value)) return bad('holds a control character', 'write it on one line');
  return good(value);
};

const haproxyName = /^[A-Za-z0-9_.:-]{1,64}$/;

/** A name that goes into HAProxy's configuration, into URLs and labels. */
export const name: Reader<string> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  if (!haproxyName.test(read.value) || read.value === '__proto__')
    return bad('HAProxy can hold no such name', 'use 1 to 64 letters A-Z a-z, digits, and the characters _ . : -');
  return read;
};

/** Patroni's scope: one level of the key, so without a slash. */
export const scope: Reader<string> = (value) => {
  const read = text(value);
  if (read.ok && read.value.includes('/'))
    return bad('a scope holds no slash', "put what is before it into 'namespace'");
  return read;
};

/** Patroni's namespace, put into the form `/a/b` as Patroni does: with or without slashes around it, it means the same. `/`: the empty text. */
export const namespace: Reader<string> = (value) => {
  const read = text(value);
  return read.ok ? good(normalNamespace(read.value)) : read;
};

export function normalNamespace(written: string): string {
  const steps = written.split('/').filter((step) => step !== '');
  return steps.map((step) => `/${step}`).join('');
}

/** Stolon's cluster name (`--cluster-name`): one level of the key, so without a slash. */
export const stolonName: Reader<string> = (value) => {
  const read = text(value);
  if (read.ok && read.value.includes('/'))
    return bad('the name of a Stolon cluster holds no slash', "put what is before it into 'prefix'");
  return read.ok && /^\.{1,2}$/.test(read.value) ? bad('is no name', 'write the --cluster-name of Stolon') : read;
};

/**
 * Stolon's store prefix (`--store-prefix`), cleaned as Stolon does (0.17.0: Go's path.Join): no double slash, none at the end. One at the start is a
 * part of the key in etcd v3, so it stays as it was given.
 */
export const storePrefix: Reader<string> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  const clean = cleanPrefix(read.value);
  return clean === '.' ? bad('is empty', 'write the --store-prefix of Stolon, or remove the key') : good(clean);
};

export function cleanPrefix(written: string): string {
  const clean = posix.normalize(written);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** A file; a relative path starts from the folder of the configuration file. */
export const filePath =
  (folder: string): Reader<string> =>
  (value) => {
    const read = text(value);
    if (!read.ok) return read;
    if (read.value.startsWith('~')) return bad("'~' is not expanded here", 'write the whole path');
    return good(isAbsolute(read.value) ? read.value : resolve(folder, read.value));
  };

/** A Unix socket. Linux holds 107 bytes of its path. */
export const socketPath =
  (folder: string): Reader<string> =>
  (value) => {
    const path = filePath(folder)(value);
    if (!path.ok) return path;
    if (/^(unix|ipv4|ipv6|abns|fd)@|^[\w.-]+:\d+$/.test(String(value)))
      return bad(
        'only the path of a Unix socket can be used',
        'name the file of the stats socket, such as /run/haproxy/admin.sock',
      );
    if (Buffer.byteLength(path.value) > 107)
      return bad(`a Unix socket's path can have 107 bytes at most`, 'give HAProxy a stats socket with a shorter path');
    return path;
  };

export const oneOf =
  <const T extends string>(...choices: readonly T[]): Reader<T> =>
  (value) => {
    if (value === undefined) return missing;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return good(found);
    const meant = typeof value === 'string' ? nearest(value, choices) : undefined;
    const list = choices.join(', ');
    return bad(`must be one of ${list}`, meant === undefined ? 'choose one of them' : `did you mean '${meant}'?`);
  };

/** `true` or `false`. YAML 1.2 takes `yes`, `no`, `on` and `off` for text. */
export const truth: Reader<boolean> = (value) => {
  if (value === undefined) return missing;
  if (typeof value === 'boolean') return good(value);
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  const meant = /^(true|yes|on)$/.test(word) ? 'true' : /^(false|no|off)$/.test(word) ? 'false' : undefined;
  return bad(
    `true or false is needed here, not ${kindOf(value)}`,
    meant === undefined ? 'write true or false, without quotes' : `write ${meant}, without quotes`,
  );
};

export const integer =
  (least: number, most: number): Reader<number> =>
  (value) => {
    if (value === undefined) return missing;
    if (typeof value !== 'number' || !Number.isInteger(value))
      return bad(
        `a whole number is needed here, not ${Number.isFinite(value) ? 'a fraction' : kindOf(value)}`,
        `write a number from ${least} to ${most}`,
      );
    if (value < least || value > most)
      return bad(`must lie between ${least} and ${most}`, 'choose a number in between');
    return good(value);
  };

/** Milliseconds within bounds; the bounds are told in seconds or milliseconds, whichever reads better. */
export const duration =
  (leastMs: number, mostMs: number): Reader<number> =>
  (value) => {
    const read = readDuration(value);
    if (!read.ok) return read;
    if (read.value < leastMs || read.value > mostMs)
      return bad(
        `must lie between ${inWords(leastMs)} and ${inWords(mostMs)}`,
        'a number without a unit means seconds; choose a duration in between',
      );
    return read;
  };

const inWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

export const size =
  (leastBytes: number): Reader<number> =>
  (value) => {
    const read = readSize(value);
    if (read.ok && read.value < leastBytes)
      return bad(`must be at least ${leastBytes} bytes`, 'a number without a unit means bytes');
    return read;
  };

/** `auto`, or milliseconds. */
export const grace: Reader<'auto' | number> = (value) => {
  if (value === 'auto') return good('auto');
  const read = duration(1000, 3_600_000)(value);
  return read.ok ? read : bad(`${read.message} (or auto)`, read.remedy);
};

/** `http://host:port` or `https://host:port`. What was written is never repeated: it could hold a password. */
export const endpoint: Reader<string> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  const remedy = 'write it as http://10.0.0.11:2379 or https://etcd1.example.com:2379';
  const url = URL.canParse(read.value) ? new URL(read.value) : undefined;
  if (url === undefined || !/^https?:\/\//.test(read.value)) return bad('is not an http or https URL', remedy);
  if (url.username !== '' || url.password !== '')
    return bad('holds a user or password', "give them as 'user' and 'password_file' beside 'endpoints'");
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return bad('holds more than scheme, host and port', remedy);
  return good(read.value.replace(/\/$/, ''));
};

const severalServers = bad('names several servers', 'name each server as a host of its own');

/** Where a PostgreSQL server is, as libpq writes it: a name, an address, or the folder of its socket. */
export const postgresHost: Reader<string> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  if (read.value.startsWith('/')) return read;
  if (read.value.includes(',')) return severalServers;
  if (/^[^:]*:\d+$/.test(read.value)) return bad('holds a port', "write it as 'port'");
  if (/[\s@/[\]]/.test(read.value))
    return bad('is no host', 'write a name, an address, or the folder of a Unix socket');
  return read;
};

/** 1 to 65535; as text as well, since libpq takes it so. */
export const postgresPort: Reader<number> = (value) => {
  if (typeof value === 'string' && value.includes(',')) return severalServers;
  return integer(1, 65_535)(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
};

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[IPV6]:PORT`. */
export const listen: Reader<HostAndPort> = (value) => {
  const read = text(value);
  if (!read.ok) return read;
  const remedy = 'write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0:8080 is every IPv4 address';
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(read.value);
  if (match === null) return bad('is not HOST:PORT', remedy);
  const [, ipv6, host, port] = match;
  if (Number(port) > 65_535) return bad('a port is at most 65535', remedy);
  return good({ host: ipv6 ?? host ?? '', port: Number(port) });
};
