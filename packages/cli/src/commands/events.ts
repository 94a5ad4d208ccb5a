// pgroutectl events: the journal, once or followed.
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { getEvents } from '../api/documents.ts';
import { allEntries, type Followed, follow } from '../api/follow.ts';
import { type RouterAddress, shown } from '../api/request.ts';
import { type ExitCode, exitCodes } from '../failure.ts';
import { type Io, lookOf } from '../io.ts';
import { renderDate, renderEntry } from '../render/events.ts';
import { clean } from '../render/text.ts';
import type { Output } from './status.ts';

/** Where to begin: after an entry's number, or that long ago. */
export type Since = { readonly seq: number } | { readonly agoMs: number };

export interface EventsOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  readonly follow: boolean;
  readonly since: Since | undefined;
  /** Empty: all. */
  readonly kinds: readonly JournalEntry['kind'][];
  /** At most so many of the newest entries to begin with; undefined: all that `since` asks for. */
  readonly count: number | undefined;
}

export async function events(io: Io, options: EventsOptions): Promise<ExitCode> {
  const { router, since, kinds } = options;
  const afterSeq = since !== undefined && 'seq' in since ? since.seq : 0;
  const { events: doc, date } = await getEvents(router, afterSeq, allEntries);
  const print = printer(io, options);

  // The router's own clock, where it tells: the two machines need not agree.
  const start = since !== undefined && 'agoMs' in since ? (date ?? io.clock.wall()).getTime() - since.agoMs : undefined;
  const matching = doc.entries
    .filter((entry) => kinds.length === 0 || kinds.includes(entry.kind))
    .filter((entry) => start === undefined || Date.parse(entry.at) >= start);
  const shownEntries =
    options.count === undefined ? matching : matching.slice(Math.max(0, matching.length - options.count));
  if (doc.lost && afterSeq > 0) {
    const oldest = doc.entries[0]?.seq ?? doc.lastSeq + 1;
    io.err(`pgroutectl: entries ${afterSeq + 1} to ${oldest - 1} have left the router's memory\n`);
  }
  for (const entry of shownEntries) print(entry);
  if (!options.follow) {
    if (shownEntries.length === 0) io.err(nothing(options, doc.lastSeq));
    return exitCodes.ok;
  }
  const last = doc.entries.at(-1);
  for await (const step of follow(router, io, doc.lastSeq, last)) {
    if (step.kind !== 'entry') io.err(`pgroutectl: ${notice(step, router)}\n`);
    else if (kinds.length === 0 || kinds.includes(step.entry.kind)) print(step.entry);
  }
  return exitCodes.ok;
}

function printer(io: Io, { output }: EventsOptions): (entry: JournalEntry) => void {
  let date = '';
  return (entry) => {
    if (output === 'json') return io.out(`${JSON.stringify(entry)}\n`);
    const line = renderDate(entry.at);
    io.out((line === date ? '' : `${line}\n`) + renderEntry(entry, lookOf(io)));
    date = line;
  };
}

function nothing({ kinds, since }: EventsOptions, lastSeq: number): string {
  const which = [kinds.length > 0 ? ` of kind ${kinds.join(', ')}` : '', since === undefined ? '' : ' since then'].join(
    '',
  );
  return `pgroutectl: the journal has no entry${which}; its newest is number ${lastSeq}\n`;
}

function notice(step: Exclude<Followed, { kind: 'entry' }>, router: RouterAddress): string {
  switch (step.kind) {
    case 'lost':
      return step.fromSeq === step.toSeq
        ? `entry ${step.fromSeq} was LOST: it had left the router's memory`
        : `entries ${step.fromSeq} to ${step.toSeq} were LOST: they had left the router's memory`;
    case 'restarted':
      return 'the router was restarted: its journal begins anew, entries between may be LOST';
    case 'disconnected':
      return `${step.failure.message}; trying again`;
    case 'connected':
      return `connected to ${shown(router.url)} again`;
    case 'unreadable':
      return `an entry is of a form that this pgroutectl does not know (${clean(step.detail)}); use the one that came with the router`;
  }
}
