// Whose work is in the packages and under which conditions, in Debian's machine-readable form (which other systems get too).
// Pure: what is bundled comes from packaging/executable.

/** One piece of foreign work in the executable. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  /** SPDX expression: `MIT`, `Apache-2.0`. */
  readonly license: string;
  /** Its licence as it came with it, copyright lines and all. */
  readonly text: string;
}

/** The file `copyright`. `bundled` is what its one executable is made of besides our own program. */
export function copyrightText(bundled: readonly Bundled[]): string {
  const parts = bundled.map(({ name, version, license, text }) => ({
    shortName: `${license.replaceAll(' ', '-')}-of-${name.replace(/^@/, '').replaceAll('/', '-')}-${version}`,
    holders: holdersIn(text).map((holder) => `${name}: ${holder}`),
    text,
  }));
  const ours = '2026 the developers of pgrouted';
  const paragraphs = [
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pgrouted
Comment: usr/bin/pgrouted is one file, made of our own program, the packages that it uses, and the Node.js runtime. The licence of each stands below
 as it came with it.`,
    `Files: *\nCopyright: ${ours}\nLicense: Apache-2.0`,
    `Files: usr/bin/pgrouted
Copyright: ${[ours, ...parts.flatMap(({ holders }) => holders)].join('\n ')}
License: ${['Apache-2.0', ...parts.map(({ shortName }) => shortName)].join(' and ')}`,
    `License: Apache-2.0
 Licensed under the Apache License, Version 2.0. On Debian its text is in /usr/share/common-licenses/Apache-2.0, on other systems in the file
 LICENSE beside this one.`,
    ...parts.map(({ shortName, text }) => `License: ${shortName}\n${indented(withoutApache(text))}`),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

/** The full text of the Apache License stands once on every system (Debian refuses copies of it); who holds the rights stands beside it. */
const withoutApache = (text: string): string =>
  text.replace(
    /[ \t]*Apache License\s+Version 2\.0, January 2004[\s\S]*?END OF TERMS AND CONDITIONS/g,
    '(The Apache License, Version 2.0, in full; see the paragraph "License: Apache-2.0".)',
  );

/** Lines that name who holds the rights; where there are none, what the text says as a whole. */
export function holdersIn(text: string): readonly string[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^[\s*/#-]+/, '').trim())
    .filter((line) => /^(copyright\b.*(\d{4}|©|\(c\))|(©|\(c\)) *\d{4})/i.test(line));
  return lines.length > 0 ? [...new Set(lines)] : ['see the text of the licence'];
}

/** As the format wants a text: one space before each line, a dot where a line is empty. */
const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');

/** SPDX expression of everything together, for RPM's tag. */
export const licenseOf = (bundled: readonly Bundled[]): string =>
  [...new Set(['Apache-2.0', ...bundled.map(({ license }) => license)])]
    .map((license) => (/ (OR|AND) /.test(license) ? `(${license.replace(/^\(|\)$/g, '')})` : license))
    .sort()
    .join(' AND ');
