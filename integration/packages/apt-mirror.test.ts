import { describe, expect, it } from 'vitest';
import { mirrorIn } from './apt-mirror.ts';

describe('the mirror that apt knows', () => {
  it("is Debian's own archive, neither its security updates nor somebody else's", () => {
    const targets = [
      'https://packages.example/apt/\tExample\tExample',
      'http://deb.example/debian-security/\tDebian\tDebian-Security',
      'http://deb.example/debian/\tDebian\tDebian',
      '',
    ];
    expect(mirrorIn(targets.join('\n'))).toBe('http://deb.example/debian/');
    expect(mirrorIn(targets.slice(0, 2).join('\n'))).toBeUndefined();
  });
});
