// What Stolon's side did, as moments on the axis of an act: the sentinel's puts, each by the instant right before it was sent, and promotions. Pure.
import type { SentinelEvent } from '../lab/stolon/sentinel.ts';
import { wallTime } from '../lab/writer.ts';
import type { Moment } from './timeline.ts';

/** A keeper, as far as it is told of here. */
export interface Promoting {
  readonly uid: string;
  readonly history: readonly { readonly kind: string; readonly at: number }[];
}

/** `actAt`: a time of day in ms. `keeperOf`: from a db's uid to its keeper. */
export function momentsOf(
  actAt: number,
  sentinel: readonly SentinelEvent[],
  keepers: readonly Promoting[],
  keeperOf: (db: string) => string,
): readonly Moment[] {
  const after = (instant: number): number => wallTime(instant).getTime() - actAt;
  const puts = sentinel.flatMap((event): readonly Moment[] => {
    const text = words(event, keeperOf);
    return text === undefined ? [] : [{ ms: after(event.decidedAt), who: 'sentinel', text, key: true }];
  });
  const promotions = keepers.flatMap(({ uid, history }) =>
    history
      .filter(({ kind }) => kind === 'promoted')
      .map(
        ({ at }): Moment => ({ ms: after(at), who: 'keeper', text: `${uid} has promoted its PostgreSQL`, key: false }),
      ),
  );
  return [...puts, ...promotions];
}

function words(event: SentinelEvent, keeperOf: (db: string) => string): string | undefined {
  switch (event.kind) {
    case 'cleared':
      return `${keeperOf(event.from)} is dead: takes it away from the proxies (generation ${event.generation}), has chosen ${keeperOf(event.to)}`;
    case 'waiting_for':
      return `names nobody: generation ${event.generation} is not acknowledged by proxy ${event.proxies.join(', ')}`;
    case 'named':
      return `every proxy has acknowledged: names ${keeperOf(event.masterDbUid)} (generation ${event.generation})`;
    case 'enabled':
      return `enables proxies: ${event.proxies.join(', ') || 'none'} (generation ${event.generation})`;
    default:
      return undefined;
  }
}
