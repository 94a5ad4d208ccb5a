import { describe, expect, it } from 'vitest';
import { patienceMs, wishOf } from './words.ts';

const pinned = ['20.20.2', '22.23.3', '26.10.0'];

describe('the words of the runtime matrix', () => {
  it('mean everything when there are none', () => {
    expect(wishOf([], pinned)).toEqual({ versions: pinned, suites: ['unit', 'smoke'], limitMs: 1_200_000 });
  });

  it.each([
    ['a first number', ['22'], { versions: ['22.23.3'], suites: ['unit', 'smoke'] }],
    ['a whole version', ['26.10.0'], { versions: ['26.10.0'] }],
    ['several, in the order of their age, each once', ['26', '20', '26.10.0'], { versions: ['20.20.2', '26.10.0'] }],
    ['one suite', ['--smoke'], { versions: pinned, suites: ['smoke'] }],
    ['a limit', ['--minutes', '0.5'], { limitMs: 30_000 }],
  ])('take %s', (_, words, wish) => {
    expect(wishOf(words, pinned)).toMatchObject(wish);
  });

  it('ask for help before anything else', () => {
    expect(wishOf(['--help', '18'], pinned)).toBe('help');
  });

  it.each([
    ['a Node that nobody has pinned', ['2'], /no pinned Node "2"; choose among 20\.20\.2, /],
    ['no time at all', ['--minutes', '0'], /--minutes wants a number above 0; it got "0"/],
    ['no number', ['--minutes', 'ten'], /it got "ten"/],
    ['an unknown word', ['--fast'], /--fast/],
  ])('refuse %s', (_, words, message) => {
    expect(() => wishOf(words, pinned)).toThrow(message);
  });
});

describe('the time of a suite', () => {
  const four = { versions: ['20', '22', '24', '26'], suites: ['unit'], limitMs: 1_200 } as const;

  it('is twice its share at first, so that one that hangs leaves some for the others', () => {
    expect(patienceMs(four, 0)).toBe(600);
    expect(patienceMs({ ...four, versions: ['20'] }, 0)).toBe(1_200);
  });

  it('is what is left in the end, and never less than nothing', () => {
    expect([patienceMs(four, 900), patienceMs(four, 1_300)]).toEqual([300, 0]);
  });
});
