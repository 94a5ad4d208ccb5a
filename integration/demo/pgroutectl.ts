// What pgroutectl prints: of the router as it is, or as it was when its status was taken (starting a program takes longer than some states last).
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { bundles, type Daemon } from '../lab/daemon.ts';
import { freePort } from '../lab/process.ts';

/** Its lines, whatever its exit code. */
export function pgroutectl(url: string, ...args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundles.pgroutectl, '--url', url, ...args], (_, stdout, stderr) =>
      resolve((stdout + stderr).trimEnd().split('\n')),
    );
  });
}

/** The document of `GET /v2/status`, now. */
export const statusOf = async (daemon: Daemon): Promise<string> => (await daemon.get('/v2/status')).body;

/** The same for a router that answers with that document. */
export async function pgroutectlOn(document: string, ...args: readonly string[]): Promise<readonly string[]> {
  const port = await freePort();
  const server = createServer((_, answer) => answer.setHeader('content-type', 'application/json').end(document));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const lines = await pgroutectl(`http://127.0.0.1:${port}`, ...args);
  server.close();
  return lines;
}
