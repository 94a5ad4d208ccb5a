// The spec that rpmbuild makes the package from: nothing is compiled, the files are all there. Pure; build.ts runs rpmbuild.
import type { InstalledFile } from '../files.ts';
import { foldersOf, isConfiguration } from '../files.ts';
import { packageVersion, rpmRelease } from '../names.ts';

export interface Spec {
  readonly version: string;
  readonly files: readonly InstalledFile[];
  /** What the executable is linked to, in RPM's words. */
  readonly requires: readonly string[];
  /** SPDX expression of everything that is in the executable. */
  readonly license: string;
  /** Text below `%changelog`, ready. */
  readonly changelog: string;
  /** By section (`%post`): what runs then. */
  readonly scripts: ReadonlyMap<string, string>;
}

/** Folders that are ours, or that need not be there before us; a folder that nobody owns would outlive the package. */
const ownedFolder = /^(etc\/pgrouted|usr\/share\/(pgrouted|(doc|licenses)\/pgrouted|zsh|fish|bash-completion)(\/|$))/;

/** The text of pgrouted.spec. rpmbuild is told by `--define` where the files lie (`tree`) and how to compress them. */
export const specText = (spec: Spec): string => `# Made by packaging/rpm/spec.ts.
Name: pgrouted
Version: ${packageVersion(spec.version)}
Release: ${rpmRelease}
Summary: Keeps PostgreSQL traffic in HAProxy on the right server
License: ${spec.license}
# What the executable needs is computed by packaging/rpm/requires.ts; RPM's own search would take examples for programs.
AutoReqProv: no
${spec.requires.map((name) => `Requires: ${name}`).join('\n')}
Requires: systemd
Requires(pre): /usr/bin/getent, /usr/sbin/groupadd, /usr/sbin/useradd
Requires(post): /usr/sbin/usermod
Requires(posttrans): /usr/bin/setpriv
Recommends: haproxy

# The executable is a runtime with our program behind it: strip and everything else that rewrites files would break it.
%global __os_install_post %{nil}
%global debug_package %{nil}
%global _build_id_links none
# The same commit gives the same bytes, on any machine.
%global _buildhost localhost
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global source_date_epoch_from_changelog 0

%description
pgrouted watches the state that Patroni or Stolon keeps in etcd, or asks the PostgreSQL servers themselves, decides which of them may take which
traffic, and tells HAProxy so by its Runtime API, within milliseconds. Two servers that accept writes are never open at once, nothing is lost by a
reload of HAProxy, and each decision carries its reason. pgroutectl, the command line of operators, is part of this package. It brings its own
runtime; neither Node.js nor npm is needed.

%install
mkdir -p %{buildroot}
cp -a %{tree}/. %{buildroot}/

${[...spec.scripts].map(([section, script]) => `${section}\n${escaped(script)}`).join('\n')}
%files
${foldersOf(spec.files)
  .filter((path) => ownedFolder.test(path))
  .map((path) => `%dir ${path === 'etc/pgrouted' ? '%attr(0750, root, pgrouted)' : '%attr(0755, root, root)'} /${path}`)
  .join('\n')}
${spec.files.map(fileLine).join('\n')}

%changelog
${spec.changelog}`;

function fileLine(file: InstalledFile): string {
  const { path, mode, content } = file;
  const attributes = `%attr(${mode.toString(8).padStart(4, '0')}, root, ${mode === 0o640 ? 'pgrouted' : 'root'}) `;
  return `${markOf(file)}${content.kind === 'link' ? '' : attributes}/${path}`;
}

function markOf(file: InstalledFile): string {
  if (isConfiguration(file)) return '%config(noreplace) ';
  if (/^usr\/share\/(doc|man)\//.test(file.path)) return '%doc ';
  return file.path.startsWith('usr/share/licenses/') ? '%license ' : '';
}

/** A percent sign in a script is the shell's. */
const escaped = (script: string): string => script.replaceAll('%', '%%');
