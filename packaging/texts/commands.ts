// The commands and options of a program as plain data, read off the very tree that prints its --help. Runs nothing.
import type { Manual, Manuals } from '@pgrouted/core/manual/manual';
import type { Argument, Command, Help, Option } from 'commander';

export interface OptionText {
  /** `-c`, `--config`: as they are typed. */
  readonly flags: readonly string[];
  /** Undefined: it takes none. */
  readonly value: ValueText | undefined;
  /** With default, as --help has it. */
  readonly description: string;
  /** What it stands for, where nothing else is told: `table`. */
  readonly defaultText: string | undefined;
  /** It may be given again; told in its description, as commander has no word for it. */
  readonly repeatable: boolean;
  /** The command does not go without it. */
  readonly mandatory: boolean;
}

export interface ValueText {
  /** What stands between the brackets in --help: `file`, `host:port`. */
  readonly name: string;
  /** It may be left out. */
  readonly optional: boolean;
  /** Empty: anything. */
  readonly choices: readonly string[];
}

export interface ArgumentText extends ValueText {
  readonly description: string;
}

export interface CommandText {
  /** `status`; of the program itself its own name. */
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ArgumentText[];
  readonly options: readonly OptionText[];
  readonly manual: Manual;
}

export interface ProgramText extends CommandText {
  readonly commands: readonly CommandText[];
  /** The program's own options count behind a command, too. */
  readonly optionsAnywhere: boolean;
}

/** What can be seen in --help: hidden commands and options are left out. */
export function programText(
  program: Command,
  manuals: Manuals,
  { optionsAnywhere }: Pick<ProgramText, 'optionsAnywhere'>,
): ProgramText {
  const help = program.createHelp();
  return {
    ...commandText(program, manuals[''] ?? {}, help),
    commands: help.visibleCommands(program).map((command) => commandText(command, manuals[command.name()] ?? {}, help)),
    optionsAnywhere,
  };
}

function commandText(command: Command, manual: Manual, help: Help): CommandText {
  return {
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map(argumentText),
    options: help.visibleOptions(command).map(optionText),
    manual,
  };
}

const argumentText = (argument: Argument): ArgumentText => ({
  name: argument.name(),
  optional: !argument.required,
  choices: argument.argChoices ?? [],
  description: argument.description,
});

function optionText(option: Option): OptionText {
  const { short, long, required, optional, argChoices, defaultValue, defaultValueDescription } = option;
  const [, name] = /[<[](.+)[>\]]$/.exec(option.flags) ?? [];
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    value: name === undefined || !(required || optional) ? undefined : { name, optional, choices: argChoices ?? [] },
    description: option.description,
    defaultText: defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue)),
    repeatable: option.description.includes('may be repeated'),
    mandatory: option.mandatory,
  };
}
