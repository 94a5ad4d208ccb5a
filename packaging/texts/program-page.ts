// The manual page of a program, from the commands and options that its --help shows. No words of its own but headings.
import type { ManualEntry } from '@pgrouted/core/manual/manual';
import type { ArgumentText, CommandText, OptionText, ProgramText, ValueText } from './commands.ts';
import { type Block, code, type Inline, type PageHead, page, text, value } from './roff.ts';
import { inlineOf, sentence } from './words.ts';

export interface ProgramPage extends PageHead {
  /** One line: what `whatis` says. */
  readonly purpose: string;
  /** `pgroutectl(1)`. */
  readonly seeAlso: readonly string[];
}

export function programPage(program: ProgramText, head: ProgramPage): string {
  const { manual } = program;
  return page(head, [
    section('Name'),
    { kind: 'paragraph', text: [text(`${program.name} - ${head.purpose}`)] },
    section('Synopsis'),
    ...synopsis(program),
    section('Description'),
    ...paragraphs(manual.description ?? [program.description]),
    ...paragraphs(manual.notes ?? []),
    section('Options'),
    ...(program.optionsAnywhere ? paragraphs(['These may stand before or behind a command.']) : []),
    ...program.options.map(option),
    ...(program.commands.length === 0 ? [] : [section('Commands')]),
    ...program.commands.flatMap((command) => commandBlocks(program.name, command)),
    ...entries('Files', manual.files),
    ...entries('Environment', manual.environment),
    ...entries('Signals', manual.signals),
    ...entries('Exit status', manual.exitCodes),
    ...examples(manual.examples, section('Examples')),
    section('See also'),
    { kind: 'paragraph', text: inlineOf(head.seeAlso.join(', ')) },
  ]);
}

const section = (title: string): Block => ({ kind: 'section', title });

const paragraphs = (texts: readonly string[]): readonly Block[] =>
  texts.map((words) => ({ kind: 'paragraph', text: inlineOf(words) }));

function synopsis({ name, commands }: ProgramText): readonly Block[] {
  const lines = [[code(name), text(' ['), value('options'), text(']')], ...commands.map((one) => usage(name, one))];
  return [
    { kind: 'paragraph', text: lines.flatMap((line, index) => (index === 0 ? line : [{ kind: 'break' }, ...line])) },
  ];
}

function usage(program: string, command: CommandText): readonly Inline[] {
  const options: readonly Inline[] = command.options.length === 0 ? [] : [text(' ['), value('options'), text(']')];
  return [code(`${program} ${command.name}`), ...options, ...command.arguments.flatMap(placeholder)];
}

const placeholder = ({ name, optional }: ArgumentText): readonly Inline[] =>
  optional ? [text(' ['), value(name), text(']')] : [text(' '), value(name)];

function commandBlocks(program: string, command: CommandText): readonly Block[] {
  const { manual } = command;
  return [
    { kind: 'subsection', title: command.name },
    { kind: 'paragraph', text: usage(program, command) },
    ...paragraphs([sentence(command.description), ...(manual.description ?? [])]),
    ...command.arguments.map(argument),
    ...command.options.filter(({ flags }) => !flags.includes('--help')).map(option),
    ...paragraphs(manual.notes ?? []),
    ...exitStatus(manual.exitCodes),
    ...examples(manual.examples),
  ];
}

const exitStatus = (codes: readonly ManualEntry[] = []): readonly Block[] =>
  codes.length === 0
    ? []
    : paragraphs([sentence(`Exit status: ${codes.map(({ name, text: what }) => `${name}: ${what}`).join('; ')}`)]);

function argument({ name, description }: ArgumentText): Block {
  return { kind: 'item', terms: [[value(name)]], text: inlineOf(sentence(description)) };
}

function option(one: OptionText): Block {
  const { flags, value: taken, description, defaultText, mandatory } = one;
  const term = flags.flatMap((flag, index) => [
    ...(index === 0 ? [] : [text(', ')]),
    code(flag),
    ...(taken === undefined ? [] : takenWords(taken)),
  ]);
  const choices = taken === undefined || taken.choices.length === 0 ? '' : ` One of: ${taken.choices.join(', ')}.`;
  const standard = defaultText === undefined ? '' : ` Default: ${defaultText}.`;
  const needed = mandatory ? ' Has to be given.' : '';
  return { kind: 'item', terms: [term], text: inlineOf(`${sentence(description)}${choices}${standard}${needed}`) };
}

const takenWords = ({ name, optional }: ValueText): readonly Inline[] =>
  optional ? [text(' ['), value(name), text(']')] : [text(' '), value(name)];

const entry = ({ name, text: meaning }: ManualEntry): Block => ({
  kind: 'item',
  terms: [[code(name)]],
  text: inlineOf(sentence(meaning)),
});

const entries = (title: string, list: readonly ManualEntry[] = []): readonly Block[] =>
  list.length === 0 ? [] : [section(title), ...list.map(entry)];

const examples = (list: ProgramText['manual']['examples'] = [], heading?: Block): readonly Block[] => [
  ...(heading === undefined || list.length === 0 ? [] : [heading]),
  ...list.flatMap(({ command, text: what }): readonly Block[] => [
    { kind: 'paragraph', text: inlineOf(what) },
    { kind: 'example', lines: [command] },
  ]),
];
