// A journal for the tests of pgroutectl, written by hand and checked with the published schema.
import { type EventsDocument, eventsSchema, type JournalEntry } from '@pgrouted/core/status/schema';

const socket = '/run/haproxy/admin.sock';

export function entry(seq: number, given: Partial<JournalEntry> = {}): JournalEntry {
  return {
    seq,
    at: new Date(Date.parse('2026-11-20T14:00:00.000Z') + seq * 137).toISOString(),
    tMs: 1_000 + seq * 137,
    kind: 'decision',
    text: `entry ${seq}`,
    ...given,
  };
}

export function journal(): EventsDocument {
  return eventsSchema.parse({
    entries: [
      entry(1, { kind: 'started', text: 'pgrouted 0.1.0 has started' }),
      entry(2, {
        kind: 'leader',
        cluster: 'orders',
        from: 'n2',
        to: 'n1',
        text: 'the leader key went from n2 to n1',
        revision: '1240',
      }),
      entry(3, {
        kind: 'decision',
        cluster: 'orders',
        service: 'primary',
        member: 'n2',
        state: 'maint',
        text: 'n2 is not the leader any more',
      }),
      entry(4, {
        kind: 'fenced',
        cluster: 'orders',
        service: 'primary',
        target: socket,
        text: 'n2 is out, its sessions are gone',
      }),
      entry(5, {
        kind: 'switch',
        cluster: 'orders',
        service: 'primary',
        target: socket,
        from: 'n2',
        to: 'n1',
        text: 'orders/primary moved from n2 to n1 in 1501 ms',
        phases: {
          leaderGoneMs: 0,
          leaderNamedMs: 1_348.2,
          fencedMs: 3.125,
          provenMs: 1_497.9,
          decidedMs: 1_498.1,
          openedMs: 1_501.4,
        },
      }),
      entry(6, { kind: 'alarm', cluster: 'orders', text: 'two members say that they are primary: n1 and n2' }),
    ],
    lastSeq: 6,
    lost: false,
  });
}
