// What a command says of itself beyond its options: examples, files, environment, signals, exit codes. One source for --help and the man pages.
// Plain text, in which `backquotes` mark what is typed. Imports nothing, and knows neither a terminal nor roff.

/** A name (a file, a variable, a signal, an exit code) and what it means. */
export interface ManualEntry {
  readonly name: string;
  readonly text: string;
}

export interface ManualExample {
  /** A command line as it is typed. */
  readonly command: string;
  /** What it is for; for the man page. */
  readonly text: string;
}

export interface Manual {
  /** Paragraphs for the man page; --help has the command's one sentence instead. */
  readonly description?: readonly string[];
  readonly examples?: readonly ManualExample[];
  /** Paragraphs for both. */
  readonly notes?: readonly string[];
  readonly files?: readonly ManualEntry[];
  readonly environment?: readonly ManualEntry[];
  readonly signals?: readonly ManualEntry[];
  readonly exitCodes?: readonly ManualEntry[];
}

/** A program's manual: that of the program itself below `''`, those of its commands by their names. */
export type Manuals = Readonly<Record<string, Manual>>;

/** Names up to this length share one column. */
const widestName = 28;

/**
 * The manual as it stands below the options in --help. `width` in characters; `wrap` breaks a text into lines of at most so many.
 */
export function manualText(manual: Manual, width: number, wrap: (text: string, width: number) => string): string {
  const wrapped = (text: string, indent: number): string =>
    wrap(text, width - indent).replaceAll('\n', `\n${' '.repeat(indent)}`);
  const list = (title: string, entries: readonly ManualEntry[] = []): readonly string[] => {
    if (entries.length === 0) return [];
    const short = entries.map(({ name }) => name.length).filter((length) => length <= widestName);
    const indent = Math.max(0, ...short) + 4;
    const lines = entries.map(({ name, text }) =>
      name.length <= widestName
        ? `  ${name.padEnd(indent - 2)}${wrapped(text, indent)}`
        : `  ${name}\n${' '.repeat(indent)}${wrapped(text, indent)}`,
    );
    return [`${title}:\n${lines.join('\n')}`];
  };
  const { examples = [], notes = [] } = manual;
  const blocks = [
    ...(examples.length === 0 ? [] : [`Examples:\n${examples.map(({ command }) => `  ${command}`).join('\n')}`]),
    ...notes.map((note) => wrapped(note, 0)),
    ...list('Files', manual.files),
    ...list('Environment', manual.environment),
    ...list('Signals', manual.signals),
    ...list('Exit codes', manual.exitCodes),
  ];
  return blocks.map((block) => `\n${block}`).join('\n');
}
