import { describe, expect, it } from 'vitest';
import { type Block, code, page, text } from './roff.ts';
import { inlineOf, sentence } from './words.ts';

const head = { name: 'thing', section: 1, date: '2026-11-21', version: '1.2.3', manual: 'User commands' } as const;
const body = (...blocks: readonly Block[]): readonly string[] => page(head, blocks).trimEnd().split('\n').slice(6);
const paragraph = (...inline: readonly Parameters<typeof text>[0][]): Block => ({
  kind: 'paragraph',
  text: inline.map(text),
});

describe('a manual page', () => {
  it('names itself, its date and its version', () => {
    expect(page(head, [])).toContain('.TH THING 1 2026-11-21 "pgrouted 1.2.3" "User commands"\n');
  });

  it.each([
    ['a backslash', 'a\\b', 'a\\eb'],
    ['a minus, so that it can be pasted', '--now', '\\-\\-now'],
    ['quotes, so that they can be pasted', `'a' "b" \`c\``, '\\(aqa\\(aq \\(dqb\\(dq \\(gac\\(ga'],
    ['a letter beyond ASCII', 'naïve', 'na\\[u00EF]ve'],
    ['a dot at the start of a line', '.hidden', '\\&.hidden'],
    ['an apostrophe at the start of a line', "'tis", '\\(aqtis'],
  ])('says %s as it is', (_, words, roff) => {
    expect(body(paragraph(words))).toEqual(['.PP', roff]);
  });

  it('starts a line with each sentence, and has none longer than 80 bytes', () => {
    const long = 'word '.repeat(40).trim();
    const lines = body(paragraph(`One. Two (2.) Three! ${long}`));
    expect(lines.slice(0, 4)).toEqual(['.PP', 'One.', 'Two (2.)', expect.stringMatching(/^Three! word/)]);
    for (const line of lines) expect(line.length).toBeLessThan(80);
  });

  it('lists several terms of one meaning, and shows examples as they are', () => {
    expect(
      body(
        { kind: 'section', title: 'Keys' },
        { kind: 'item', terms: [[code('a-b')], [code('c')]], text: [text('Both.')] },
        { kind: 'example', lines: ['.x: 1', '', '  y'] },
      ),
    ).toEqual([
      ...['.SH KEYS', '.TP', '\\fBa\\-b\\fR', '.TQ', '\\fBc\\fR', 'Both.'],
      ...['.PP', '.RS 4', '.EX', '\\&.x: 1', '', '  y', '.EE', '.RE'],
    ]);
  });
});

describe('words of the programs', () => {
  it('stand out where they are typed or name a page', () => {
    expect(inlineOf('see `a b`, --flag and page(8), not well-known')).toEqual([
      ...[text('see '), code('a b'), text(', '), code('--flag'), text(' and '), code('page')],
      text('(8), not well-known'),
    ]);
  });

  it.each([
    ['which member', 'Which member.'],
    ["pgrouted's own configuration", "pgrouted's own configuration."],
    ['pgrouted runs', 'pgrouted runs.'],
    ['done already.', 'Done already.'],
    ['stopped', 'Stopped.'],
    ['services.md tells', 'services.md tells.'],
    ['--for is needed', '--for is needed.'],
  ])('%j is the sentence %j', (words, expected) => {
    expect(sentence(words)).toBe(expected);
  });
});
