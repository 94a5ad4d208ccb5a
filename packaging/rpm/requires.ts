// What an RPM requires for the libraries that its executable is linked to, in the words in which RPM's own tools write it, so that a package
// built on Debian means the same on RHEL, Fedora and SUSE.
import type { NeededLibrary } from '../elf.ts';

/** One `libc.so.6(GLIBC_2.28)(64bit)` for each version that is used, and one for each library. Both our processors have 64 bits. */
export const requiresOf = (libraries: readonly NeededLibrary[]): readonly string[] =>
  libraries
    // The loader gives no name of a package that would not be there with libc.
    .filter(({ soname }) => !soname.startsWith('ld-linux'))
    .flatMap(({ soname, versions }) => ['', ...versions].map((version) => `${soname}(${version})(64bit)`));
