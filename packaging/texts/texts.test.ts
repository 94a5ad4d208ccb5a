// The texts that go into the packages, against the programs and the page that they are made from.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manuals as ofPgroutectl } from '@pgrouted/cli/manual';
import { manuals as ofPgrouted } from '@pgrouted/server/manual';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProgramText } from './commands.ts';
import { completionOf, flagsWithValue } from './completion.ts';
import { pgroutectl, pgrouted } from './programs.ts';
import { completionFindings, type RunScript } from './proof.ts';
import { texts, writeTexts } from './texts.ts';

const options = { version: '0.1.0', date: new Date('2026-11-21T23:30:00Z') };
const written = texts(options);
const textOf = (name: string): string => written.get(name) ?? '';
const programs = [
  ['pgrouted.8', pgrouted(), ofPgrouted],
  ['pgroutectl.1', pgroutectl(), ofPgroutectl],
] as const;

/** As a reader sees it: without requests, fonts and escapes. */
const read = (page: string): string =>
  page
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(dq', '"')
    .replaceAll('\\(ti', '~')
    .replaceAll('\\(ga', '`')
    .replaceAll('\\&', '')
    .replaceAll('\\e', '\\');

const everything = (program: ProgramText) => [program, ...program.commands];
const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe.each(programs)('%s', (name, program, manuals) => {
  const page = words(read(textOf(name)));

  it('has a description for every command, option and argument', () => {
    for (const { name: command, description, options: flags, arguments: all } of everything(program))
      for (const [what, told] of [
        [command, description],
        ...flags.map((option) => [option.flags.join(), option.description]),
        ...all.map((argument) => [argument.name, argument.description]),
      ])
        expect(told, `${program.name} ${command}: ${what}`).toMatch(/\w{3}/);
  });

  it('has examples, a code for each way to end, and a manual for no command that there is not', () => {
    expect(program.manual.examples?.length).toBeGreaterThan(2);
    const known = program.commands.map((command) => command.name);
    expect(Object.keys(manuals).filter((command) => command !== '' && !known.includes(command))).toEqual([]);
    expect(program.manual.exitCodes?.map(({ name: code }) => code)).toEqual(expect.arrayContaining(['0', '1', '2']));
  });

  it('tells all of them on its page', () => {
    for (const command of program.commands) expect(page).toContain(`.SS ${command.name} `);
    for (const { flags } of program.options) expect(page).toContain(flags.at(-1));
    for (const { options: own } of program.commands) for (const { flags } of own) expect(page).toContain(flags.at(-1));
    for (const title of [
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'OPTIONS',
      'COMMANDS',
      'ENVIRONMENT',
      'EXIT STATUS',
      'EXAMPLES',
      'SEE ALSO',
    ])
      expect(page).toContain(`.SH ${title} `);
  });

  it('has a completion for each option in each shell', () => {
    for (const file of [`${program.name}.bash`, `_${program.name}`, `${program.name}.fish`])
      for (const { flags } of everything(program).flatMap((command) => command.options))
        for (const flag of flags.filter((one) => one.startsWith('--'))) expect(textOf(file)).toContain(flag.slice(2));
  });

  it('offers something for each value but free text', () => {
    const free = [
      'url',
      'duration',
      'interval',
      'seq|duration',
      'number',
      'name',
      'text',
      'seconds',
      'uid',
      'ms',
      'weight',
    ];
    const ofDaemon = ['host:port', 'port', 'service=port', 'address', 'name=host:port'];
    for (const { options: flags, arguments: all } of everything(program)) {
      const values = [
        ...flags.flatMap(({ value, flags: typed }) => (value ? [{ value, typed }] : [])),
        ...all.map((value) => ({ value, typed: [] })),
      ];
      for (const { value, typed } of values)
        if (completionOf(program, value, typed).kind === 'none') expect([...free, ...ofDaemon]).toContain(value.name);
    }
    expect(flagsWithValue(program)).not.toHaveLength(0);
  });
});

describe('pgrouted.yaml(5)', () => {
  const page = read(textOf('pgrouted.yaml.5'));
  const markdown = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

  it('has every key of docs/configuration.md, which has every key that is read', () => {
    const rows = markdown.split('\n').filter((line) => line.startsWith('| `') && !line.startsWith('| `--'));
    const keys = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ''),
    );
    expect(keys.length).toBeGreaterThan(100);
    const lines = new Set(page.split('\n'));
    expect(keys.filter((key) => !lines.has(key))).toEqual([]);
  });

  it('has every example, letter by letter', () => {
    const examples = [...markdown.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, text]) => text ?? '');
    expect(examples.length).toBeGreaterThan(7);
    for (const example of examples) expect(page.includes(example), example).toBe(true);
  });
});

describe('the texts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgrouted-texts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are the same bytes for the same version and date, whose day is that of UTC', () => {
    const paths = writeTexts(folder, options);
    expect(paths).toHaveLength(9);
    for (const path of paths) expect(readFileSync(path, 'utf8')).toBe(textOf(path.slice(folder.length + 1)));
    expect(textOf('pgrouted.8')).toContain('2026-11-21 "pgrouted 0.1.0"');
  });

  it('have no line in a manual page that its formatters complain about: too long, with blanks at its end, not ASCII', () => {
    for (const name of ['pgrouted.8', 'pgroutectl.1', 'pgrouted.yaml.5']) {
      expect(textOf(name)).not.toMatch(/[^\n\x20-\x7e]| $/m);
      const outside = textOf(name).replaceAll(/^\.EX\n.*?^\.EE$/gms, '');
      expect(outside.split('\n').filter((line) => line.length > 80 && !line.startsWith('.'))).toEqual([]);
    }
  });

  it('complete in a real bash', async () => {
    writeTexts(folder, options);
    const run: RunScript = async (script, input) => execFileSync('sh', ['-c', script], { input, encoding: 'utf8' });
    expect(await completionFindings('bash', run, (_, program) => join(folder, `${program}.bash`))).toEqual([]);
    const silent: RunScript = async () => '';
    expect(await completionFindings('bash', silent)).toContain(
      'bash: "pgroutectl st" is to offer "status", but offers ""',
    );
  });
});
