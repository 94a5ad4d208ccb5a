// The methods that pgrouted is compared with, set up as their own documentation says: HAProxy asking Patroni's REST API by itself, once as in
// Patroni's docs and once as fast as is usual, and HAProxy asking by a script (external-check), as PgRoute66 was used.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configHead, type HaproxyPaths } from '../lab/haproxy.ts';

export interface CheckedServer {
  readonly name: string;
  readonly port: number;
  readonly restPort: number;
}

export interface Listener {
  readonly backend: string;
  readonly port: number;
  /** The backend's lines that make the method what it is; printed with the result. */
  readonly lines: readonly string[];
}

export const httpchkSeed: readonly string[] = [
  'option httpchk OPTIONS /primary',
  'http-check expect status 200',
  'default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions',
];

export const httpchkFast: readonly string[] = [
  'option httpchk OPTIONS /primary',
  'http-check expect status 200',
  'default-server inter 1s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions',
];

export const externalCheck = (script: string): readonly string[] => [
  'option external-check',
  'external-check path "/usr/bin:/bin"',
  `external-check command ${script}`,
  'default-server inter 2s fall 3 rise 2 on-marked-down shutdown-sessions',
];

/** Asks the Patroni of the server that HAProxy names, by curl. */
export function writeCheckScript(folder: string, servers: readonly CheckedServer[]): string {
  const path = join(folder, 'check.sh');
  const ports = servers.map(({ name, restPort }) => `  ${name}) port=${restPort} ;;`);
  writeFileSync(
    path,
    [
      '#!/bin/bash',
      'case "$HAPROXY_SERVER_NAME" in',
      ...ports,
      'esac',
      '# shellcheck disable=SC2154',
      'exec curl -sf -o /dev/null -m 2 "http://127.0.0.1:$port/primary"',
      '',
    ].join('\n'),
  );
  chmodSync(path, 0o755);
  return path;
}

/** A haproxy.cfg with one frontend and one backend for each method, and with the same time limits as the one that pgrouted drives. */
export function checkedConfig(
  listeners: readonly Listener[],
  servers: readonly CheckedServer[],
  globalLines: readonly string[] = [],
): (paths: HaproxyPaths) => string {
  return ({ adminSocket }) =>
    [
      ...configHead({ adminSocket, level: 'admin', globalOptions: globalLines, checkTimeout: '2s' }),
      ...listeners.flatMap(({ backend, port, lines }) => [
        `frontend fe_${backend}`,
        `    bind 127.0.0.1:${port}`,
        `    default_backend ${backend}`,
        `backend ${backend}`,
        '    balance roundrobin',
        ...lines.map((line) => `    ${line}`),
        ...servers.map((server) => `    server ${server.name} 127.0.0.1:${server.port} check port ${server.restPort}`),
      ]),
      '',
    ].join('\n');
}
