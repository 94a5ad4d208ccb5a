import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from './processes.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
const start = async (command: string, args: readonly string[]) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child, 'spawn');
  return child;
};

describe('a process', () => {
  it('is alive, stopped or not, until it has ended', async () => {
    const child = await start('sleep', ['60']);
    const pid = child.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGSTOP');
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(pid)).toBe(false);
  });

  it('that belongs to somebody else is alive too', () => {
    expect(isAlive(1)).toBe(true);
  });

  it('that waits to be reaped is gone', async () => {
    // A shell that replaces itself by `sleep` never reaps the child that it has told the id of.
    const parent = await start('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
    const [line] = parent.stdout === null ? [] : await once(parent.stdout, 'data');
    const pid = Number(String(line));
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
