import { describe, expect, it } from 'vitest';
import type { Decision } from '../lab/stolon/decision.ts';
import type { SentinelEvent } from '../lab/stolon/sentinel.ts';
import { wallTime } from '../lab/writer.ts';
import { momentsOf } from './stolon-timeline.ts';

/** Instants of `performance.now()` and times of day, which are whole milliseconds, meet here. */
const actAt = wallTime(1_000).getTime();

const decided = (ms: number, decision: Decision): SentinelEvent => ({
  ...decision,
  sentinel: 's1',
  decidedAt: 1_000 + ms,
  at: 1_000 + ms + 5,
  revision: 7,
});

const keeperOf = (db: string): string => ({ db1: 'keeper1', db2: 'keeper2' })[db] ?? db;

describe("Stolon's side of an act", () => {
  it('tells the puts of the handshake with keepers for dbs, each by the moment before it was sent', () => {
    const moments = momentsOf(
      actAt,
      [
        decided(400, { kind: 'cleared', from: 'db1', to: 'db2', generation: 3 }),
        decided(900, { kind: 'waiting_for', proxies: ['5f2dd97f'], generation: 3 }),
        decided(1_400, { kind: 'named', masterDbUid: 'db2', generation: 4, acknowledgedBy: ['5f2dd97f'] }),
      ],
      [],
      keeperOf,
    );
    expect(moments.map(({ ms, who, text }) => `${Math.round(ms)} ${who}: ${text}`)).toEqual([
      '400 sentinel: keeper1 is dead: takes it away from the proxies (generation 3), has chosen keeper2',
      '900 sentinel: names nobody: generation 3 is not acknowledged by proxy 5f2dd97f',
      '1400 sentinel: every proxy has acknowledged: names keeper2 (generation 4)',
    ]);
  });

  it('leaves out what is no part of the handshake, and tells which keeper has promoted', () => {
    const built = decided(100, { kind: 'db_built', dbUid: 'db2', keeperUid: 'keeper2' });
    const history = [
      { kind: 'built', at: 1_050 },
      { kind: 'promoted', at: 1_250 },
    ];
    expect(
      momentsOf(actAt, [built], [{ uid: 'keeper2', history }], keeperOf).map(({ ms, text }) => [Math.round(ms), text]),
    ).toEqual([[250, 'keeper2 has promoted its PostgreSQL']]);
  });
});
