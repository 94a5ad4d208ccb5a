import { describe, expect, it } from 'vitest';
import { wishOf } from './words.ts';

describe('the words of the compose proof', () => {
  it('mean everything when there are none', () => {
    expect(wishOf([])).toEqual({
      parts: ['file', 'image', 'layout'],
      keep: false,
      images: undefined,
      limitMs: 900_000,
    });
  });

  it.each([
    ['a part alone', ['file'], { parts: ['file'] }],
    ['the image with the layout that runs in it', ['layout'], { parts: ['image', 'layout'] }],
    ['a limit and a folder', ['--minutes', '2', '--images', '/var/tmp/i'], { limitMs: 120_000, images: '/var/tmp/i' }],
  ])('take %s', (_, words, wish) => {
    expect(wishOf(words)).toMatchObject(wish);
  });

  it('ask for help before anything else', () => {
    expect(wishOf(['--help', 'nonsense'])).toBe('help');
  });

  it.each([
    ['an unknown part', ['files'], /there is no part "files"; choose among file, image, layout/],
    ['no time at all', ['--minutes', '0'], /--minutes wants a number above 0; it got "0"/],
    ['nothing to keep', ['file', '--keep'], /ask for it, too/],
  ])('refuse %s', (_, words, message) => {
    expect(() => wishOf(words)).toThrow(message);
  });
});
