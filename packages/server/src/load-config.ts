// The configuration as the command line asks for it: which file, of which kind, and what overrides it.
import { readFileSync } from 'node:fs';
import { type ConfigResult, formatConfigError, type LogLevel, type PgroutedConfig } from '@pgrouted/core/config/config';
import { parseConfig } from '@pgrouted/core/config/parse';
import { patroniConfig } from '@pgrouted/core/config/patroni-config';
import type { HostAndPort } from '@pgrouted/core/config/readers';
import { errorCode, errorText, exitCodes, Failure } from './failure.ts';

export type ConfigSource =
  | { readonly kind: 'own'; readonly file: string }
  | { readonly kind: 'patroni'; readonly file: string };

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
  return { config: overridden(result.config, overrides), warnings: result.warnings };
}

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
  return parseConfig(text, file, { env, readFile: (path) => readFileSync(path, 'utf8') });
}

function overridden(config: PgroutedConfig, { socket, listen, logLevel }: Overrides): PgroutedConfig {
  return {
    ...config,
    ...(socket === undefined ? {} : { haproxy: [{ name: socket, socket, masterSocket: undefined }] }),
    ...(listen === undefined ? {} : { http: { ...config.http, ...listen } }),
    ...(logLevel === undefined ? {} : { log: { ...config.log, level: logLevel } }),
  };
}
