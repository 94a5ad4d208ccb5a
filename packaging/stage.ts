// The tree as it is installed, for each kind of package: what is in packaging/tree and what was built or written, each at its place.
// Says where things lie and with which rights; makes none of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianChangelog, type Entry } from './changelog.ts';
import { compressed, copied, type InstalledFile, text } from './files.ts';

/** The top of the repository. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** Where files lie differs a little. `tar` is laid out as for any other Linux. */
export type Flavour = 'deb' | 'rpm' | 'tar';

export const flavours: readonly Flavour[] = ['deb', 'rpm', 'tar'];

/** What others make for us. */
export interface Parts {
  /** The path of the executable. */
  readonly executable: string;
  /** Manual pages (`pgrouted.8`) and completions (`pgrouted.bash`, `_pgrouted`, `pgrouted.fish`) by the names of their files. */
  readonly texts: ReadonlyMap<string, string>;
  readonly changelog: readonly Entry[];
  /** Whose work is in the package and under which conditions, in Debian's machine-readable form. */
  readonly copyright: string;
}

/** Everything that is installed, sorted by path. */
export function installedFiles(flavour: Flavour, parts: Parts): readonly InstalledFile[] {
  const files = [
    copied('usr/bin/pgrouted', parts.executable, 0o755),
    { path: 'usr/bin/pgroutectl', mode: 0o777, content: { kind: 'link', to: 'pgrouted' } } as const,
    copied('usr/lib/systemd/system/pgrouted.service', join(projectRoot, 'packaging/systemd/pgrouted.service')),
    ...filesBelow(join(projectRoot, 'haproxy'))
      .filter((path) => path.endsWith('.lua'))
      .map((path) => copied(`usr/share/pgrouted/${path}`, join(projectRoot, 'haproxy', path))),
    ...filesBelow(join(projectRoot, 'packaging/tree')).map((path) =>
      copied(path, join(projectRoot, 'packaging/tree', path), modeOf(path)),
    ),
    ...[...parts.texts].map(([name, content]) => placed(name, content, flavour)),
    ...documents(flavour, parts),
  ];
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The configuration may hold passwords: it is for root and the service. */
const modeOf = (path: string): number => (path === 'etc/pgrouted/pgrouted.yaml' ? 0o640 : 0o644);

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Where a manual page or a completion lies. Throws for a file that is neither. */
export function placed(name: string, content: string, flavour: Flavour): InstalledFile {
  const [, section] = /\.([1-8])$/.exec(name) ?? [];
  if (section !== undefined) return compressed(`usr/share/man/man${section}/${name}`, content);
  if (name.endsWith('.bash')) return text(`usr/share/bash-completion/completions/${basename(name, '.bash')}`, content);
  if (name.endsWith('.fish')) return text(`usr/share/fish/vendor_completions.d/${name}`, content);
  if (name.startsWith('_'))
    return text(`usr/share/zsh/${flavour === 'deb' ? 'vendor-completions' : 'site-functions'}/${name}`, content);
  throw new Error(`nothing is known about where ${name} belongs; say it in packaging/stage.ts`);
}

const doc = 'usr/share/doc/pgrouted';

/** Guides lie together as in the repository, so that the links between them lead somewhere. */
function documents(flavour: Flavour, parts: Parts): readonly InstalledFile[] {
  const guides = ['README.md', 'SECURITY.md', ...filesBelow(join(projectRoot, 'docs')).map((path) => `docs/${path}`)];
  const own =
    flavour === 'deb'
      ? [
          text(`${doc}/copyright`, parts.copyright),
          compressed(`${doc}/changelog`, debianChangelog(parts.changelog)),
          copied('usr/share/lintian/overrides/pgrouted', join(projectRoot, 'packaging/deb/lintian-overrides')),
        ]
      : [
          copied(`usr/share/licenses/pgrouted/LICENSE`, join(projectRoot, 'LICENSE')),
          text(`usr/share/licenses/pgrouted/copyright`, parts.copyright),
          copied(`${doc}/CHANGELOG.md`, join(projectRoot, 'CHANGELOG.md')),
        ];
  const there = guides.filter((path) => existsSync(join(projectRoot, path)));
  return [...own, ...there.map((path) => copied(`${doc}/${path}`, join(projectRoot, path)))];
}

/** The text of the project's own file, for those who make packages from it. */
export const projectFile = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
