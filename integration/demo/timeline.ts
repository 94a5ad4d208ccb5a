// Puts the journal of pgrouted and what the writing client saw on one axis, from the act (an order, a kill) on. Pure.
import type { JournalEntry } from '@pgrouted/core/status/schema';

export interface Moment {
  /** Milliseconds after the act; negative: before. */
  readonly ms: number;
  /** Who saw or did it. */
  readonly who: 'client' | 'etcd' | 'PostgreSQL' | 'pgrouted' | 'HAProxy' | 'sentinel' | 'keeper';
  readonly text: string;
  /** Worth being seen first. */
  readonly key: boolean;
}

/** The client's side of an act: its last write before and its first one after the time without writes. Times of day in ms. */
export interface WriteGap {
  readonly lastBefore: number;
  readonly firstAfter: number;
  readonly ms: number;
  readonly errors: number;
  readonly serverBefore: string;
  readonly serverAfter: string;
}

const whoByKind: Readonly<Partial<Record<JournalEntry['kind'], Moment['who']>>> = {
  leader: 'etcd',
  member: 'etcd',
  view: 'etcd',
  probe: 'PostgreSQL',
  decision: 'pgrouted',
  alarm: 'pgrouted',
  proxy: 'pgrouted',
  fenced: 'HAProxy',
  opened: 'HAProxy',
  target: 'HAProxy',
};

/** The column before the text says it already. */
const withoutSubject = (text: string, who: Moment['who']): string => text.replace(new RegExp(`^${who} of `), '');

const keyKinds: ReadonlySet<JournalEntry['kind']> = new Set(['leader', 'fenced', 'opened', 'proxy']);

/**
 * `actAt`: the time of day of the act, in ms. `others`: what somebody else has to tell. What comes after the client writes again belongs to another
 * story and is left out.
 */
export function timelineOf(
  actAt: number,
  journal: readonly JournalEntry[],
  service: string,
  gap: WriteGap,
  others: readonly Moment[] = [],
): readonly Moment[] {
  const told = journal.flatMap((entry): readonly Moment[] => {
    const ms = Date.parse(entry.at) - actAt;
    const who = whoByKind[entry.kind];
    if (who === undefined || ms < 0 || ms > gap.firstAfter - actAt) return [];
    // The read service goes its own way.
    if (entry.service !== undefined && entry.service !== service) return [];
    return [
      {
        ms,
        who,
        text: withoutSubject(entry.text, who),
        key: keyKinds.has(entry.kind),
      },
    ];
  });
  const moments: readonly Moment[] = [
    { ms: gap.lastBefore - actAt, who: 'client', text: `last write, on ${gap.serverBefore}`, key: true },
    ...others.filter(({ ms }) => ms >= 0 && ms <= gap.firstAfter - actAt),
    ...told,
    {
      ms: gap.firstAfter - actAt,
      who: 'client',
      text: `first write again, on ${gap.serverAfter}; ${(gap.ms / 1000).toFixed(3)} s without a write, ${gap.errors} errors`,
      key: true,
    },
  ];
  return [...moments].sort((a, b) => a.ms - b.ms);
}

/** The switch's own summary in the journal, if it has been written: the last one after the act. */
export const switchOf = (actAt: number, journal: readonly JournalEntry[], service: string): JournalEntry | undefined =>
  journal.findLast(
    (entry) => entry.kind === 'switch' && (entry.service ?? service) === service && Date.parse(entry.at) >= actAt,
  );
