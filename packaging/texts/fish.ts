// Completion for fish (3 and later), with descriptions.
import type { CommandText, OptionText, ProgramText } from './commands.ts';
import { type Completion, completionOf, flagsWithValue, optionsOf, placesOf } from './completion.ts';

export function fishCompletion(program: ProgramText): string {
  const { name, commands } = program;
  const lines = [
    ...program.options.map((option) => optionLine(program, '', option)),
    ...commands.map((command) =>
      line(name, `__${name}_at ''`, `-a ${command.name} -d ${fishQuoted(command.description)}`),
    ),
    ...commands.flatMap((command) => commandLines(program, command)),
  ];
  return `# Completion of fish for ${name}. Generated from the program's own options; changes here are lost.

# What was typed before the cursor, without options and their values: a command, then its arguments.
function __${name}_typed
    set -l words (commandline -opc)
    set -e words[1]
    set -l takes 0
    for word in $words
        if test $takes -eq 1
            set takes 0
            continue
        end
        switch $word
            case ${flagsWithValue(program).join(' ')}
                set takes 1
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether the cursor stands behind this command ('': behind none), and behind so many arguments of it.
function __${name}_at --argument-names command count
    set -l typed (__${name}_typed)
    test "$typed[1]" = "$command"; or return 1
    test -z "$count"; or test (count $typed) -eq (math $count + 1)
end

${name === 'pgroutectl' ? names : ''}complete -c ${name} -f
${lines.join('\n')}
`;
}

const names = `# Names that the running router knows.
function __pgroutectl_names --argument-names what
    set -l asked
    set -l flag
    for word in (commandline -opc)
        if test -n "$flag"
            set -a asked $flag $word
            set flag
            continue
        end
        switch $word
            case --url --cluster
                set flag $word
            case '--url=*' '--cluster=*'
                set -a asked $word
        end
    end
    command pgroutectl complete $what $asked 2>/dev/null
end

`;

function commandLines(program: ProgramText, command: CommandText): readonly string[] {
  const { name } = program;
  return [
    ...optionsOf(program, command).map((option) => optionLine(program, command.name, option)),
    ...placesOf(command).flatMap(([place, argument]) => {
      const offered = offers(completionOf(program, argument));
      return offered === '' ? [] : [line(name, `__${name}_at ${command.name} ${place}`, offered)];
    }),
  ];
}

function optionLine(program: ProgramText, command: string, { flags, value, description }: OptionText): string {
  const written = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const offered = value === undefined ? '' : offers(completionOf(program, value, flags));
  const takes = value === undefined || value.optional ? [] : [offered.startsWith('-F') ? '-r' : '-x', offered];
  const parts = [...written, ...takes, `-d ${fishQuoted(description)}`];
  return line(
    program.name,
    `__${program.name}_at ${command === '' ? "''" : command}`,
    parts.filter((part) => part !== '').join(' '),
  );
}

const line = (name: string, condition: string, rest: string): string =>
  `complete -c ${name} -n ${fishQuoted(condition)} ${rest}`;

function offers(offered: Completion): string {
  switch (offered.kind) {
    case 'none':
      return '';
    case 'files':
      return '-F';
    case 'words':
      return `-a ${fishQuoted(offered.words.join(' '))}`;
    case 'list':
      return `-a ${fishQuoted(`(__fish_complete_list , 'string split " " "${offered.words.join(' ')}"')`)}`;
    case 'names':
      return `-a ${fishQuoted(`(__pgroutectl_names ${offered.names})`)}`;
  }
}

/** In single quotes fish knows \\\\ and \\'. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
