// One entry of PgRoute66's `hosts`: libpq's keywords, all of them texts -> how that server is reached and asked.
import { isUtf8 } from 'node:buffer';
import type { PostgresHost } from '../model/spec.ts';
import type { ConfigSurroundings } from './config.ts';
import { connectionOf, hostOfEnvironment, placeOf, portOfEnvironment, postgresPace } from './connection.ts';
import { nearest } from './nearest.ts';
import type { Notes } from './pgroute66-notes.ts';
import { bad, good, type Reading } from './quantities.ts';
import { oneOf, postgresHost, postgresPort, type Reader, text } from './readers.ts';
import { sslModes } from './schema-connection.ts';

type Words = Readonly<Record<string, string>>;

/** libpq's other keywords (PostgreSQL 18), and pgx's, with which PgRoute66 connects. */
const notUsed = new Set(
  `channel_binding client_encoding default_query_exec_mode description_cache_capacity fallback_application_name gssdelegation gssencmode gsslib
  keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname krbspn load_balance_hosts max_protocol_version min_protocol_version
  oauth_client_id oauth_client_secret oauth_issuer oauth_scope replication require_auth requirepeer requiressl scram_client_key scram_server_key
  servicefile ssl_max_protocol_version ssl_min_protocol_version sslcertmode sslcompression sslcrldir sslkeylogfile sslnegotiation sslpassword sslsni
  statement_cache_capacity target_session_attrs tcp_user_timeout`.split(/\s+/),
);
/** The keywords that have a meaning here. */
export const usedWords = [
  'host',
  'hostaddr',
  'port',
  'user',
  'password',
  'b64password',
  'passfile',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslcrl',
  'application_name',
  'options',
  'connect_timeout',
];
// pgx knows the database by this name too.
const accepted = [...usedWords, 'database', 'service'];

/** Undefined: something in it can't be used, and `notes` has it. */
export function hostOf(
  name: string,
  words: Words,
  notes: Notes,
  { env, socketFolder }: Pick<ConfigSurroundings, 'env' | 'socketFolder'>,
): PostgresHost | undefined {
  let sound = true;
  /** What `reader` makes of a word; a word left out or empty is undefined, as in libpq. */
  const word = <T>(key: string, reader: Reader<T>): T | undefined => {
    const written = words[key];
    return written === undefined || written === '' ? undefined : taken(key, reader(written));
  };
  const taken = <T>(key: string, read: Reading<T>): T | undefined => {
    if (read.ok) return read.value;
    sound = false;
    notes.complain(['hosts', name, key], read.message, read.remedy);
    return undefined;
  };
  warnOfOtherWords(name, words, notes);
  word('service', () =>
    bad('connection service files are not read', 'write the words that the service stands for in its place'),
  );
  const password = word('b64password', decoded) ?? word('password', secret);
  if (words['b64password'] !== undefined && password !== undefined && /[\r\n]$/.test(password))
    notes.warn(['hosts', name, 'b64password'], 'the password ends with a line end; was it encoded with `echo -n`?');
  // With an address the host is only a name to be checked.
  const folder = words['hostaddr'] ? undefined : socketFolder;
  const place = {
    host: word('host', postgresHost) ?? taken('host', hostOfEnvironment(words['host'] ? {} : env)) ?? folder,
    hostaddr: word('hostaddr', postgresHost),
    port: word('port', postgresPort) ?? taken('port', portOfEnvironment(words['port'] ? {} : env)) ?? 0,
  };
  const connection = connectionOf(
    {
      user: word('user', text),
      password,
      passfile: word('passfile', text),
      dbname: word('dbname', text) ?? word('database', text),
      sslmode: word('sslmode', oneOf(...sslModes)),
      sslrootcert: word('sslrootcert', text),
      sslcert: word('sslcert', text),
      sslkey: word('sslkey', text),
      sslcrl: word('sslcrl', text),
      application_name: word('application_name', text),
      options: word('options', text),
      connect_timeout: word('connect_timeout', timeout),
    },
    postgresPace,
  );
  return sound ? { name, ...placeOf(place), connection: { ...connection, dbnameDefault: 'user' } } : undefined;
}

function warnOfOtherWords(name: string, words: Words, notes: Notes): void {
  for (const key of Object.keys(words)) {
    // How large PgRoute66's pools of connections are: there are none here.
    if (accepted.includes(key) || key.startsWith('pool_')) continue;
    const path = ['hosts', name, key];
    if (notUsed.has(key)) notes.warn(path, 'is not used');
    else if (notes.isLoneKey(path))
      notes.warn(path.slice(0, -1), 'a word without a value is not used; put a text that holds a comma in quotes');
    else {
      const meant = nearest(key, usedWords);
      notes.warn(
        path,
        `is no connection keyword and not used${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
      );
    }
  }
}

const secret: Reader<string> = (written) =>
  typeof written === 'string' && !written.includes('\0')
    ? good(written)
    : bad('holds a zero byte', 'no password of PostgreSQL can hold one');

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 of UTF-8 text. Line ends within it don't matter, as to Go; everything else does. Never repeats it. */
const decoded: Reader<string> = (written) => {
  const bytes = base64(written);
  if (!bytes.ok) return bytes;
  return isUtf8(bytes.value)
    ? secret(bytes.value.toString('utf8'))
    : bad('is base64 of something that is no UTF-8 text', "encode the password with `printf %s '...' | base64`");
};

/** The bytes that base64 with its padding stands for. */
export const base64: Reader<Buffer> = (written) => {
  const plain = String(written).replaceAll(/[\r\n]/g, '');
  return base64Form.test(plain)
    ? good(Buffer.from(plain, 'base64'))
    : bad('is not base64', 'encode it with `base64 -w0`; its length is a multiple of 4, filled up with =');
};

/** libpq's: whole seconds; 0 means no limit, here the default, since a server that never answers must not be waited for; 1 counts as 2. */
const timeout: Reader<number | undefined> = (written) => {
  const match = /^\s*[+-]?\d+\s*$/.test(String(written));
  if (!match) return bad('is no whole number of seconds', 'write seconds as a number, such as 2');
  const seconds = Number(written);
  return good(seconds <= 0 ? undefined : Math.min(3600, Math.max(2, seconds)) * 1000);
};
