// pgroutectl status: the whole picture on one page, once or again and again.
import { getStatus } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import { type Io, lookOf, pause } from '../io.ts';
import { renderStatus } from '../render/status.ts';

export type Output = 'table' | 'json';

export interface StatusOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  /** Undefined: once. */
  readonly watchMs: number | undefined;
}

export async function status(io: Io, options: StatusOptions): Promise<ExitCode> {
  if (options.watchMs !== undefined) return watch(io, options, options.watchMs);
  const doc = await getStatus(options.router);
  io.out(
    options.output === 'json'
      ? `${JSON.stringify(doc, null, 2)}\n`
      : renderStatus(doc, { ...lookOf(io), now: io.clock.wall() }),
  );
  return doc.ready ? exitCodes.ok : exitCodes.notReady;
}

/** Goes on when the router cannot be reached for a while: that is when somebody watches. */
async function watch(io: Io, options: StatusOptions, everyMs: number): Promise<ExitCode> {
  const page = options.output === 'table' && io.columns !== undefined;
  if (page) io.out('\x1b[2J');
  while (!io.interrupted.aborted) {
    const text = await oneRound(io, options);
    // Drawn over the old page line by line, so that nothing flickers; what is left of the old one goes.
    io.out(page ? `\x1b[H${text.replaceAll('\n', '\x1b[K\n')}\x1b[J` : text);
    await pause(io, everyMs);
  }
  return exitCodes.ok;
}

async function oneRound(io: Io, { router, output }: StatusOptions): Promise<string> {
  try {
    const doc = await getStatus(router);
    if (output === 'json') return `${JSON.stringify(doc)}\n`;
    const text = renderStatus(doc, { ...lookOf(io), now: io.clock.wall() });
    return io.columns === undefined ? `${text}\n` : text;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (output === 'table') return `${io.clock.wall().toISOString()}  ${error.message}\n`;
    io.err(`pgroutectl: ${error.message}\n`);
    return '';
  }
}
