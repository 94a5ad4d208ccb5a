import type { JournalEntry } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import { switchOf, timelineOf } from './timeline.ts';

const actAt = Date.parse('2026-01-01T12:00:00.000Z');

/** An entry `ms` after the act. */
const entry = (
  ms: number,
  kind: JournalEntry['kind'],
  text: string,
  more: Partial<JournalEntry> = {},
): JournalEntry => ({
  seq: 1,
  at: new Date(actAt + ms).toISOString(),
  tMs: ms,
  kind,
  text,
  ...more,
});

const gap = {
  lastBefore: actAt + 200,
  firstAfter: actAt + 1_500,
  ms: 1_300,
  errors: 7,
  serverBefore: 'n1',
  serverAfter: 'n2',
};

describe('the timeline of an act', () => {
  it('puts the journal between the last write and the first one again, each with who saw it', () => {
    const journal = [
      entry(1_300, 'leader', 'nobody holds the leader key'),
      entry(1_310, 'fenced', 'be: n1 read back out', { service: 'primary' }),
      entry(1_450, 'probe', 'PostgreSQL of n2: primary'),
      entry(1_470, 'opened', 'be: n2 read back ready', { service: 'primary' }),
    ];
    expect(timelineOf(actAt, journal, 'primary', gap).map(({ ms, who, text }) => `${ms} ${who}: ${text}`)).toEqual([
      '200 client: last write, on n1',
      '1300 etcd: nobody holds the leader key',
      '1310 HAProxy: be: n1 read back out',
      '1450 PostgreSQL: n2: primary',
      '1470 HAProxy: be: n2 read back ready',
      '1500 client: first write again, on n2; 1.300 s without a write, 7 errors',
    ]);
  });

  it('leaves out what was before, what came later, and other services', () => {
    const journal = [
      entry(-10, 'leader', 'n1 holds the leader key'),
      entry(300, 'opened', 'n3 read back ready', { service: 'replica' }),
      entry(1_501, 'member', 'n1: running replica'),
    ];
    expect(timelineOf(actAt, journal, 'primary', gap).map(({ who }) => who)).toEqual(['client', 'client']);
  });
});

describe('the summary of an act', () => {
  it('is the last switch of the service after it', () => {
    const journal = [
      entry(-5_000, 'switch', 'an earlier one', { service: 'primary' }),
      entry(1_480, 'switch', 'this one', { service: 'primary' }),
    ];
    expect(switchOf(actAt, journal, 'primary')?.text).toBe('this one');
    expect(switchOf(actAt, journal.slice(0, 1), 'primary')).toBeUndefined();
  });
});
