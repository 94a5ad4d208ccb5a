import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Component, componentIn, componentsOf, packageFolders } from './components.ts';
import { sbomText } from './sbom.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgrouted-components-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A package in `root`; gives its folder. */
function lay(
  name: string,
  manifest: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): string {
  const folder = join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', ...manifest }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return folder;
}

const metafile = (inputs: Readonly<Record<string, number>>) => ({
  inputs: {},
  outputs: {
    'out.js': {
      bytes: 1,
      inputs: Object.fromEntries(Object.entries(inputs).map(([file, bytesInOutput]) => [file, { bytesInOutput }])),
      imports: [],
      exports: [],
    },
  },
});

describe('what is bundled', () => {
  it('is each package that something was taken of, once; of two versions both', () => {
    const store = 'node_modules/.pnpm';
    const files = metafile({
      'packages/core/src/index.ts': 10,
      'builtin:node:fs': 10,
      [`${store}/zod@4.6.7/node_modules/zod/v4/core.js`]: 10,
      [`${store}/zod@4.6.7/node_modules/zod/v4/errors.js`]: 10,
      [`${store}/@fastify+error@4.2.1/node_modules/@fastify/error/index.js`]: 10,
      [`${store}/fast-uri@3.1.9/node_modules/fast-uri/index.js`]: 10,
      [`${store}/fast-uri@4.2.3/node_modules/fast-uri/index.js`]: 10,
      [`${store}/left-out@1.0.0/node_modules/left-out/index.js`]: 0,
    });
    expect(packageFolders(files)).toEqual([
      `${store}/@fastify+error@4.2.1/node_modules/@fastify/error`,
      `${store}/fast-uri@3.1.9/node_modules/fast-uri`,
      `${store}/fast-uri@4.2.3/node_modules/fast-uri`,
      `${store}/zod@4.6.7/node_modules/zod`,
    ]);
  });

  it.each([
    ['a file of its own', { LICENSE: 'Copyright A\n' }, 'Copyright A'],
    ['two files', { 'LICENSE.md': 'Copyright A', NOTICE: 'Take notice' }, 'Copyright A\n\nTake notice'],
    ['the end of its README', { 'README.md': '# It\n\n## License\n\nCopyright (c) B\n' }, 'Copyright (c) B'],
    ['the middle of it', { 'Readme.md': '# It\n## License\nCopyright C\n## Thanks\nto all\n' }, 'Copyright C'],
  ])('has its licence from %s', (where, files, text) => {
    const folder = lay(where.replaceAll(' ', '-'), { license: 'ISC' }, files);
    expect(componentIn(folder)).toMatchObject({ version: '1.2.3', license: 'ISC', text });
  });

  it('has the well-known text where the manifest alone says MIT and who made it', () => {
    const folder = lay('bare', { license: 'MIT', author: 'A. Author' }, { 'README.md': '## License\n\nMIT\n' });
    expect(componentIn(folder).text).toMatch(/^MIT License\n\nCopyright \(c\) A\. Author\n/);
  });

  it('ends the build where a licence is not known, and names every such package', () => {
    lay('textless', { license: 'ISC' }, {});
    lay('strange', { license: 'SEE LICENSE IN HEAVEN' }, { LICENSE: 'Copyright' });
    const bundle = metafile({ 'node_modules/textless/x.js': 1, 'node_modules/strange/x.js': 1 });
    expect(() => componentsOf(bundle, root)).toThrow(
      /strange: "SEE LICENSE IN HEAVEN" is no licence of the SPDX list[\s\S]*textless: textless 1\.2\.3 \(ISC\) came without/,
    );
  });
});

describe('the bill of materials', () => {
  const component = (name: string, license: string): Component => ({
    ...{ name, license, version: '1.2.3', text: 'Copyright' },
    purl: `pkg:npm/${name}@1.2.3`,
  });
  const options = {
    ...{ version: '0.1.0', commit: 'abc', epoch: 1_700_000_000 },
    components: [component('zod', 'MIT'), component('pg', 'MIT')],
    runtime: component('node', 'MIT'),
    runtimeParts: { node: '1', modules: '147', v8: '14', nghttp3: '' },
  };

  it('names everything, the parts of the runtime too, and holds to the schema', async () => {
    const text = await sbomText(options);
    // No instant and no number of chance: the same however often it is made.
    expect(text).not.toContain('serialNumber');
    expect(JSON.parse(text)).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { timestamp: '2023-11-14T22:13:20.000Z', component: { name: 'pgrouted', version: '0.1.0' } },
      components: [
        { name: 'node', components: [{ name: 'v8', version: '14' }] },
        { name: 'pg', licenses: [{ license: { id: 'MIT' } }], purl: 'pkg:npm/pg@1.2.3' },
        { name: 'zod' },
      ],
    });
    // The schema is large.
  }, 60_000);
});
