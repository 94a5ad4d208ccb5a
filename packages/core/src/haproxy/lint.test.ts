import { describe, expect, it } from 'vitest';
import { HaproxyModel, type ModelServer } from '../../test/haproxy-model.ts';
import { serversDefault } from '../model/service.ts';
import { millis } from '../model/units.ts';
import type { DesiredBackend } from './desired.ts';
import { type LintPicture, lint } from './lint.ts';
import { Linter } from './linter.ts';
import { match } from './match.ts';
import type { ServerFact } from './parse.ts';

const server = (name: string, admin: number): ModelServer => ({
  backend: 'be',
  name,
  port: 5432,
  admin,
  op: (admin & 1) === 0 ? 2 : 0,
  weight: 1,
  checkFails: false,
  sessions: 0,
  ending: 0,
});
const backend = (more: Partial<DesiredBackend> = {}): DesiredBackend => ({
  backend: 'be',
  exclusive: false,
  servers: ['a', 'b'].map((member) => ({ member, address: undefined, state: 'ready' })),
  ...more,
});
const pictureOf = (
  held: readonly ModelServer[],
  desired: DesiredBackend,
  more: Partial<LintPicture> & { readonly as?: (line: ServerFact) => ServerFact } = {},
): LintPicture => {
  const facts = new HaproxyModel(held).facts().servers.map(more.as ?? ((line) => line));
  const { wanted } = match(facts, desired);
  return {
    target: 't',
    backends: [desired],
    wanted,
    level: 'admin',
    checking: new Set(),
    hasAsked: undefined,
    ...more,
  };
};
const codes = (picture: LintPicture) => lint(picture).map(({ code, facts }) => [code, facts['servers']]);

describe('the lint', () => {
  const sound = [server('a', 4), server('b', 5)];
  it('finds nothing where all is as it should be', () => {
    expect(lint(pictureOf(sound, backend()))).toEqual([]);
    // The level is not known yet.
    expect(lint(pictureOf(sound, backend(), { level: undefined }))).toEqual([]);
  });

  it('finds lines that are not disabled in the file, but for those that were added at run time', () => {
    expect(codes(pictureOf([server('a', 0), server('b', 1), server('c', 5)], backend()))).toEqual([
      ['servers_not_disabled', 'a, b'],
    ]);
    const adding = backend({ match: { ...serversDefault, add: { prefix: 'dyn-', parameters: [] } } });
    expect(codes(pictureOf([...sound, server('dyn-c', 0)], adding))).toEqual([]);
  });

  it.each(['user', 'operator'] as const)('finds a stats socket of level %s', (level) => {
    expect(lint(pictureOf(sound, backend(), { level }))).toMatchObject([{ code: 'stats_level_low', facts: { level } }]);
  });

  it('finds backup lines that are missing, or that are none', () => {
    const backed = backend({ match: { ...serversDefault, backupName: '{member}-fb' } });
    const as = (line: ServerFact): ServerFact => ({ ...line, backup: false });
    expect(codes(pictureOf([...sound, server('a-fb', 5)], backed, { as }))).toEqual([
      ['backup_line_serves_always', 'a-fb'],
      ['backup_line_missing', 'b'],
    ]);
  });

  it('finds lines whose check asks somebody else, where a register is kept', () => {
    const checking = new Set(['be/a', 'be/b']);
    const hasAsked = (_: string, name: string) => name === 'a';
    expect(codes(pictureOf(sound, backend(), { checking, hasAsked }))).toEqual([['check_asks_others', 'b']]);
    expect(codes(pictureOf(sound, backend(), { checking }))).toEqual([]);
  });
});

describe('the linter', () => {
  const checked = (line: ServerFact): ServerFact => ({ ...line, checked: true });
  const looks = (linter: Linter, at: number, held: readonly ModelServer[], hasAsked = () => false) =>
    linter
      .read(pictureOf(held, backend(), { hasAsked, as: checked }), millis(at))
      .flatMap((report) => (report.kind === 'lint' ? report.findings.map(({ code }) => code) : []));

  it('tells each finding once, and again only after it was gone', () => {
    const linter = new Linter();
    expect(looks(linter, 0, [server('a', 0)])).toEqual(['servers_not_disabled']);
    expect(looks(linter, 10, [server('b', 0)])).toEqual([]);
    expect(looks(linter, 1_000, [server('a', 0)])).toEqual([]);
    expect(linter.findings).toHaveLength(1);
    linter.otherWorker();
    expect(looks(linter, 1_010, [server('a', 4)])).toEqual([]);
    expect(linter.findings).toEqual([]);
    linter.otherWorker();
    expect(looks(linter, 1_020, [server('a', 0)])).toEqual(['servers_not_disabled']);
  });

  it('gives a check ten seconds out of maint to ask', () => {
    const linter = new Linter();
    expect(looks(linter, 0, [server('a', 5)])).toEqual([]);
    expect(looks(linter, 20_000, [server('a', 4)])).toEqual([]);
    expect(looks(linter, 29_000, [server('a', 4)])).toEqual([]);
    expect(looks(linter, 35_000, [server('a', 4)])).toEqual(['check_asks_others']);
    expect(looks(linter, 45_000, [server('a', 4)], () => true)).toEqual([]);
    expect(linter.findings).toEqual([]);
  });
});
