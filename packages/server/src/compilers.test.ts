import { describe, expect, it } from 'vitest';
import { shouldCompile } from './compilers.ts';

describe('the compilers', () => {
  it.each<[shares: readonly number[], compiling: readonly boolean[], what: string]>([
    [[0.01, 0.3, 0.74], [false, false, false], 'are off while there is time to rest'],
    [[0.75, 0.3, 0.1], [true, true, true], 'go on when there is hardly any, and stay while work is left'],
    [[0.9, 0.09, 0.4], [true, false, false], 'go off when there is little to do'],
  ])('%j: %j: %s', (shares, expected) => {
    let compiling = false;
    expect(
      shares.map((share) => {
        compiling = shouldCompile(compiling, share);
        return compiling;
      }),
    ).toEqual(expected);
  });
});
