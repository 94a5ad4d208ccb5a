// pgrouted.yaml(5), from docs/configuration.md, which is the one source of what the keys mean: a test beside the schema compares its keys
// with those that are read.
import type { ManualEntry } from '@pgrouted/core/manual/manual';
import { blocksOf } from './markdown.ts';
import { type Block, code, type PageHead, page, text } from './roff.ts';
import { inlineOf } from './words.ts';

export interface ConfigurationPage extends PageHead {
  /** One line: what `whatis` says. */
  readonly purpose: string;
  readonly files: readonly ManualEntry[];
  readonly seeAlso: readonly string[];
}

/** Throws where the markdown has what a manual page has no form for. */
export function configurationPage(markdown: string, head: ConfigurationPage): string {
  return page(head, [
    { kind: 'section', title: 'Name' },
    { kind: 'paragraph', text: [text(`${head.name} - ${head.purpose}`)] },
    { kind: 'section', title: 'Description' },
    ...blocksOf(markdown),
    { kind: 'section', title: 'Files' },
    ...head.files.map(({ name, text: what }): Block => ({ kind: 'item', terms: [[code(name)]], text: inlineOf(what) })),
    { kind: 'section', title: 'See also' },
    { kind: 'paragraph', text: inlineOf(head.seeAlso.join(', ')) },
  ]);
}
