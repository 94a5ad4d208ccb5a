import { describe, expect, it } from 'vitest';
import { levelOf } from './access.ts';

describe('the level of a stats socket', () => {
  it.each(['user', 'operator', 'admin'] as const)('%s is a line of its own in the answer', (level) => {
    expect(levelOf(`Name: HAProxy\nPid: 5\n\n${level}\n\n`)).toBe(level);
  });

  it.each(['', 'Unknown command: admin\n', 'the admin\n'])('is not read out of %j', (text) => {
    expect(levelOf(text)).toBeUndefined();
  });
});
