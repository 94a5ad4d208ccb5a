// The files and commands that a page of the documentation shows, for tests that run them: what stands there can't rot.
// A block is known by its first line. Nothing in it is changed but what the caller names.
import { readFileSync } from 'node:fs';

export interface Page {
  /** The text of the fenced block that begins with that line. Throws where there is none, or more than one. */
  readonly block: (firstLine: string) => string;
  /** All fenced blocks of this language, in the order of the page. */
  readonly blocks: (language: string) => readonly string[];
}

/** A page below `docs/`. */
export function pageOf(name: string): Page {
  const text = readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].map(
    ([, indent = '', language = '', body = '']) => ({
      language,
      body: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
  return {
    blocks: (language) => blocks.filter((block) => block.language === language).map(({ body }) => body),
    block: (firstLine) => {
      const [found, ...more] = blocks.filter(({ body }) => body.startsWith(`${firstLine}\n`));
      if (found === undefined) throw new Error(`docs/${name} has no block that begins with "${firstLine}"`);
      if (more.length > 0) throw new Error(`docs/${name} has several blocks that begin with "${firstLine}"`);
      return found.body;
    },
  };
}

/** Puts what a page shows as an example (addresses, paths) in its place on this machine. */
export function inPlace(text: string, places: readonly (readonly [example: string, here: string])[]): string {
  const replaced = places.reduce((done, [example, here]) => done.replaceAll(example, here), text);
  const left = /\b10\.0\.0\.\d+|\/run\/haproxy\/\S+|\/opt\/pgroute66\/\S+/.exec(replaced);
  if (left !== null) throw new Error(`nothing on this machine stands for ${left[0]}`);
  return replaced;
}
