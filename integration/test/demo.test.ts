// The demo as a user runs it: it tells its stories to the end, Patroni's and Stolon's, and neither its end nor Ctrl-C leaves anything behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../lab/process.ts';
import { isGone, processesWhere } from '../lab/process-table.ts';

interface Demo {
  readonly output: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly code: Promise<unknown>;
  /** The temporary folder that it told us. */
  readonly folder: () => string;
}

function startDemo(...args: readonly string[]): Demo {
  const program = join(import.meta.dirname, '../demo/demo.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    signal: (signal) => child.kill(signal),
    code: once(child, 'exit').then(([code]: readonly unknown[]) => code),
    folder: () => /, in (\/\S+)/.exec(output)?.[1] ?? '(it told no folder)',
  };
}

function expectNothingLeft(demo: Demo): void {
  const folder = demo.folder();
  expect(processesWhere((words) => words.some((word) => word.includes(folder))).filter((pid) => !isGone(pid))).toEqual(
    [],
  );
  expect(existsSync(folder)).toBe(false);
}

describe('npm run demo', () => {
  it('shows a switchover and a kill -9 with their timelines, finds every promise kept, and clears up', async () => {
    const demo = startDemo('--ttl', '5');
    expect(await demo.code, demo.output()).toBe(0);
    const output = demo.output();
    expect(output).toMatch(/1\. Switchover to n\d.*nobody holds the leader key.*read back out.*read back ready/s);
    expect(output).toMatch(/2\. kill -9 .*nobody holds the leader key.*read back ready.*first write again/s);
    expect(output).toMatch(/two at once 0 times/);
    expect(output).not.toContain('BROKEN');
    expectNothingLeft(demo);
  });

  it('shows the handshake of a Stolon failover, says what is a model in it, and clears up', async () => {
    const demo = startDemo('--stolon');
    expect(await demo.code, demo.output()).toBe(0);
    const output = demo.output();
    expect(output).toMatch(/sentinel and its keepers are models in TypeScript/);
    expect(output).toMatch(/1\. kill -9 .*the master is withdrawn.*read back out.*generation 3 acknowledged as proxy/s);
    expect(output).toMatch(
      /generation 3 acknowledged.*every proxy has acknowledged.*read back ready.*first write again/s,
    );
    expect(output).toMatch(/explain --service primary.*is CLOSED.*Stolon withdrew it from its/s);
    expect(output).toMatch(/asked right before the sentinel's put: 0 before keeper\d was named/);
    expect(output).toMatch(/two at once 0 times/);
    expect(output).not.toContain('BROKEN');
    expectNothingLeft(demo);
  });

  it('stops everything of the Stolon demo at SIGTERM, while Stolon is being built', async () => {
    const demo = startDemo('--stolon');
    await eventually('Stolon to be begun', () => demo.output().includes('Stolon starts'), 60_000);
    demo.signal('SIGTERM');
    expect(await demo.code).toBe(143);
    expectNothingLeft(demo);
  });

  it("refuses Patroni's --ttl for Stolon", async () => {
    const demo = startDemo('--stolon', '--ttl', '5');
    expect(await demo.code).toBe(1);
    expect(demo.output()).toMatch(/--ttl is Patroni's/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops everything at %s, in the middle of the switchover', async (signal) => {
    const demo = startDemo('--ttl', '5');
    await eventually('the switchover', () => demo.output().includes('1. Switchover'), 60_000);
    demo.signal(signal);
    expect(await demo.code).toBe(signal === 'SIGINT' ? 130 : 143);
    expectNothingLeft(demo);
  });

  it('keeps everything running with --keep until it is interrupted', async () => {
    const demo = startDemo('--ttl', '5', '--keep');
    await eventually('the addresses', () => demo.output().includes('Running until Ctrl-C'), 110_000);
    await eventually('the commands', () => demo.output().includes('psql -h 127.0.0.1'));
    demo.signal('SIGINT');
    expect(await demo.code).toBe(130);
    expectNothingLeft(demo);
  });
});
