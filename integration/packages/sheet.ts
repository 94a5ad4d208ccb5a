// What was checked, as it is checked: one line each on the screen, a sum at the end. A check that throws has failed; the others go on.
// It judges nothing itself.

/** One part of the proof: its checks go below its name. */
export interface Sheet {
  /** Gives whether it passed. A text that `attempt` gives is shown beside it: a figure, a version. */
  readonly check: (what: string, attempt: () => unknown) => Promise<boolean>;
}

export interface Sum {
  readonly passed: number;
  readonly failed: number;
}

export interface Sheets {
  readonly part: (name: string) => Sheet;
  readonly sum: () => Sum;
  /** A row for each part and, below, what has failed. */
  readonly table: () => string;
  /**
   * Prints the table and the sum, however far it came; gives the exit code. `trouble`: why it ended early, a failure of its own; `untried`: what could not be tried
   * here, and why.
   */
  readonly conclude: (trouble?: string, untried?: readonly string[]) => number;
}

interface Row {
  readonly part: string;
  readonly what: string;
  readonly trouble: string | undefined;
}

export function openSheets(print: (line: string) => void): Sheets {
  const rows: Row[] = [];
  const parts: string[] = [];
  const sumOf = (chosen: readonly Row[]): Sum => {
    const failed = chosen.filter(({ trouble }) => trouble !== undefined).length;
    return { passed: chosen.length - failed, failed };
  };
  const table = (): string => {
    const width = Math.max(...parts.map(({ length }) => length), 0);
    const lines = parts.map((name) => {
      const { passed, failed } = sumOf(rows.filter(({ part }) => part === name));
      return `${name.padEnd(width)}  ${String(passed).padStart(4)} passed  ${String(failed).padStart(4)} failed`;
    });
    const failures = rows.flatMap(({ part, what, trouble }) => (trouble === undefined ? [] : [`  ${part}: ${what}`]));
    return [...lines, ...(failures.length === 0 ? [] : ['failed:', ...failures])].join('\n');
  };
  return {
    part: (name) => {
      parts.push(name);
      print(`\n== ${name}`);
      return {
        check: async (what, attempt) => {
          const beganAt = performance.now();
          const took = () => `${((performance.now() - beganAt) / 1000).toFixed(1)} s`;
          try {
            const shown = await attempt();
            rows.push({ part: name, what, trouble: undefined });
            print(`  ok      ${what}${typeof shown === 'string' ? `: ${shown}` : ''}  (${took()})`);
            return true;
          } catch (error) {
            const trouble = error instanceof Error ? withCause(error) : String(error);
            rows.push({ part: name, what, trouble });
            print(`  FAILED  ${what}  (${took()})\n${indented(trouble)}`);
            return false;
          }
        },
      };
    },
    sum: () => sumOf(rows),
    table,
    conclude: (trouble, untried = []) => {
      const { passed, failed } = sumOf(rows);
      const sum = failed + (trouble === undefined ? 0 : 1);
      print(`\n${table()}`);
      if (trouble !== undefined) print(trouble);
      for (const what of untried) print(what);
      print(`${passed} passed, ${sum} failed${untried.length > 0 ? `, ${untried.length} skipped` : ''}`);
      return sum === 0 ? 0 : 1;
    },
  };
}

const withCause = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}\n${error.cause.message}` : error.message;

const indented = (text: string): string => text.replaceAll(/^/gm, '          ');

/** Throws `trouble` unless it is so. */
export function demand(isSo: boolean, trouble: string): asserts isSo {
  if (!isSo) throw new Error(trouble);
}
