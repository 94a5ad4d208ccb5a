// The control file and the other small files that tell dpkg about the package. Pure; build.ts writes them.
import type { Arch } from '../executable/runtime.ts';
import { type InstalledFile, isConfiguration } from '../files.ts';
import { archNames, maintainer, packageVersion } from '../names.ts';

export interface Control {
  readonly version: string;
  readonly arch: Arch;
  /** What the executable is linked to: the value of `Depends:`. */
  readonly depends: string;
  /** What is installed, in KiB as dpkg counts it. */
  readonly installedKiB: number;
}

/** The file `control`. */
export const controlText = ({ version, arch, depends, installedKiB }: Control): string => `Package: pgrouted
Version: ${packageVersion(version)}
Architecture: ${archNames[arch].deb}
Maintainer: ${maintainer}
Installed-Size: ${installedKiB}
Depends: ${depends}, passwd
Recommends: haproxy
Suggests: etcd-server | etcd, patroni
Section: database
Priority: optional
Description: keep PostgreSQL traffic in HAProxy on the right server
 pgrouted watches the state that Patroni or Stolon keeps in etcd, or asks the
 PostgreSQL servers themselves, decides which of them may take which traffic,
 and tells HAProxy so by its Runtime API, within milliseconds.
 .
 Two servers that accept writes are never open at once, nothing is lost by a
 reload of HAProxy, and each decision carries its reason. The REST API of
 PgRoute66 and the health checks of Patroni are answered as well.
 .
 pgroutectl, the command line of operators, is part of this package. It
 brings its own runtime; neither Node.js nor npm is needed.
`;

/** The file `conffiles`. */
export const conffilesText = (files: readonly InstalledFile[]): string =>
  files
    .filter(isConfiguration)
    .map(({ path }) => `/${path}\n`)
    .join('');

/** The file `triggers`: HAProxy may be installed after us, and its group comes with it. Nobody waits for us then. */
export const triggersText = 'interest-noawait /usr/sbin/haproxy\n';

/** As dpkg counts: each file in whole KiB, each folder and link as one. `sizes`: of the files, in bytes. */
export const installedKiB = (sizes: readonly number[], others: number): number =>
  sizes.reduce((sum, bytes) => sum + Math.ceil(bytes / 1024), others);
