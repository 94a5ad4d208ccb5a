// Command lines can be read by every user of a machine: no secret may have a place there (SECURITY.md).
import { describe, expect, it } from 'vitest';
import { pgroutectl, pgrouted } from './programs.ts';

const secretly = /pass|secret|token|credential|private|key\b/i;

describe('a command line of', () => {
  it.each([
    ['pgrouted', pgrouted()],
    ['pgroutectl', pgroutectl()],
  ])('%s takes no secret, but names the file that it is in', (_, program) => {
    const options = [program, ...program.commands].flatMap((command) => command.options);
    const named = options.filter(
      ({ flags, value }) => value !== undefined && flags.some((flag) => secretly.test(flag)),
    );
    expect(options.length).toBeGreaterThan(5);
    expect(named.filter(({ value }) => value?.name !== 'file')).toEqual([]);
  });

  it('pgroutectl has a file for the token', () => {
    const flags = pgroutectl().commands.flatMap((command) => command.options.flatMap((option) => option.flags));
    expect(flags).toContain('--token-file');
  });
});
