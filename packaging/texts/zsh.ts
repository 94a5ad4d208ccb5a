// Completion for zsh, with descriptions, as a function that compinit loads.
import type { CommandText, OptionText, ProgramText } from './commands.ts';
import { type Completion, completionOf, optionsOf, placesOf, quoted } from './completion.ts';

export function zshCompletion(program: ProgramText): string {
  const { name, commands } = program;
  const live = name === 'pgroutectl';
  return `#compdef ${name}
# Completion of zsh for ${name}. Generated from the program's own options; changes here are lost.

${live ? names : ''}_${name}() {
  local curcontext="$curcontext" state ret=1
  local -a commands
${live ? typed : ''}  local -A opt_args
  commands=(
${commands.map((command) => `    ${quoted(`${command.name}:${command.description.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _arguments -C -s \\
${specs(program, program.options)} \\
    '1:command:->command' \\
    '*::argument:->rest' && ret=0
  case $state in
    (command) _describe -t commands command commands && ret=0 ;;
    (rest)
      curcontext="\${curcontext%:*:*}:${name}-$words[1]:"
      case $words[1] in
${commands.map((command) => commandCase(program, command)).join('\n')}
      esac
      ;;
  esac
  return ret
}

_${name} "$@"
`;
}

/** The whole line: `words` is cut down to the command for what is completed behind it. */
const typed = `  local -a typed=("\${(@)words[1,CURRENT-1]}")
`;

/** Called with options for compadd, then what is asked for. */
const names = `_pgroutectl_names() {
  local index
  local -a asked names
  for (( index = 2; index <= $#typed; index++ )); do
    case $typed[index] in
      (--url|--cluster) (( index < $#typed )) && asked+=("$typed[index]" "\${(Q)typed[index+1]}"); (( index++ )) ;;
      (--url=*|--cluster=*) asked+=("\${(Q)typed[index]}") ;;
    esac
  done
  names=("\${(@f)$(command pgroutectl complete "$@[-1]" "$asked[@]" 2>/dev/null)}")
  names=(\${names:#})
  compadd "$@[1,-2]" -a names
}

`;

function commandCase(program: ProgramText, command: CommandText): string {
  const options = specs(program, optionsOf(program, command), '          ');
  const places = placesOf(command).map(([, argument]) => {
    const between = argument.optional ? '::' : ':';
    return `          ${quoted(`${between}${argument.name}:${actionOf(completionOf(program, argument))}`)}`;
  });
  return `        (${command.name})
          _arguments -s \\
${[options.replaceAll('          ', '            '), ...places.map((place) => `  ${place}`)].join(' \\\n')} && ret=0
          ;;`;
}

const specs = (program: ProgramText, options: readonly OptionText[], indent = '    '): string =>
  options.map((option) => `${indent}${spec(program, option)}`).join(' \\\n');

/** `'(-o --output)'{-o+,--output=}'[table for people]:form:(table json)'` */
function spec(program: ProgramText, { flags, value, description, repeatable }: OptionText): string {
  const told = description.replaceAll(/[[\]:\\]/g, (char) => `\\${char}`);
  const takes =
    value === undefined
      ? ''
      : `${value.optional ? '::' : ':'}${value.name.replaceAll(':', '\\:')}:${actionOf(completionOf(program, value, flags))}`;
  const written = flags.map((flag) =>
    value === undefined || value.optional ? flag : flag.startsWith('--') ? `${flag}=` : `${flag}+`,
  );
  const [only] = written;
  return written.length === 1
    ? quoted(`${repeatable ? '*' : ''}${only}[${told}]${takes}`)
    : `${quoted(repeatable ? '*' : `(${flags.join(' ')})`)}{${written.join(',')}}${quoted(`[${told}]${takes}`)}`;
}

function actionOf(offered: Completion): string {
  switch (offered.kind) {
    case 'none':
      return '';
    case 'files':
      return '_files';
    case 'words':
      return `(${offered.words.join(' ')})`;
    case 'list':
      return `_values -s , kind ${offered.words.join(' ')}`;
    case 'names':
      return `_pgroutectl_names ${offered.names}`;
  }
}
