import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { entryOf } from '../test/picture.ts';
import { createLog, logEntry } from './log.ts';

function collecting(level: 'debug' | 'info' | 'warn' | 'error') {
  const lines: Record<string, unknown>[] = [];
  const log = createLog(level, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

describe('the log', () => {
  it('is one JSON object for each line, with a time that people read', () => {
    const { log, lines } = collecting('info');
    log.info({ cluster: 'orders' }, 'a\nb');
    expect(lines).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), cluster: 'orders', msg: 'a\nb' },
    ]);
  });

  it('leaves out what is below its level, which can be changed', () => {
    const { log, lines } = collecting('warn');
    log.info({}, 'no');
    log.warn({}, 'yes');
    log.setLevel('debug');
    log.debug({}, 'yes too');
    expect(lines.map(({ msg }) => msg)).toEqual(['yes', 'yes too']);
  });
});

describe('the log file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgrouted-log-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const texts = (file: string): readonly unknown[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (line.startsWith('{') ? JSON.parse(line).msg : line));

  it('gets each line besides standard output, below what it holds already', () => {
    const file = join(folder, 'log');
    writeFileSync(file, 'older\n');
    const { log, lines } = collecting('info');
    log.appendTo(file);
    log.info({}, 'a');
    log.appendTo(undefined);
    log.info({}, 'b');
    expect(texts(file)).toEqual(['older', 'a']);
    expect(lines.map(({ msg }) => msg)).toEqual(['a', 'b']);
  });

  it('is opened anew when asked, so that it may be moved away', () => {
    const file = join(folder, 'moved');
    const { log } = collecting('info');
    log.appendTo(file);
    log.info({}, 'a');
    renameSync(file, `${file}.1`);
    log.info({}, 'b');
    log.appendTo(file);
    log.info({}, 'c');
    expect([texts(`${file}.1`), texts(file)]).toEqual([['a', 'b'], ['c']]);
    log.appendTo(undefined);
  });

  it('stays as it was when the next one can not be opened, and the failure says what to do', () => {
    const file = join(folder, 'kept');
    const { log } = collecting('info');
    log.appendTo(file);
    const broken: readonly (readonly [path: string, failure: RegExp])[] = [
      [join(folder, 'nowhere', 'log'), /nowhere\/log can't be opened: its folder does not exist; make it/],
      [folder, /can't be opened: it is a folder; name a file in it/],
    ];
    for (const [path, failure] of broken) expect(() => log.appendTo(path)).toThrow(failure);
    log.info({}, 'still');
    expect(texts(file)).toEqual(['still']);
    log.appendTo(undefined);
  });

  it('that takes no more is told of once, and costs nothing else', () => {
    const { log, lines } = collecting('info');
    log.appendTo('/dev/full');
    log.info({}, 'a');
    log.info({}, 'b');
    log.appendTo(undefined);
    expect(lines.map(({ msg }) => msg)).toEqual(['a', 'log lines can not be written to the file', 'b']);
  });
});

describe('an entry of the journal', () => {
  it('is one line with its facts by the names that all lines share', () => {
    const { log, lines } = collecting('info');
    const reason = { code: 'not_leader', text: 'pg1 does not hold the leader key', facts: { member: 'pg1' } };
    logEntry(
      log,
      entryOf(9, {
        kind: 'decision',
        cluster: 'orders',
        service: 'primary',
        member: 'pg1',
        target: 'edge',
        revision: '7',
        state: 'maint',
        reason,
        text: 'out',
      }),
    );
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        kind: 'decision',
        cluster: 'orders',
        service: 'primary',
        member: 'pg1',
        target: 'edge',
        revision: '7',
        state: 'maint',
        reason: 'not_leader',
        facts: { member: 'pg1' },
        msg: 'out',
      },
    ]);
  });

  it.each([
    ['alarm', 'warn'],
    ['drift', 'warn'],
    ['alarm_over', 'info'],
    ['switch', 'info'],
  ] as const)('of kind %s has level %s', (kind, level) => {
    const { log, lines } = collecting('debug');
    logEntry(log, entryOf(1, { kind }));
    expect(lines).toMatchObject([{ level, kind }]);
  });
});
