// The two programs as the man pages and completions describe them.

import { manuals as pgroutectlManuals } from '@pgrouted/cli/manual';
import { commandTree as pgroutectlTree } from '@pgrouted/cli/program';
import { manuals as pgroutedManuals } from '@pgrouted/server/manual';
import { commandTree as pgroutedTree } from '@pgrouted/server/program';
import { type ProgramText, programText } from './commands.ts';

export const pgrouted = (): ProgramText => programText(pgroutedTree(), pgroutedManuals, { optionsAnywhere: false });
export const pgroutectl = (): ProgramText =>
  programText(pgroutectlTree(), pgroutectlManuals, { optionsAnywhere: true });
