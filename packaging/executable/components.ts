// Foreign work in the executable: each package that the bundle really took something of, and the Node runtime, with its licence as it came with it. Work without a known
// licence ends the build: nobody may hand that on.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPDX } from '@cyclonedx/cyclonedx-library';
import type { Metafile } from 'esbuild';
import { z } from 'zod';

export interface Component {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier: `MIT`, `Apache-2.0`. */
  readonly license: string;
  /** The text of the licence, copyright lines and all. */
  readonly text: string;
  /** `pkg:npm/...`: the very package, of whoever asks where its source is. */
  readonly purl: string;
}

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  author: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]).optional(),
});

/** The folders of packages that something in the bundle is from, relative to the top, sorted. What was read but left out does not count. */
export function packageFolders(metafile: Metafile): readonly string[] {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  return [...folders].sort();
}

/** What the bundle is made of besides our own program, by name. Throws with every package whose licence is not known. */
export function componentsOf(metafile: Metafile, root: string): readonly Component[] {
  const unknown: string[] = [];
  const components = packageFolders(metafile).flatMap((folder) => {
    try {
      return [componentIn(join(root, folder))];
    } catch (error) {
      unknown.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
  if (unknown.length > 0) throw new Error(`bundled without a known licence:\n  ${unknown.join('\n  ')}`);
  return components.sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** The package in a folder. Throws when its licence, or the text of it, is not known. */
export function componentIn(folder: string): Component {
  const { name, version, license, author } = manifestSchema.parse(
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  if (!SPDX.isSupportedSpdxId(license)) throw new Error(`"${license}" is no licence of the SPDX list`);
  const text = textIn(folder) ?? (license === 'MIT' && author !== undefined ? mitOf(author) : undefined);
  if (text === undefined) throw new Error(`${name} ${version} (${license}) came without the text of its licence`);
  return { name, version, license, text, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` };
}

/** The Node runtime in a folder of runtime.ts; its LICENSE has those of everything that Node is made of. */
export function runtimeComponent(folder: string): Component {
  const { name, version } = manifestSchema
    .pick({ name: true, version: true })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const text = readFileSync(join(folder, 'LICENSE'), 'utf8');
  return { name: 'node', version, license: 'MIT', text, purl: `pkg:npm/${name}@${version}` };
}

function textIn(folder: string): string | undefined {
  const files = readdirSync(folder).sort();
  const own = files.filter((file) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(file));
  if (own.length > 0) return own.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  // Some put it at the end of what they say about themselves.
  const readme = files.find((file) => /^readme(\.|$)/i.test(file));
  const [, section] = /^#+ licen[cs]e\s*$([\s\S]*?)(?=^#+ |$(?![\s\S]))/im.exec(
    readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8'),
  ) ?? [''];
  return section !== undefined && /copyright/i.test(section) ? section.trim() : undefined;
}

/** The licence that a manifest names without carrying it. */
const mitOf = (author: string): string => `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.`;
