// Journal entries as lines for people; a switch comes with its phases as a small timeline. Pure.
import type { JournalEntry, SwitchPhases } from '@pgrouted/core/status/schema';
import { formatSpan } from './amounts.ts';
import { clean, hang, type Ink, type Look, lengthOf, paint } from './text.ts';

const kindInks: Readonly<Partial<Record<JournalEntry['kind'], Ink>>> = {
  alarm: 'loud',
  alarm_over: 'good',
  drift: 'warn',
  fenced: 'warn',
  leader: 'strong',
  opened: 'good',
  proxy: 'strong',
  switch: 'strong',
};

/** The line that stands where the date changes; times are UTC, as the router writes them. */
export function renderDate(at: string): string {
  return `--- ${at.slice(0, 10)} (UTC)`;
}

/** One entry; its lines end with a line break. */
export function renderEntry(entry: JournalEntry, look: Look): string {
  const time = entry.at.slice(11, 23);
  // An alarm must be seen by who scrolls through, colour or not.
  const kind = entry.kind === 'alarm' ? 'ALARM' : entry.kind;
  const first = `${time}  ${kind.padEnd(10)}  `;
  const text = clean(placed(entry));
  const lines = hang(first, text, look.width).map((line, i) =>
    i === 0 ? line.replace(kind, (word) => paint(look, kindInks[entry.kind] ?? 'plain', word)) : line,
  );
  const phases = entry.phases === undefined ? [] : renderPhases(entry.phases, entry, look);
  return `${[...lines, ...phases].join('\n')}\n`;
}

/** The text with cluster, service and target, as far as it does not name them itself. */
function placed({ text, cluster, service, target }: JournalEntry): string {
  const where = [cluster, service !== undefined && text.startsWith(service) ? undefined : service]
    .filter((part) => part !== undefined)
    .join('/');
  const start = where === '' || text.startsWith(where) ? '' : `${where}: `;
  const end = target === undefined || text.includes(target) ? '' : ` (${target})`;
  return `${start}${text}${end}`;
}

/** How the old one went, and how the next one came. */
type Words = readonly [gone: (old: string) => string, named: (next: string) => string];

const keyWords: Words = [() => 'leader key gone', (next) => `${next} named leader`];
const stolonWords: Words = [(old) => `${old} withdrawn`, (next) => `${next} named master`];
const ownWords: Words = [(old) => `${old} no longer primary alone`, (next) => `${next} alone says primary`];

interface Phase {
  readonly label: string;
  readonly ms: number;
}

/** The phases in the order in which they came, each with its place on a line from the first sign to the last. */
export function renderPhases(
  phases: SwitchPhases,
  { from, to, source }: Pick<JournalEntry, 'from' | 'to' | 'source'>,
  look: Look,
): readonly string[] {
  const old = from === undefined ? 'the old server' : clean(from);
  const next = to === undefined ? 'the new server' : clean(to);
  // Only a switch of Stolon has these two phases, whether they came or not.
  const isStolon = phases.acknowledgedMs !== undefined || phases.enabledMs !== undefined;
  const [goneWords, namedWords] = source === 'postgres' ? ownWords : isStolon ? stolonWords : keyWords;
  const named: readonly (readonly [string, number | null])[] = [
    [goneWords(old), phases.leaderGoneMs],
    [`${old} fenced`, phases.fencedMs],
    ['acknowledged to Stolon', phases.acknowledgedMs ?? null],
    [namedWords(next), phases.leaderNamedMs],
    ['enabled by Stolon', phases.enabledMs ?? null],
    [`${next} proven`, phases.provenMs],
    ['decided to open', phases.decidedMs],
    [`${next} open`, phases.openedMs],
  ];
  const happened = named
    .flatMap(([label, ms]): readonly Phase[] => (ms === null ? [] : [{ label, ms }]))
    .sort((a, b) => a.ms - b.ms);
  // A switch that was ordered begins before the leader key goes: then nothing below stands at zero.
  if (happened[0] !== undefined && happened[0].ms > 0) happened.unshift({ label: 'first sign', ms: 0 });
  const end = Math.max(1, ...happened.map((phase) => phase.ms));
  const labelWidth = Math.max(0, ...happened.map((phase) => lengthOf(phase.label)));
  const barWidth = Math.max(0, Math.min(40, look.width - labelWidth - 30));
  return happened.map(({ label, ms }) => {
    const place = Math.round((ms / end) * (barWidth - 1));
    const bar = barWidth < 8 ? '' : `  |${'-'.repeat(place)}*${' '.repeat(barWidth - 1 - place)}|`;
    return `${' '.repeat(14)}${formatSpan(ms).padStart(9)}${bar}  ${label}`;
  });
}
