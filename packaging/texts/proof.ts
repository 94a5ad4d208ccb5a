// Proves in real programs what was generated: completions in the shells, manual pages in what formats them. Runs nothing by itself: the caller
// hands in where scripts are run, such as a fresh Debian root in which the package is installed.
import { askingScript, type CompletionFile, installedCompletion, type Shell } from './asking.ts';

/** Runs a script for `sh` with this standard input, and gives what it printed on standard output and error. */
export type RunScript = (script: string, input: string) => Promise<string>;

/** Debian's packages with the programs that are asked. */
export const proofPackages = ['bash', 'zsh', 'fish', 'man-db', 'groff', 'mandoc'] as const;

export const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** What is typed, and what has to be offered, in the order of the alphabet. */
const expected: readonly (readonly [typed: string, offers: string])[] = [
  ['pgroutectl st', 'status'],
  ['pgroutectl e', 'events explain'],
  ['pgroutectl --timeout 5s li', 'lift lint'],
  ['pgroutectl --vers', '--version'],
  ['pgroutectl help ov', 'overrides'],
  ['pgroutectl status -o ', 'json table'],
  ['pgroutectl status --output j', 'json'],
  ['pgroutectl status --output=j', 'json'],
  ['pgroutectl status --ur', '--url'],
  ['pgroutectl events --kind sw', 'switch'],
  ['pgroutectl events --kind alarm,sw', 'switch'],
  ['pgroutectl maint ', 'one-of-members'],
  ['pgroutectl explain --service ', 'one-of-services'],
  ['pgroutectl fleet --cluster ', 'one-of-clusters'],
  ['pgroutectl lift ', 'one-of-overrides'],
  ['pgroutectl --url http://lb2:8080 drain ', 'asked-for-http://lb2:8080 one-of-members'],
  ['pgroutectl weight --cluster=orders o', 'one-of-members'],
  ['pgroutectl weight --cluster orders a', 'asked-for-orders'],
  ['pgroutectl weight pg1 ', ''],
  ['pgroutectl maint pg1 --reason ', ''],
  ['pgroutectl record -c ', 'a-file'],
  ['pgroutectl maint pg1 --token-file ', 'a-file'],
  ['pgroutectl replay a', 'a-file'],
  ['pgrouted ch', 'check-config'],
  ['pgrouted --log-level ', 'debug error info warn'],
  ['pgrouted --socket ', 'a-file'],
  ['pgrouted -c ', 'a-file'],
  ['pgrouted check-config --lo', '--log-level'],
  ['pgrouted haproxy-config --fa', '--fail-closed'],
];

/** Each line for which a shell offers something else. Nothing: all is as it has to be. */
export async function completionFindings(
  shell: Shell,
  run: RunScript,
  file: CompletionFile = installedCompletion,
): Promise<readonly string[]> {
  const said = await run(askingScript(shell, file), expected.map(([typed]) => `${typed}\n`).join(''));
  const lines = said.replaceAll('\r', '').split('\n');
  return expected.flatMap(([typed, offers], index) => {
    const offered = offersIn(lines[index] ?? '');
    return offered === offers ? [] : [`${shell}: "${typed}" is to offer "${offers}", but offers "${offered}"`];
  });
}

/** Some shells offer the whole word, `--output=json`, others what is still to come. */
const offersIn = (line: string): string =>
  line
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^.*[=,]/, ''))
    .sort()
    .join(' ');

/** What shows manual pages, and complains about them if asked. */
export type Formatter = 'groff' | 'mandoc' | 'man';

const complaints: Readonly<Record<Formatter, string>> = {
  groff: 'groff -ww -z -man -Kutf8 -Tutf8 "$page"',
  // Ends with another code than 0 for a word about style.
  mandoc: 'mandoc -Tlint "$page" || :',
  man: 'LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" >/dev/null',
};

/** What they complain about in manual pages, which may be compressed. Nothing: they are in order. */
export async function pageFindings(
  run: RunScript,
  paths: readonly string[],
  formatters: readonly Formatter[] = ['groff', 'mandoc', 'man'],
): Promise<readonly string[]> {
  const script = `set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
while IFS= read -r path; do
  page=$folder/$(basename "$path" .gz)
  zcat -f "$path" > "$page"
  ${formatters.map((formatter) => complaints[formatter]).join('\n  ')}
done
`;
  const said = await run(script, paths.map((path) => `${path}\n`).join(''));
  return said.split('\n').filter((line) => line.trim() !== '');
}
