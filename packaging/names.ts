// What the files in dist/ are called, and what Debian and RPM call versions and processors. Nothing here reads or writes a file.
import type { Arch } from './executable/runtime.ts';

/** What Debian and RPM call a processor. */
export const archNames = {
  x64: { deb: 'amd64', rpm: 'x86_64' },
  arm64: { deb: 'arm64', rpm: 'aarch64' },
} as const satisfies Readonly<Record<Arch, { readonly deb: string; readonly rpm: string }>>;

/** `0.2.0-rc.1` sorts before `0.2.0` in Debian and RPM only when it is written with a tilde. */
export const packageVersion = (version: string): string => version.replace('-', '~');

/** The release of the RPM: how often this version has been packed. */
export const rpmRelease = '1';

export const debFile = (version: string, arch: Arch): string =>
  `pgrouted_${packageVersion(version)}_${archNames[arch].deb}.deb`;

export const rpmFile = (version: string, arch: Arch): string =>
  `pgrouted-${packageVersion(version)}-${rpmRelease}.${archNames[arch].rpm}.rpm`;

/** The folder in the archive, and its name without `.tar.gz`. */
export const archiveName = (version: string, arch: Arch): string => `pgrouted-${version}-linux-${arch}`;

/** Who packs: a neutral address, since Debian's and RPM's formats want one. */
export const maintainer = 'pgrouted developers <pgrouted@example.org>';
