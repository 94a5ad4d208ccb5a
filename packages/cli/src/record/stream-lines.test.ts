import type { KeyValue, MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import { millis, revision } from '@pgrouted/core/model/units';
import { describe, expect, it } from 'vitest';
import { StreamLines } from './stream-lines.ts';

const kv = (key: string, value: string, modRevision: number, lease = '0'): KeyValue => ({
  key,
  value,
  modRevision: revision(modRevision),
  createRevision: revision(1),
  lease,
});

const snapshot = (at: number, ...entries: readonly KeyValue[]): MirrorSnapshot => ({
  revision: revision(at),
  confirmedAt: millis(0),
  entries: new Map(entries.map((entry) => [entry.key, entry])),
  clusterId: '1',
});

const parsed = (lines: readonly string[]): readonly unknown[] => lines.map((line) => JSON.parse(line));

function started(): StreamLines {
  const lines = new StreamLines();
  lines.change(
    {
      kind: 'relisted',
      why: 'start',
      historyLost: false,
      snapshot: snapshot(9, kv('/s/d/leader', 'n1', 8, '77'), kv('/s/d/initialize', '123', 2)),
    },
    millis(1_000),
  );
  return lines;
}

describe('StreamLines', () => {
  it('begins with the present keys at time zero, oldest first', () => {
    const lines = new StreamLines();
    const first = lines.change(
      {
        kind: 'relisted',
        why: 'start',
        historyLost: false,
        snapshot: snapshot(9, kv('/s/d/leader', 'n1', 8, '77'), kv('/s/d/initialize', '123', 2)),
      },
      millis(1_000),
    );
    expect(first.join('')).toBe(
      '{"t_ms":0,"type":"put","key":"/s/d/initialize","value":"123","lease":"0","mod_revision":2,"init":true}\n' +
        '{"t_ms":0,"type":"put","key":"/s/d/leader","value":"n1","lease":"77","mod_revision":8,"init":true}\n',
    );
    expect(lines.events).toBe(0);
  });

  it('writes events with the milliseconds since the first list', () => {
    const lines = started();
    const written = lines.change(
      {
        kind: 'events',
        revision: revision(10),
        events: [
          { type: 'delete', key: '/s/d/leader', modRevision: revision(10) },
          { type: 'put', kv: kv('/s/d/failover', '{}', 10) },
        ],
        snapshot: snapshot(10, kv('/s/d/initialize', '123', 2), kv('/s/d/failover', '{}', 10)),
      },
      millis(1_012.4),
    );
    expect(parsed(written)).toEqual([
      { t_ms: 12, type: 'delete', key: '/s/d/leader', value: '', lease: '0', mod_revision: 10 },
      { t_ms: 12, type: 'put', key: '/s/d/failover', value: '{}', lease: '0', mod_revision: 10 },
    ]);
    expect(lines.events).toBe(2);
  });

  it('writes what a new list has changed, and counts the gap', () => {
    const lines = started();
    const written = lines.change(
      {
        kind: 'relisted',
        why: 'compacted',
        historyLost: true,
        snapshot: snapshot(50, kv('/s/d/initialize', '123', 2), kv('/s/d/sync', '{}', 40)),
      },
      millis(2_000),
    );
    expect(parsed(written)).toEqual([
      { t_ms: 1_000, type: 'delete', key: '/s/d/leader', value: '', lease: '0', mod_revision: 50 },
      { t_ms: 1_000, type: 'put', key: '/s/d/sync', value: '{}', lease: '0', mod_revision: 40 },
    ]);
    expect(lines.gaps).toBe(1);
  });

  it('says once since when the proof is lost, and once that it is back', () => {
    const lines = started();
    const told = [true, false, false, true, true].map((is, i) =>
      parsed(lines.confirmation(is, millis(1_050), millis(1_100 + i))),
    );
    expect(told).toEqual([[], [{ t_ms: 50, type: 'unconfirmed' }], [], [{ t_ms: 103, type: 'confirmed' }], []]);
  });

  it('says nothing of the proof before the first list', () => {
    expect(new StreamLines().confirmation(false, millis(4), millis(5))).toEqual([]);
  });

  it('takes passwords out of values', () => {
    const lines = new StreamLines();
    const [line] = lines.change(
      {
        kind: 'relisted',
        why: 'start',
        historyLost: false,
        snapshot: snapshot(3, kv('/s/d/members/n1', '{"conn_url":"postgres://u:s3cret@h:1/db"}', 3)),
      },
      millis(0),
    );
    expect(line).not.toContain('s3cret');
  });
});
