// Reads the daemon's configuration file for commands that work from it without a running daemon.
import { readFileSync } from 'node:fs';
import { type ConfigSurroundings, formatConfigError, type PgroutedConfig } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { type ClusterSpec, isStored, type StoredClusterSpec } from '@pgrouted/core/model/spec';
import { errorText, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { clean } from './render/text.ts';

/** `real`: password files and variables are read. `none`: nothing is contacted, so no secret has to be there. */
export type Secrets = 'real' | 'none';

export function readConfig(io: Io, file: string, secrets: Secrets): PgroutedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`the configuration can't be read: ${errorText(error)}`, exitCodes.usage);
  }
  const result = parseConfig(text, file, secrets === 'real' ? realSurroundings(io) : secretless);
  if (result.ok) return result.config;
  throw new Failure(result.errors.map(formatConfigError).join('\n'), exitCodes.usage);
}

/** The cluster asked for; the only one if none was. */
export function chooseCluster({ clusters }: PgroutedConfig, name: string | undefined): ClusterSpec {
  const known = clusters.map((cluster) => clean(cluster.name)).join(', ');
  const [first, second] = clusters;
  if (name === undefined) {
    if (first === undefined) throw new Failure('the configuration names no cluster', exitCodes.usage);
    if (second === undefined) return first;
    throw new Failure(
      `the configuration has several clusters (${known}); say which one with --cluster NAME`,
      exitCodes.usage,
    );
  }
  const cluster = clusters.find((one) => one.name === name);
  if (cluster === undefined) {
    throw new Failure(`the configuration has no cluster named ${clean(name)}; it has ${known}`, exitCodes.usage);
  }
  return cluster;
}

/** The same, for what only etcd has: a recording, and what is replayed from one. */
export function chooseStoredCluster(config: PgroutedConfig, name: string | undefined): StoredClusterSpec {
  const cluster = chooseCluster(config, name);
  if (isStored(cluster)) return cluster;
  throw new Failure(
    `cluster ${clean(cluster.name)} is read from PostgreSQL itself: there are no records in etcd; \`pgroutectl events\` has what was seen`,
    exitCodes.usage,
  );
}

const realSurroundings = ({ env }: Io): ConfigSurroundings => ({ env, readFile: (path) => readFileSync(path, 'utf8') });

/** Whatever a password would be read from says this instead. */
const notRead = 'not-read';
const secretless: ConfigSurroundings = {
  // PGHOST and PGPORT are no secrets, and have a form.
  env: new Proxy({}, { get: (_, name) => (name === 'PGHOST' || name === 'PGPORT' ? undefined : notRead) }),
  readFile: () => notRead,
};
