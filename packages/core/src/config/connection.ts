// Words of a connection, as the file has them -> how a member is asked. Defaults that depend on the kind of source stand here.
import type { PostgresHost, ProbeSpec } from '../model/spec.ts';
import { bad, good, type Reading } from './quantities.ts';
import { postgresHost, postgresPort } from './readers.ts';

/** Undefined: left out. */
export interface ConnectionWords {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passfile?: string | undefined;
  readonly dbname?: string | undefined;
  readonly sslmode?: ProbeSpec['sslmode'];
  readonly sslrootcert?: string | undefined;
  readonly sslcert?: string | undefined;
  readonly sslkey?: string | undefined;
  readonly sslcrl?: string | undefined;
  readonly application_name?: string | undefined;
  readonly options?: string | undefined;
  /** Milliseconds. */
  readonly connect_timeout?: number | undefined;
}

/** How often members are asked: at leisure, and during a switch. Milliseconds. */
export type Pace = Pick<ProbeSpec, 'intervalMs' | 'burstMs'>;

/** Records in etcd tell of a switch; the probe confirms it. */
export const storedPace: Pace = { intervalMs: 1000, burstMs: 10 };
/** Nothing but the answers tells of a switch, so they are asked for more often; and for long where a server is down, so gentler in a burst. */
export const postgresPace: Pace = { intervalMs: 250, burstMs: 20 };

const connectTimeoutMs = 2000;

export const connectionOf = (words: ConnectionWords, pace: Pace): ProbeSpec => ({
  user: words.user,
  password: words.password,
  passfile: words.passfile,
  dbname: words.dbname,
  sslmode: words.sslmode,
  sslrootcert: words.sslrootcert,
  sslcert: words.sslcert,
  sslkey: words.sslkey,
  sslcrl: words.sslcrl,
  applicationName: words.application_name,
  options: words.options,
  connectTimeoutMs: words.connect_timeout ?? connectTimeoutMs,
  ...pace,
});

export interface PlaceWords {
  readonly host: string | undefined;
  readonly hostaddr?: string | undefined;
  readonly port: number;
}

/** As libpq: `hostaddr` is where to connect, `host` then the name that the certificate has to bear. */
export const placeOf = ({ host, hostaddr, port }: PlaceWords): Pick<PostgresHost, 'address' | 'serverName'> =>
  hostaddr === undefined
    ? { address: { host: host ?? 'localhost', port } }
    : { address: { host: hostaddr, port }, serverName: host };

type Environment = Readonly<Record<string, string | undefined>>;

/** For a host that names none: PGHOST, else undefined (`localhost`). */
export function hostOfEnvironment({ PGHOST: host }: Environment): Reading<string | undefined> {
  return host === undefined || host === '' ? good(undefined) : told('PGHOST', postgresHost(host));
}

/** For a host that names none: PGPORT, else 5432. */
export function portOfEnvironment({ PGPORT: port }: Environment): Reading<number> {
  return port === undefined || port === '' ? good(5432) : told('PGPORT', postgresPort(port));
}

const told = <T>(variable: string, reading: Reading<T>): Reading<T> =>
  reading.ok
    ? reading
    : bad(`is missing, and the variable ${variable} that stands in for it: ${reading.message}`, 'add it');
