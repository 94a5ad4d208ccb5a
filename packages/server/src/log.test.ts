import { describe, expect, it } from 'vitest';
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
