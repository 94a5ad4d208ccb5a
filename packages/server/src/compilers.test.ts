import { describe, expect, it } from 'vitest';
import { shouldCompile } from './compilers.ts';

describe('the compilers', () => {
  it.each<[shares: readonly number[], compiling: readonly boolean[], what: string]>([
    [[0.01, 0.02, 0.49], [false, false, false], 'are off while there is little to do'],
    [[0.5, 0.3, 0.1], [true, true, true], 'go on when half a core is used, and stay while work is left'],
    [[0.9, 0.09, 0.2], [true, false, false], 'go off when there is little to do again'],
    [[1.2], [true], 'go on when more than a core is used'],
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
