// The checks of those who run HAProxy with `external-check` beside PgRoute66's API: a script that asks the API and compares what comes back with the
// server's name. Their logic in words of our own, for tests of what such scripts get to see; pgrouted itself needs none of it.
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ExternalChecks {
  /** Paths of the scripts, as `external-check command` takes them. */
  readonly primary: string;
  readonly standby: string;
  /** Calls a script as HAProxy would: true if it is content with that server of that backend. */
  readonly content: (script: 'primary' | 'standby', backend: string, server: string) => Promise<boolean>;
}

/** The API belongs to the group that stands before the first dash of the backend's name. */
const head = (apiPort: number): string => `#!/bin/bash
group=\${HAPROXY_PROXY_NAME%%-*}
api=http://localhost:${apiPort}/v1
`;

const primaryScript = `primary=$(curl --silent --max-time 2 "$api/primary?group=$group" | xargs)
[ "$primary" = "$HAPROXY_SERVER_NAME" ]
`;

const standbyScript = `curl --silent --max-time 2 "$api/standbys?group=$group" | grep --quiet "\\"$HAPROXY_SERVER_NAME\\""
`;

/** What HAProxy is told by `external-check path`: without it a script finds no program. */
const path = '/usr/bin:/bin';

/** Writes both scripts into the folder, for an API on that port of this machine. */
export function writeExternalChecks(folder: string, apiPort: number): ExternalChecks {
  const write = (name: string, body: string): string => {
    const file = join(folder, name);
    writeFileSync(file, head(apiPort) + body);
    chmodSync(file, 0o755);
    return file;
  };
  const primary = write('checkpgprimary.sh', primaryScript);
  const standby = write('checkpgstandby.sh', standbyScript);
  return {
    primary,
    standby,
    content: (script, backend, server) =>
      new Promise((resolve) => {
        const env = { PATH: path, HAPROXY_PROXY_NAME: backend, HAPROXY_SERVER_NAME: server };
        execFile(script === 'primary' ? primary : standby, { env }, (error) => resolve(error === null));
      }),
  };
}
