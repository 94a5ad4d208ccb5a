import { describe, expect, it } from 'vitest';
import { type Attempt, auditOf, gapsOf } from './writer.ts';

const committed = (id: number, endedAt: number, server: string): Attempt => ({
  id,
  beganAt: endedAt - 1,
  endedAt,
  outcome: { kind: 'committed', server },
});
const failed = (id: number, endedAt: number): Attempt => ({
  id,
  beganAt: endedAt - 1,
  endedAt,
  outcome: { kind: 'failed', during: 'write', error: 'terminating connection' },
});

describe('the gaps of a writer', () => {
  const attempts = [
    committed(1, 10, 'n1'),
    committed(2, 30, 'n1'),
    failed(3, 50),
    failed(4, 70),
    committed(5, 1_030, 'n2'),
    committed(6, 1_050, 'n2'),
    failed(7, 1_070),
  ];

  it('reach from one acknowledgement to the next and count the errors between', () => {
    expect(gapsOf(attempts, 500)).toEqual([
      { from: 30, to: 1_030, ms: 1_000, errors: 2, serverBefore: 'n1', serverAfter: 'n2' },
    ]);
  });

  it('leave out what is shorter than asked for, and what has no end yet', () => {
    expect(gapsOf(attempts, 1_001)).toEqual([]);
    expect(gapsOf(attempts, 0).map(({ ms }) => ms)).toEqual([20, 1_000, 20]);
    expect(gapsOf([failed(1, 10), committed(2, 30, 'n1'), failed(3, 50)], 0)).toEqual([]);
  });
});

describe('the audit of a writer', () => {
  it('names acknowledged ids that the table lacks and ids that it has twice', () => {
    const attempts = [committed(1, 10, 'n1'), committed(2, 30, 'n1'), failed(3, 50), committed(4, 70, 'n2')];
    const rows = [
      { id: 1, times: 1 },
      { id: 4, times: 2 },
    ];
    expect(auditOf(attempts, rows)).toEqual({ acknowledged: 3, lost: [2], doubled: [4] });
  });

  it('does not miss a row whose acknowledgement was lost: it may be there or not', () => {
    expect(auditOf([failed(1, 10)], [])).toEqual({ acknowledged: 0, lost: [], doubled: [] });
    expect(auditOf([failed(1, 10)], [{ id: 1, times: 1 }])).toEqual({ acknowledged: 0, lost: [], doubled: [] });
  });
});
