// The configuration as the command line asks for it: which file, of which kind, and what overrides it.
import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  type ConfigResult,
  formatConfigError,
  type LogLevel,
  type PgroutedConfig,
  socketFolders,
} from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { patroniConfig } from '@pgrouted/core/config/patroni-config';
import type { HostAndPort } from '@pgrouted/core/config/readers';
import { errorCode, errorText, exitCodes, Failure } from './failure.ts';

export interface ConfigSource {
  /**
   * `own`: our own configuration or PgRoute66's, whichever its keys say. `pgroute66`: the same, found where PgRoute66 looks for its own, so that a file
   * without a telling key is taken for that. `patroni`: Patroni's own.
   */
  readonly kind: 'own' | 'pgroute66' | 'patroni';
  readonly file: string;
}

/** Where the configuration is if the command line doesn't say. */
export const ownFile = '/etc/pgrouted/pgrouted.yaml';
export const pgRoute66File = '/etc/pgroute66/config.yaml';

/** PGROUTE66CONFIG, which PgRoute66 goes by, else our own file if there is one, else PgRoute66's. */
export function defaultSource(
  { PGROUTE66CONFIG: named }: NodeJS.ProcessEnv,
  isThere: (file: string) => boolean,
): ConfigSource | undefined {
  if (named !== undefined && named !== '') return { kind: 'pgroute66', file: named };
  if (isThere(ownFile)) return { kind: 'own', file: ownFile };
  return isThere(pgRoute66File) ? { kind: 'pgroute66', file: pgRoute66File } : undefined;
}

/** Options that win over the file, also when it is read again. */
export interface Overrides {
  readonly socket?: string;
  readonly listen?: HostAndPort;
  readonly logLevel?: LogLevel;
}

export interface Loaded {
  readonly config: PgroutedConfig;
  readonly warnings: readonly string[];
}

/** Reads and checks it. Throws Failure (`config`) with one line for each error. */
export function loadConfig(source: ConfigSource, overrides: Overrides, env: NodeJS.ProcessEnv): Loaded {
  const result = parse(source, readText(source.file), env);
  if (!result.ok) throw new Failure(exitCodes.config, result.errors.map(formatConfigError).join('\n'));
  const config = overridden(result.config, overrides);
  const tellsNothing = overrides.socket !== undefined && config.clusters.every(({ services }) => services.length === 0);
  return { config, warnings: tellsNothing ? [...result.warnings, toldNothing] : result.warnings };
}

const toldNothing =
  "--socket: no cluster of the configuration has a service, so HAProxy is told nothing; add 'services', and no 'haproxy: []'";

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read by this user',
      EISDIR: 'it is a folder',
    };
    throw new Failure(exitCodes.config, `${file}: ${why[errorCode(error) ?? ''] ?? errorText(error)}`);
  }
}

function parse({ kind, file }: ConfigSource, text: string, env: NodeJS.ProcessEnv): ConfigResult {
  if (kind === 'patroni') return patroniConfig(text, file, { env });
  const socketFolder = socketFolders.find((folder) => existsSync(folder));
  return parseConfig(text, file, { env, readFile: (path) => readFileSync(path, 'utf8'), isOpen, socketFolder }, kind);
}

/** Every user of this machine may read it. */
const isOpen = (path: string): boolean => (statSync(path).mode & 0o004) !== 0;

/** Only PgRoute66's file leaves it to itself which groups there are. */
export const readAsPgRoute66 = ({ groups }: PgroutedConfig): boolean => !groups.clusters;

function overridden(config: PgroutedConfig, { socket, listen, logLevel }: Overrides): PgroutedConfig {
  return {
    ...config,
    ...(socket === undefined ? {} : { haproxy: [{ name: socket, socket, masterSocket: undefined }] }),
    ...(listen === undefined ? {} : { http: { ...config.http, ...listen } }),
    ...(logLevel === undefined ? {} : { log: { ...config.log, level: logLevel } }),
  };
}
