import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import { silentLog } from '@pgrouted/core/model/log';
import { millis } from '@pgrouted/core/model/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalFile, type JournalFileOptions } from './journal-file.ts';

let folder = '';
let timers: { readonly delayMs: number; readonly run: () => void }[] = [];
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  timers = [];
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs nothing by itself: a test fires the timers. */
const clock: Clock = {
  now: () => millis(0),
  wall: () => new Date(0),
  after: (delayMs, run) => {
    const timer = { delayMs, run };
    timers.push(timer);
    const cancel = (): void => {
      timers = timers.filter((other) => other !== timer);
    };
    return { cancel };
  },
};
const log: Log = {
  ...silentLog,
  warn: (_, message) => void said.push(`warn ${message}`),
  info: ({ lines }, message) => void said.push(`info ${message}: ${lines}`),
};
const at = (name: string) => join(folder, name);
const journal = (more: Partial<JournalFileOptions> = {}): JournalFile =>
  new JournalFile({ file: at('journal'), maxBytes: 1_000, keep: 3, clock, log, ...more });
const lines = (name: string): readonly unknown[] =>
  readFileSync(at(name), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const fireTimers = (): void => {
  const due = timers;
  timers = [];
  for (const { run } of due) run();
};

describe('JournalFile', () => {
  it('appends one JSON object per line, in order, to a file that only we may read', async () => {
    const file = journal();
    file.write({ seq: 1, text: 'two\nlines' });
    file.write({ seq: 2n });
    await file.close();
    expect(lines('journal')).toEqual([{ seq: 1, text: 'two\nlines' }, { seq: '2' }]);
    expect(statSync(at('journal')).mode & 0o777).toBe(0o600);
    expect(said).toEqual([]);
  });

  it('goes on where the last run has ended', async () => {
    for (const seq of [1, 2]) {
      const file = journal();
      file.write({ seq });
      await file.close();
    }
    expect(lines('journal')).toEqual([{ seq: 1 }, { seq: 2 }]);
  });

  it('starts a new line behind one that a crash has cut off', async () => {
    writeFileSync(at('journal'), '{"seq":1}\n{"se');
    const file = journal();
    file.write({ seq: 3 });
    await file.close();
    expect(readFileSync(at('journal'), 'utf8')).toBe('{"seq":1}\n{"se\n{"seq":3}\n');
  });

  it('rotates by size and keeps so many old files, each within the size', async () => {
    const file = journal({ maxBytes: 100, keep: 3 });
    for (let seq = 0; seq < 100; seq += 1) file.write({ seq, pad: 'x'.repeat(20) });
    await file.close();
    expect(readdirSync(folder).sort()).toEqual(['journal', 'journal.1', 'journal.2', 'journal.3']);
    const kept = ['journal.3', 'journal.2', 'journal.1', 'journal'].flatMap(lines);
    expect(kept).toEqual(
      Array.from({ length: kept.length }, (_, index) => ({ seq: 100 - kept.length + index, pad: 'x'.repeat(20) })),
    );
    for (const name of readdirSync(folder)) {
      expect(statSync(at(name)).size).toBeLessThanOrEqual(100);
      expect(statSync(at(name)).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps no old file when told so', async () => {
    const file = journal({ maxBytes: 20, keep: 0 });
    for (let seq = 0; seq < 10; seq += 1) file.write({ seq });
    await file.close();
    expect(readdirSync(folder)).toEqual(['journal']);
    expect(lines('journal')).toEqual([{ seq: 8 }, { seq: 9 }]);
  });

  it('writes a line that is longer than a file may be to a file of its own', async () => {
    const file = journal({ maxBytes: 50 });
    for (const text of ['a', 'b'.repeat(200), 'c']) file.write({ text });
    await file.close();
    expect([lines('journal.2'), lines('journal.1'), lines('journal')]).toEqual([
      [{ text: 'a' }],
      [{ text: 'b'.repeat(200) }],
      [{ text: 'c' }],
    ]);
  });

  it('follows when another program has moved the file away', async () => {
    const file = journal();
    file.write({ seq: 1 });
    await until(() => existsSync(at('journal')) && statSync(at('journal')).size > 0);
    renameSync(at('journal'), at('moved'));
    file.write({ seq: 2 });
    await file.close();
    expect([lines('moved'), lines('journal')]).toEqual([[{ seq: 1 }], [{ seq: 2 }]]);
  });

  it('waits for a missing folder, warns once, and writes all of it later', async () => {
    const file = journal({ file: at('late/journal') });
    file.write({ seq: 1 });
    await until(() => timers.length === 1);
    file.write({ seq: 2 });
    fireTimers();
    await until(() => timers.length === 1);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('warn journal: the file cannot be written');
    mkdirSync(at('late'));
    fireTimers();
    await until(() => said.length === 2);
    expect(said[1]).toMatch(/^info journal: writing again.*: 0$/);
    expect(lines('late/journal')).toEqual([{ seq: 1 }, { seq: 2 }]);
    await file.close();
  });

  it('a full disk costs lines beyond the bound, which are counted, and nothing else', async () => {
    // The kernel's own full device.
    symlinkSync('/dev/full', at('journal'));
    const file = journal({ queueBytes: 100 });
    file.write({ seq: 0 });
    await until(() => timers.length === 1);
    for (let seq = 1; seq < 30; seq += 1) file.write({ seq });
    expect(file.dropped).toBe(20);
    rmSync(at('journal'));
    fireTimers();
    await until(() => said.length === 2);
    expect(said[1]).toMatch(/: 20$/);
    expect(lines('journal')).toHaveLength(10);
    file.write({ seq: 'after' });
    await file.close();
    expect(lines('journal').at(-1)).toEqual({ seq: 'after' });
    expect(file.dropped).toBe(20);
  });

  it('leaves no half line when the disk gets full within one', () => {
    // The limit on a file's size is the nearest to a full disk that needs no mount: the write ends halfway with an error.
    const script = `
      import { JournalFile } from '${new URL('./journal-file.ts', import.meta.url).pathname}';
      process.on('SIGXFSZ', () => {});
      const clock = { now: () => 0, wall: () => new Date(), after: () => ({ cancel() {} }) };
      const quiet = () => {};
      const file = new JournalFile({ file: '${at('journal')}', maxBytes: 1e6, keep: 1, clock, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } });
      file.write({ text: 'a'.repeat(700) });
      await new Promise((resolve) => setTimeout(resolve, 100));
      file.write({ text: 'b'.repeat(700) });
      await file.close();
      console.log(file.dropped);
    `;
    writeFileSync(at('script.mts'), script);
    const tsx = new URL('../../../node_modules/.bin/tsx', import.meta.url).pathname;
    const out = execFileSync('bash', ['-c', `ulimit -f 1; exec "${tsx}" "${at('script.mts')}"`], {
      encoding: 'utf8',
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    });
    expect(out.trim()).toBe('1');
    expect(lines('journal')).toEqual([{ text: 'a'.repeat(700) }]);
  });

  it('never hangs on a pipe that nobody reads, and not on a folder', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('folder'));
    for (const name of ['pipe', 'folder']) {
      const file = journal({ file: at(name) });
      file.write({ seq: 1 });
      await file.close();
      expect(file.dropped).toBe(1);
    }
  });

  it('is closed when patience ends, whatever the disk does', async () => {
    const file = journal();
    file.write({ seq: 1 });
    const closed = file.close();
    fireTimers();
    await closed;
  });

  it('drops and counts what is no JSON and what comes after the end', async () => {
    const file = journal();
    const round: Record<string, unknown> = {};
    round['self'] = round;
    file.write(round);
    await file.close();
    file.write({ seq: 1 });
    expect(file.dropped).toBe(2);
  });
});
