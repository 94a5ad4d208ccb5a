// Everything to read that goes into a package and is made from the programs themselves: manual pages and completions of shells.
// The same version and date give the same bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashCompletion } from './bash.ts';
import { configurationPage } from './configuration-page.ts';
import { fishCompletion } from './fish.ts';
import { programPage } from './program-page.ts';
import { pgroutectl, pgrouted } from './programs.ts';
import { zshCompletion } from './zsh.ts';

export interface TextsOptions {
  /** `0.1.0`. */
  readonly version: string;
  /** That of the pages' heads; its day in UTC counts. */
  readonly date: Date;
}

/** The texts by the names of their files. */
export function texts({ version, date }: TextsOptions): ReadonlyMap<string, string> {
  const day = date.toISOString().slice(0, 10);
  const head = { version, date: day };
  const keys = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const programs = [pgrouted(), pgroutectl()];
  return new Map([
    ...programs.flatMap((program): [string, string][] => [
      [`${program.name}.bash`, bashCompletion(program)],
      [`_${program.name}`, zshCompletion(program)],
      [`${program.name}.fish`, fishCompletion(program)],
    ]),
    [
      'pgrouted.8',
      programPage(pgrouted(), {
        ...head,
        name: 'pgrouted',
        section: 8,
        manual: 'System administration',
        purpose: 'keeps PostgreSQL traffic in HAProxy on the right server',
        seeAlso: ['pgroutectl(1)', 'pgrouted.yaml(5)', 'haproxy(1)', 'systemctl(1)', 'journalctl(1)'],
      }),
    ],
    [
      'pgroutectl.1',
      programPage(pgroutectl(), {
        ...head,
        name: 'pgroutectl',
        section: 1,
        manual: 'User commands',
        purpose: 'shows, explains and overrides what pgrouted does',
        seeAlso: ['pgrouted(8)', 'pgrouted.yaml(5)'],
      }),
    ],
    [
      'pgrouted.yaml.5',
      configurationPage(keys, {
        ...head,
        name: 'pgrouted.yaml',
        section: 5,
        manual: 'File formats',
        purpose: 'configuration of pgrouted',
        files: [
          { name: '/etc/pgrouted/pgrouted.yaml', text: 'Read where no option and no variable names another.' },
          { name: '/usr/share/doc/pgrouted/docs', text: 'The pages that are named with .md here.' },
        ],
        seeAlso: ['pgrouted(8)', 'pgroutectl(1)'],
      }),
    ],
  ]);
}

/** Writes them all into `folder`, which is made where it is not there. Gives the paths. */
export function writeTexts(folder: string, options: TextsOptions): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return [...texts(options)].map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}
