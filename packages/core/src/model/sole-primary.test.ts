import { describe, expect, it } from 'vitest';
import { type ProbeReading, type ProbeState, withReading } from './probe.ts';
import { primaryByWords } from './sole-primary.ts';
import { type Millis, millis } from './units.ts';

type Word = readonly [at: number, kind: ProbeReading['kind']];

const reading = ([at, kind]: Word): ProbeReading => {
  if (kind === 'primary') return { kind, at: millis(at), timeline: undefined, position: undefined };
  if (kind === 'standby')
    return { kind, at: millis(at), timeline: undefined, receivePosition: undefined, replayPosition: undefined };
  return { kind, at: millis(at), error: 'test' };
};

const server = (name: string, ...words: readonly Word[]) => ({
  name,
  probe: words.map(reading).reduce<ProbeState | undefined>(withReading, undefined),
});

/** At instant 1000 an answer from 500 on is young. */
const isYoung = (at: Millis): boolean => at >= 500;
const told = (...servers: readonly ReturnType<typeof server>[]) => primaryByWords(servers, isYoung);

describe('who is primary by the servers own words', () => {
  it('is nobody while none has said so', () => {
    expect(told()).toEqual({ kind: 'none' });
    expect(told(server('pg1'), server('pg2', [900, 'standby']), server('pg3', [900, 'silent']))).toEqual({
      kind: 'none',
    });
  });

  it('is the one that alone says so, whatever the others do', () => {
    const alone = { kind: 'one', member: 'pg2', silent: false };
    expect(told(server('pg1', [900, 'standby']), server('pg2', [900, 'primary']))).toEqual(alone);
    expect(told(server('pg1'), server('pg2', [900, 'primary']), server('pg3', [900, 'denied']))).toEqual(alone);
  });

  it('is none of two, told in the order given', () => {
    expect(told(server('pg2', [900, 'primary']), server('pg1', [910, 'primary']))).toEqual({
      kind: 'several',
      members: ['pg2', 'pg1'],
    });
  });

  it.each(['silent', 'denied'] as const)('is still the one that is %s, while its last word is young', (kind) => {
    expect(told(server('pg1', [500, 'primary'], [900, kind]))).toEqual({ kind: 'one', member: 'pg1', silent: true });
    expect(told(server('pg1', [499, 'primary'], [900, kind]))).toEqual({ kind: 'none' });
  });

  it.each(['standby', 'starting', 'stopping', 'down'] as const)('is no longer the one that is %s', (kind) => {
    expect(told(server('pg1', [890, 'primary'], [900, kind]))).toEqual({ kind: 'none' });
    expect(told(server('pg1', [880, 'primary'], [890, kind], [900, 'silent']))).toEqual({ kind: 'none' });
  });

  it('counts a silent one against one that said so already while it did', () => {
    const silent = server('pg1', [600, 'primary'], [900, 'silent']);
    expect(told(silent, server('pg2', [600, 'primary'], [900, 'primary']))).toEqual({
      kind: 'several',
      members: ['pg1', 'pg2'],
    });
  });

  it('lets a silent one give way to one that began to say so later: it took over', () => {
    const silent = server('pg1', [600, 'primary'], [900, 'silent']);
    const successor = server('pg2', [600, 'standby'], [601, 'primary'], [900, 'primary']);
    expect(told(silent, successor)).toEqual({ kind: 'one', member: 'pg2', silent: false });
  });

  it('counts two silent ones as two', () => {
    const silent = (name: string, at: number) => server(name, [at, 'primary'], [900, 'silent']);
    expect(told(silent('pg1', 600), silent('pg2', 700))).toEqual({ kind: 'several', members: ['pg1', 'pg2'] });
  });
});
