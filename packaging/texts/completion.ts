// What a shell can offer for a value or an argument: files, words, or names that the running router knows. The same for every shell.
import type { ArgumentText, CommandText, OptionText, ProgramText, ValueText } from './commands.ts';

export type Completion =
  /** Free text. */
  | { readonly kind: 'none' }
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Several of them with commas between. */
  | { readonly kind: 'list'; readonly words: readonly string[] }
  /** What `pgroutectl complete <names>` prints. */
  | { readonly kind: 'names'; readonly names: 'clusters' | 'members' | 'overrides' | 'services' };

/** By what stands between the brackets in --help. */
const byPlaceholder: Readonly<Record<string, Completion>> = {
  file: { kind: 'files' },
  path: { kind: 'files' },
  events: { kind: 'files' },
  member: { kind: 'names', names: 'members' },
  id: { kind: 'names', names: 'overrides' },
};

/** Options of pgroutectl whose value is a name; pgrouted asks no running router. */
const byFlag: Readonly<Record<string, Completion>> = {
  '--cluster': { kind: 'names', names: 'clusters' },
  '--service': { kind: 'names', names: 'services' },
};

/** Of an option (`flags`) or, without, of an argument. */
export function completionOf(program: ProgramText, value: ValueText, flags: readonly string[] = []): Completion {
  if (value.choices.length > 0) return { kind: value.name.endsWith(',...') ? 'list' : 'words', words: value.choices };
  if (value.name === 'command') return { kind: 'words', words: program.commands.map(({ name }) => name) };
  const named = program.name === 'pgroutectl' ? flags.map((flag) => byFlag[flag]).find((found) => found) : undefined;
  return named ?? byPlaceholder[value.name] ?? { kind: 'none' };
}

/** The options that count behind a command. */
export function optionsOf(program: ProgramText, command: CommandText): readonly OptionText[] {
  if (!program.optionsAnywhere) return command.options;
  const own = new Set(command.options.flatMap(({ flags }) => flags));
  return [...command.options, ...program.options.filter(({ flags }) => !flags.some((flag) => own.has(flag)))].filter(
    ({ flags }) => !flags.includes('--version'),
  );
}

/**
 * Every flag behind which a value has to stand, whatever the command: words behind them are no commands. Throws where a flag takes a value in one
 * command and none in another, which shells could not tell apart then.
 */
export function flagsWithValue(program: ProgramText): readonly string[] {
  const all = [program, ...program.commands].flatMap(({ options }) => options);
  const of = (takes: boolean) =>
    new Set(all.filter(({ value }) => (value?.optional === false) === takes).flatMap(({ flags }) => flags));
  const [withValue, without] = [of(true), of(false)];
  const both = [...withValue].filter((flag) => without.has(flag));
  if (both.length > 0) throw new Error(`${program.name}: ${both.join(', ')} takes a value in one command only`);
  return [...withValue].sort();
}

/** Arguments with their places, from 0. */
export const placesOf = ({ arguments: all }: CommandText): readonly (readonly [number, ArgumentText])[] => [
  ...all.entries(),
];

/** A text between single quotes, for every shell here. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
