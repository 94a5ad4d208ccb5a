// Which Debian packages an executable needs, from the libraries it is linked to. Computed, so that another runtime can't be packed with the
// dependencies of the one before. (dpkg-shlibdeps would need the libraries of the other processor to be installed.)
import { byVersion, type NeededLibrary } from '../elf.ts';

const packages: Readonly<Record<string, string>> = {
  'libatomic.so.1': 'libatomic1',
  'libgcc_s.so.1': 'libgcc-s1',
  'libstdc++.so.6': 'libstdc++6',
};

/** What glibc consists of. */
const glibc = /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|librt\.so\.1|ld-linux-.*)$/;

/** The first GCC whose libstdc++ had these symbols (GCC's own table of the library's versions). */
const gccOf: Readonly<Record<string, string>> = {
  'GLIBCXX_3.4.21': '5.1',
  'GLIBCXX_3.4.22': '6.1',
  'GLIBCXX_3.4.23': '7.1',
  'GLIBCXX_3.4.24': '7.2',
  'GLIBCXX_3.4.25': '8.1',
  'GLIBCXX_3.4.26': '9.1',
  'GLIBCXX_3.4.27': '9.2',
  'GLIBCXX_3.4.28': '9.3',
  'GLIBCXX_3.4.29': '11.1',
  'GLIBCXX_3.4.30': '12.1',
  'GLIBCXX_3.4.31': '13.1',
  'GLIBCXX_3.4.32': '13.2',
  'GLIBCXX_3.4.33': '14.1',
  'GLIBCXX_3.4.34': '15.1',
  'CXXABI_1.3.9': '5.1',
  'CXXABI_1.3.10': '6.1',
  'CXXABI_1.3.11': '7.1',
  'CXXABI_1.3.12': '9.1',
  'CXXABI_1.3.13': '11.1',
  'CXXABI_1.3.14': '13.1',
  'CXXABI_1.3.15': '14.1',
};

/** The value of `Depends:`. Throws for a library or a version of libstdc++ that is not known here. */
export function dependsOf(libraries: readonly NeededLibrary[]): string {
  const oldest = new Map<string, string>();
  for (const { soname, versions } of libraries) {
    const name = glibc.test(soname) ? 'libc6' : packages[soname];
    if (name === undefined)
      throw new Error(`no Debian package is known for ${soname}; say in packaging/deb/depends.ts which one has it`);
    for (const version of ['0', ...versions.map((version) => packageVersionOf(name, version))])
      if (byVersion(version, oldest.get(name) ?? '0') >= 0) oldest.set(name, version);
  }
  return [...oldest]
    .map(([name, version]) => (version === '0' ? name : `${name} (>= ${version})`))
    .sort()
    .join(', ');
}

function packageVersionOf(name: string, symbols: string): string {
  if (name === 'libatomic1') return '0';
  const [, family = '', number = ''] = /^([A-Z]+)_(.+)$/.exec(symbols) ?? [];
  if (name !== 'libstdc++6') return number;
  // Everything up to GCC 5 is in whatever Debian, Ubuntu or Raspberry Pi OS is still in use.
  const known = gccOf[symbols];
  if (known !== undefined) return known;
  if (byVersion(symbols, family === 'CXXABI' ? 'CXXABI_1.3.9' : 'GLIBCXX_3.4.21') < 0) return '5';
  throw new Error(`no GCC is known whose libstdc++ has ${symbols}; add it in packaging/deb/depends.ts`);
}
