// Runs a shell block of the documentation. `socat - PATH`, which asks HAProxy's socket there, need not be installed: a few lines of Node stand for it.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What `socat - PATH` does: standard input to the socket, what comes back to standard output, until the other side closes. */
const socat = `#!${process.execPath}
const socket = require('node:net').connect(process.argv[3]);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
`;

/** Settles with the standard output when the block has ended; fails with what it wrote when it fails. `folder` is for the stand-in. */
export async function runBlock(block: string, folder: string): Promise<string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'socat'), socat);
  chmodSync(join(bin, 'socat'), 0o755);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', block], {
    env: { PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin` },
  });
  return stdout;
}
