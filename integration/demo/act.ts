// One act of the demo: something is done to the cluster, the client is watched until it writes on another server, the timeline is printed.
import { eventually } from '../lab/process.ts';
import { type Gap, wallTime } from '../lab/writer.ts';
import { type Screen, seconds } from './screen.ts';
import type { Theatre, Watched } from './theatre.ts';
import { switchOf, timelineOf } from './timeline.ts';

export interface ActResult {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly gap: Gap;
  /** From the proof that the new server takes writes to HAProxy read back with it in; undefined: the journal did not tell. */
  readonly openingMs: number | undefined;
}

export interface Act {
  readonly name: string;
  /** Does it, and settles when it is done (which may be after the client writes again). */
  readonly perform: () => Promise<unknown>;
  readonly patienceMs: number;
}

export async function play(theatre: Theatre, screen: Screen, { name, perform, patienceMs }: Act): Promise<ActResult> {
  const { writer, daemon } = theatre;
  const from = (await theatre.primary()).name;
  const actAt = performance.now();
  const stop = screen.live(() => liveLine(theatre, actAt));
  try {
    await perform();
    const gap = await eventually(
      'a write on another server',
      () => writer.gaps(0).find((candidate) => candidate.to > actAt && candidate.serverAfter !== from),
      patienceMs,
    );
    const wall = (instant: number) => wallTime(instant).getTime();
    const summary = await eventually(
      'the summary in the journal',
      async () => {
        return switchOf(wall(actAt), await daemon.events(), 'primary');
      },
      5_000,
    );
    stop();
    const journal = await daemon.events();
    const writeGap = { ...gap, lastBefore: wall(gap.from), firstAfter: wall(gap.to) };
    const moments = timelineOf(wall(actAt), journal, 'primary', writeGap, theatre.told(wall(actAt)));
    for (const { ms, who, text, key } of moments) {
      const line = `${signed(ms).padStart(10)}  ${who.padEnd(10)}  ${text}`;
      screen.line(key ? line : screen.paint('faint', line));
    }
    const { provenMs = null, openedMs = null } = summary.phases ?? {};
    const openingMs = provenMs === null || openedMs === null ? undefined : openedMs - provenMs;
    screen.line(
      `  ${screen.paint('strong', `${gap.serverBefore} -> ${gap.serverAfter}: the client could not write for ${seconds(gap.ms)}`)}` +
        (openingMs === undefined ? '' : `; proven writable to open in HAProxy: ${openingMs.toFixed(1)} ms`),
    );
    return { name, from: gap.serverBefore, to: gap.serverAfter, gap, openingMs };
  } finally {
    stop();
  }
}

const signed = (ms: number): string => `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3)} s`;

/** One line that tells how the client fares. */
export function liveLine({ writer, witness }: Watched, since?: number): string {
  const now = performance.now();
  const last = writer.committed().at(-1);
  const age = last === undefined ? 'never' : `${((now - last.endedAt) / 1000).toFixed(1)} s ago`;
  const accepting = witness.history().at(-1) ?? [];
  return [
    ...(since === undefined ? [] : [`+${((now - since) / 1000).toFixed(0)} s`]),
    `HAProxy lets writers in to: ${accepting.length === 0 ? 'nobody' : accepting.join(' and ')}`,
    `client: ${writer.committed().length} written, the last on ${last?.outcome.server ?? '-'} ${age}, ${writer.errors().length} errors`,
  ].join(' | ');
}
