import type { JournalEntry } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import type { Handshake } from './handshake-acknowledge.ts';
import type { Failover, Method } from './handshake-failover.ts';
import { handshakeResult, insideDaemon } from './handshake-result.ts';

const entry = (
  tMs: number,
  kind: JournalEntry['kind'],
  text: string,
  more: Partial<JournalEntry> = {},
): JournalEntry => ({
  seq: tMs,
  at: '2026-01-01T12:00:00.000Z',
  tMs,
  kind,
  text,
  ...more,
});

const handshakeOf = (acknowledgedMs: number, sessionsLeft = 0): Handshake => ({
  generation: 3,
  clearingAt: 1_000,
  clearedAt: 1_002,
  acknowledgedAt: 1_000 + acknowledgedMs,
  sessionsLeft,
  emptyAt: sessionsLeft > 0 ? undefined : 1_000 + acknowledgedMs - 8,
  lastSessionEndAt: 1_005,
});

const failoverOf = (method: Method, firstWriteMs: number): Failover => ({
  method,
  killedAt: 0,
  clearingAt: 27_000,
  acknowledgedAt: 27_010,
  namingAt: 32_000,
  writableAt: 31_000,
  openedAt: 32_020,
  firstWriteAt: 27_000 + firstWriteMs,
});

const period = { n: 1, p50: 1, p99: 1, max: 1 };
const result = (many: readonly Handshake[], failovers: readonly Failover[]) =>
  handshakeResult(
    {
      few: { sessions: 10, rounds: [handshakeOf(15)], journal: [] },
      many: { sessions: 1_000, rounds: many, journal: [] },
      period,
    },
    failovers,
  );
const both = [failoverOf('pgrouted', 5_050), failoverOf('stolon-proxy', 7_400)];

describe("what the daemon's journal says of handshakes", () => {
  it('counts from the generation that withdraws the master to HAProxy fenced and to the acknowledgement of that generation', () => {
    const { fenced, acknowledged } = insideDaemon([
      entry(100, 'proxy', 'generation 3 of the proxies seen: the master is withdrawn, Stolon waits for its proxies'),
      entry(103, 'fenced', 'be_ro: keeper2 read back out', { service: 'replica' }),
      entry(104, 'fenced', 'be_rw: keeper1 read back out', { service: 'primary' }),
      entry(112, 'proxy', 'generation 3 acknowledged as proxy 5f2dd97f, 12.1 ms after it was seen'),
      entry(200, 'proxy', 'generation 4 of the proxies seen: the master is keeper2 (db d2)'),
      entry(205, 'proxy', 'generation 4 acknowledged as proxy 5f2dd97f, 5.0 ms after it was seen'),
    ]);
    expect([fenced.n, fenced.p50, acknowledged.n, acknowledged.p50]).toEqual([1, 4, 1, 12]);
  });
});

describe('the goals of the handshake section', () => {
  const verdicts = (...given: Parameters<typeof result>) => result(...given).goals.map(({ met }) => met);

  it('are met by a quick acknowledgement, nobody left, and a first write sooner than through stolon-proxy', () => {
    expect(verdicts([handshakeOf(40)], both)).toEqual([true, true, true]);
  });

  it('are missed by one slow acknowledgement in few', () => {
    expect(verdicts([handshakeOf(40), handshakeOf(101)], both)).toEqual([false, true, true]);
  });

  it('are missed by a single session that was left', () => {
    expect(verdicts([handshakeOf(40), handshakeOf(41, 1)], both)).toEqual([true, false, true]);
  });

  it('are missed when stolon-proxy is as fast', () => {
    expect(verdicts([handshakeOf(40)], [failoverOf('pgrouted', 7_400), ...both.slice(1)])).toEqual([true, true, false]);
  });
});

describe('the table of failovers', () => {
  it('shows the parts of the way with both methods side by side', () => {
    const [, , table] = result([handshakeOf(40)], both).tables;
    expect(table).toMatch(/^kill -> master taken away +27000 +27000 +27000 +27000$/m);
    expect(table).toMatch(/^taken away -> first write +5050 +5050 +7400 +7400$/m);
  });
});
