// What is counted for and against a method in one switch: n1 loses the primary role at 1000, n2 proves writable at 2000.
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../lab/writer.ts';
import { type Observed, outcomeOf, type Switched } from './outcome.ts';
import type { Change } from './sampler.ts';

const switched: Switched = {
  kind: 'switchover',
  from: 'n1',
  to: 'n2',
  beganAt: 1_000,
  writableAt: 2_000,
  endedAt: 5_000,
};
const holderAt = (instant: number): string | undefined => (instant < 1_500 ? 'n1' : instant < 1_800 ? undefined : 'n2');

const wrote = (beganAt: number, server: string): Attempt => ({
  id: beganAt,
  beganAt,
  endedAt: beganAt + 2,
  outcome: { kind: 'committed', server },
});
const failed = (beganAt: number, error: string): Attempt => ({
  id: beganAt,
  beganAt,
  endedAt: beganAt + 2,
  outcome: { kind: 'failed', during: 'write', error },
});
const rotation = (receivedAt: number, ...ready: string[]): Change => ({
  target: 'push',
  backend: 'be_rw',
  ready,
  before: receivedAt - 2,
  sentAt: receivedAt - 1,
  receivedAt,
});
const outcome = (change: Partial<Observed>) =>
  outcomeOf(switched, { method: 'm', attempts: [], gaps: [], changes: [], holderAt, ...change });

describe('the first write', () => {
  it('is counted from the proof that PostgreSQL takes writes to the acknowledgement by the new server', () => {
    const attempts = [wrote(1_100, 'n1'), failed(1_400, 'terminated'), wrote(2_030, 'n2')];
    expect(outcome({ attempts })).toMatchObject({ firstWriteMs: 32, errors: 1 });
  });

  it('is not one that the old server acknowledged later', () => {
    expect(outcome({ attempts: [wrote(2_010, 'n1'), wrote(3_000, 'n2')] })).toMatchObject({ firstWriteMs: 1_002 });
  });

  it('is missing when none came before the end', () => {
    expect(outcome({ attempts: [wrote(1_100, 'n1'), wrote(6_000, 'n2')] })).toMatchObject({ firstWriteMs: null });
  });
});

describe('the wrong server', () => {
  it('is one that acknowledges a write begun while another one held the leader key', () => {
    expect(outcome({ attempts: [wrote(1_900, 'n1'), wrote(2_100, 'n2')] })).toMatchObject({ wrongWrites: 1 });
  });

  it('is nobody while nobody holds the leader key', () => {
    expect(outcome({ attempts: [wrote(1_600, 'n1')] })).toMatchObject({ wrongWrites: 0 });
  });

  it('is a standby that refuses to write, too', () => {
    const attempts = [failed(1_900, 'cannot execute INSERT in a read-only transaction'), failed(1_950, 'refused')];
    expect(outcome({ attempts })).toMatchObject({ errors: 2, readOnlyErrors: 1 });
  });
});

describe('the time with two servers in rotation', () => {
  it('lasts from the first answer that shows two to the first that does not', () => {
    const changes = [rotation(500, 'n1'), rotation(2_200, 'n1', 'n2'), rotation(2_950, 'n2')];
    expect(outcome({ changes })).toMatchObject({ twoInRotationMs: 750 });
  });

  it('ends with the switch when they stay both', () => {
    expect(outcome({ changes: [rotation(4_900, 'n1', 'n2')] })).toMatchObject({ twoInRotationMs: 100 });
  });

  it('is not known without a proxy', () => {
    expect(outcome({ changes: undefined })).toMatchObject({ twoInRotationMs: null });
  });
});

describe('the time without writes', () => {
  it('is the sum of the gaps that touch the switch', () => {
    const gap = (from: number, to: number) => ({
      from,
      to,
      ms: to - from,
      errors: 0,
      serverBefore: 'n1',
      serverAfter: 'n2',
    });
    expect(outcome({ gaps: [gap(100, 300), gap(900, 2_100), gap(3_000, 3_200)] })).toMatchObject({ outageMs: 1_400 });
  });
});
