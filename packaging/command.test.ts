import { describe, expect, it } from 'vitest';
import { command } from './command.ts';

describe('a program that packages are made with', () => {
  it('gives what it printed, and knows nothing of our environment', async () => {
    expect(await command('sh', ['-c', 'echo $TZ; env | grep -c ^HOME= || :'])).toBe('UTC\n0\n');
  });

  it('is told with how it ended and what it said', async () => {
    await expect(command('sh', ['-c', 'echo so; echo sad >&2; exit 3'])).rejects.toThrow('sh ended with 3: so\nsad');
  });

  it('is told to be missing, and how to get it', async () => {
    await expect(command('no-such-program', [])).rejects.toThrow(/ENOENT; `npm run package` installs it/);
  });

  it('is ended with all that it started when its time is over', async () => {
    await expect(command('sh', ['-c', 'sleep 600 & wait'], { patienceMs: 20 })).rejects.toThrow(
      /not done after 0\.02 s/,
    );
  });
});
