// What each HAProxy lacks to be driven safely, with what to do about it: for people, and as data. Pure.
import type { ReasonDocument, StatusDocument } from '@pgrouted/core/status/schema';
import { remedyOf } from './remedies.ts';
import { clean, hang, type Look, paint } from './text.ts';

export interface Finding extends ReasonDocument {
  readonly remedy: string;
}

export interface LintedTarget {
  readonly name: string;
  /** False: it was not read yet, so there may be more. */
  readonly read: boolean;
  readonly findings: readonly Finding[];
}

/** What stands against each target that a configuration can mend. What only time mends (an old worker's sessions, a server whose check fails) is left out. */
export const lintOf = ({ targets }: StatusDocument): readonly LintedTarget[] =>
  targets.map(({ name, readBackAgeMs, problems }) => ({
    name,
    read: readBackAgeMs !== null,
    findings: problems.flatMap((problem) => {
      const remedy = remedyOf(problem.code);
      return remedy === undefined ? [] : [{ ...problem, remedy }];
    }),
  }));

export const isClean = (targets: readonly LintedTarget[]): boolean =>
  targets.every(({ read, findings }) => read && findings.length === 0);

export function renderLint(targets: readonly LintedTarget[], look: Look): string {
  if (targets.length === 0) return 'no HAProxy is configured, so there is nothing to compare\n';
  return `${targets.map((target) => targetLines(target, look).join('\n')).join('\n\n')}\n`;
}

function targetLines({ name, read, findings }: LintedTarget, look: Look): readonly string[] {
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
  const verdict = findings.length > 0 ? count : read ? 'as pgrouted needs it' : 'not read yet: ask again in a moment';
  const head = paint(look, findings.length > 0 || !read ? 'bad' : 'good', `${clean(name)}  ${verdict}`);
  return [
    head,
    ...findings.flatMap(({ code, text, remedy }) => [
      ...hang('  - ', clean(`${text} [${code}]`), look.width),
      ...hang('    do: ', remedy, look.width),
    ]),
  ];
}
