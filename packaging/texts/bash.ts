// Completion for bash (4.4 and later), which needs nothing of the package bash-completion but to be loaded.
import type { CommandText, OptionText, ProgramText } from './commands.ts';
import { type Completion, completionOf, flagsWithValue, optionsOf, placesOf } from './completion.ts';

export function bashCompletion(program: ProgramText): string {
  const { name, commands } = program;
  const live = name === 'pgroutectl';
  const words = ['', ...commands.map((command) => command.name)];
  return `# Completion of bash for ${name}. Generated from the program's own options; changes here are lost.

_${name}() {
  local words word typed value head='' command='' count=0 flag='' kind=words${live ? ' names' : ''}
  local -a choices=()${live ? ' asked=()' : ''}
  COMPREPLY=()
  # Words as the program gets them: bash itself cuts them at = and : too.
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  if [[ \${COMP_LINE:0:COMP_POINT} =~ [[:space:]]$ ]]; then words+=(''); fi
  typed=\${words[-1]}
  unset 'words[-1]'
  for word in "\${words[@]:1}"; do
    if [[ -n $flag ]]; then
${live ? asked : ''}      flag=''
      continue
    fi
    case $word in
${live ? '      --url=* | --cluster=*) asked+=("$word") ;;\n' : ''}      ${flagsWithValue(program).join(' | ')})
        flag=$word
        ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else count=$((count + 1)); fi ;;
    esac
  done
  value=$typed
  if [[ -z $flag && $typed == --?*=* ]]; then
    flag=\${typed%%=*}
    head=$flag=
    value=\${typed#*=}
  fi

  if [[ -n $flag ]]; then
    case $command:$flag in
${valueCases(program)}
      *) return ;;
    esac
  elif [[ $typed == -* ]]; then
    case $command in
${words.map((word) => `      '${word}') choices=(${flagsOf(program, word).join(' ')}) ;;`).join('\n')}
    esac
  elif [[ -z $command ]]; then
    choices=(${commands.map((command) => command.name).join(' ')})
  else
    case $command:$count in
${argumentCases(program)}
      *) return ;;
    esac
  fi

  case $kind in
    files)
      # Left to bash, which knows about ~ and what has to be quoted.
      compopt -o default
      return
      ;;
    list)
      if [[ $value == *,* ]]; then head+=\${value%,*},; fi
      value=\${value##*,}
      compopt -o nospace
      ;;
${live ? fromRouter : ''}  esac
  for word in "\${choices[@]}"; do
    if [[ $word == "$value"* ]]; then COMPREPLY+=("$head$word"); fi
  done

  # What stands before the last = or : is a word of its own to bash, and stays as it is.
  local cut='' before
  for word in = :; do
    if [[ $COMP_WORDBREAKS == *"$word"* && $typed == *"$word"* ]]; then
      before=\${typed%"\${typed##*"$word"}"}
      if ((\${#before} > \${#cut})); then cut=$before; fi
    fi
  done
  COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}

complete -F _${name} ${name}
`;
}

const asked = `      if [[ $flag == --url || $flag == --cluster ]]; then asked+=("$flag" "$word"); fi
`;

const fromRouter = `    names) mapfile -t choices < <(pgroutectl complete "$names" "\${asked[@]}" 2>/dev/null) ;;
`;

const flagsOf = (program: ProgramText, word: string): readonly string[] => {
  const command = program.commands.find(({ name }) => name === word);
  const options = command === undefined ? program.options : optionsOf(program, command);
  return options.flatMap(({ flags }) => flags);
};

function valueCases(program: ProgramText): string {
  const cases = (prefix: string, options: readonly OptionText[]) =>
    options.flatMap(({ flags, value }) =>
      value === undefined
        ? []
        : [{ patterns: flags.map((flag) => `${prefix}:${flag}`), offered: completionOf(program, value, flags) }],
    );
  return caseLines([
    ...program.commands.flatMap((command) => cases(command.name, command.options)),
    ...cases(program.optionsAnywhere ? '*' : '', program.options),
  ]);
}

function argumentCases(program: ProgramText): string {
  const cases = (command: CommandText) =>
    placesOf(command).map(([place, argument]) => ({
      patterns: [`${command.name}:${place}`],
      offered: completionOf(program, argument),
    }));
  return caseLines(program.commands.flatMap(cases));
}

interface Case {
  readonly patterns: readonly string[];
  readonly offered: Completion;
}

/** One line for all that offer the same. */
function caseLines(cases: readonly Case[]): string {
  const byAction = new Map<string, string[]>();
  for (const { patterns, offered } of cases) {
    const action = actionOf(offered);
    if (action !== undefined) byAction.set(action, [...(byAction.get(action) ?? []), ...patterns]);
  }
  return [...byAction].map(([action, patterns]) => `      ${patterns.join(' | ')}) ${action} ;;`).join('\n');
}

function actionOf(offered: Completion): string | undefined {
  switch (offered.kind) {
    case 'none':
      return undefined;
    case 'files':
      return 'kind=files';
    case 'words':
      return `choices=(${offered.words.join(' ')})`;
    case 'list':
      return `kind=list choices=(${offered.words.join(' ')})`;
    case 'names':
      return `kind=names names=${offered.names}`;
  }
}
