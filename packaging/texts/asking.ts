// Scripts that ask a real shell what it offers for a line that is typed. Each reads lines and prints for each the offers in one line, with blanks
// between; zsh is asked on a terminal of its own, since it completes nowhere else.

export type Shell = 'bash' | 'zsh' | 'fish';

/** Where a shell finds its completion for a program. */
export type CompletionFile = (shell: Shell, program: 'pgrouted' | 'pgroutectl') => string;

/** As the packages for Debian lay them down. */
export const installedCompletion: CompletionFile = (shell, program) =>
  ({
    bash: `/usr/share/bash-completion/completions/${program}`,
    zsh: `/usr/share/zsh/vendor-completions/_${program}`,
    fish: `/usr/share/fish/vendor_completions.d/${program}.fish`,
  })[shell];

/** What stands in for pgroutectl: a router that knows three names, and one more that tells the cluster asked for. */
const standIn = `#!/bin/sh
[ "$1" = complete ] || exit 1
names=$2
shift 2
printf 'one-of-%s\\n' "$names"
for word; do
  case $word in --*) ;; *) printf 'asked-for-%s\\n' "$word" ;; esac
done
`;

const bash = (file: CompletionFile) => `
compopt() { if [[ $* == '-o default' ]]; then files=yes; fi; }
. '${file('bash', 'pgrouted')}'
. '${file('bash', 'pgroutectl')}'
while IFS= read -r COMP_LINE; do
  COMP_POINT=\${#COMP_LINE} files=no
  "_\${COMP_LINE%% *}"
  if [[ $files == yes ]]; then mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_LINE##* }"); fi
  printf '%s\\n' "\${COMPREPLY[*]}"
done
`;

const fish = (file: CompletionFile) => `
source '${file('fish', 'pgrouted')}'
source '${file('fish', 'pgroutectl')}'
while read -l line
    echo (complete -C "$line" | string replace -r '\\t.*' '')
end
`;

const zsh = `
zmodload zsh/zpty
zpty inner zsh -f -i
await() { local text; zpty -r -m inner text "*$1*" && print -r -- "$text" }
zpty -w inner "source '$FOLDER/inner'"
await READY >/dev/null
while IFS= read -r line; do
  zpty -n -w inner "$line"$'\\t'
  answer=$(await ' END')
  zpty -n -w inner $'\\C-u'
  answer=\${answer##*OFFERED }
  print -r -- "\${answer% END*}"
done
zpty -d inner
`;

const insideZsh = (file: CompletionFile) => `
PROMPT=
unsetopt prompt_cr prompt_sp
fpath=('${file('zsh', 'pgroutectl').replace(/\/[^/]*$/, '')}' $fpath)
autoload -Uz compinit
compinit -u -D
# Every offer goes through compadd.
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits
  builtin compadd -A hits "$@"
  offered+=($hits)
  builtin compadd "$@"
}
ask() {
  local -a offered
  _main_complete
  compstate[insert]= compstate[list]=
  print -r -- "OFFERED \${offered} END"
}
zle -C ask complete-word ask
bindkey '^I' ask
bindkey '^U' kill-buffer
print -r -- REA''DY
`;

const here = (path: string, content: string): string => `cat > "$FOLDER/${path}" <<'THE_END'\n${content}\nTHE_END\n`;

const starts: Readonly<Record<Shell, string>> = {
  bash: 'bash --norc "$FOLDER/ask"',
  zsh: 'zsh -f "$FOLDER/ask"',
  fish: 'fish --no-config "$FOLDER/ask"',
};

/** A script for `sh` that asks this shell for each line of its standard input. Beside the cursor lies one file, `a-file`. */
export function askingScript(shell: Shell, file: CompletionFile): string {
  const ask = { bash: bash(file), zsh, fish: fish(file) }[shell];
  return `set -eu
FOLDER=$(mktemp -d)
export FOLDER HOME="$FOLDER/home"
trap 'rm -rf "$FOLDER"' EXIT
mkdir "$FOLDER/bin" "$FOLDER/home" "$FOLDER/here"
: > "$FOLDER/here/a-file"
${here('bin/pgroutectl', standIn)}chmod +x "$FOLDER/bin/pgroutectl"
${here('ask', ask)}${shell === 'zsh' ? here('inner', insideZsh(file)) : ''}cd "$FOLDER/here"
PATH="$FOLDER/bin:$PATH" ${starts[shell]}
`;
}
