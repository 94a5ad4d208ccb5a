// pgrouted.yaml(5), from docs/configuration.md, which is the one source of what the keys mean: a test beside the schema compares its keys
// with those that are read. Has no words of its own but where the other pages are.
import { blocksOf } from './markdown.ts';
import { type PageHead, page, text } from './roff.ts';
import { inlineOf } from './words.ts';

export interface ConfigurationPage extends PageHead {
  /** One line: what `whatis` says. */
  readonly purpose: string;
  readonly seeAlso: readonly string[];
}

/** Throws where the markdown has what a manual page has no form for. */
export function configurationPage(markdown: string, head: ConfigurationPage): string {
  return page(head, [
    { kind: 'section', title: 'Name' },
    { kind: 'paragraph', text: [text(`${head.name} - ${head.purpose}`)] },
    { kind: 'section', title: 'Description' },
    ...blocksOf(markdown),
    { kind: 'section', title: 'See also' },
    { kind: 'paragraph', text: inlineOf(head.seeAlso.join(', ')) },
    { kind: 'paragraph', text: inlineOf('Pages that are named with .md are in `/usr/share/doc/pgrouted/docs`.') },
  ]);
}
