import { describe, expect, it } from 'vitest';
import { dependsOf } from './deb/depends.ts';
import { fromReadelf } from './elf.ts';
import { requiresOf } from './rpm/requires.ts';

const printed = `
Dynamic section at offset 0x8a1d0 contains 33 entries:
  Tag        Type                         Name/Value
 0x0000000000000001 (NEEDED)             Shared library: [libstdc++.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libatomic.so.1]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]

Version definition section '.gnu.version_d' contains 1 entry:
  000000: Rev: 1  Flags: BASE  Index: 1  Cnt: 1  Name: pgrouted

Version needs section '.gnu.version_r' contains 3 entries:
 Addr: 0x0000000000403b28  Offset: 0x003b28  Link: 4 (.dynstr)
  000000: Version: 1  File: libstdc++.so.6  Cnt: 2
  0x0010:   Name: GLIBCXX_3.4.9  Flags: none  Version: 19
  0x0020:   Name: CXXABI_1.3.11  Flags: none  Version: 38
  0x0030: Version: 1  File: libm.so.6  Cnt: 1
  0x0040:   Name: GLIBC_2.27  Flags: none  Version: 33
  0x0050: Version: 1  File: libc.so.6  Cnt: 2
  0x0060:   Name: GLIBC_2.28  Flags: none  Version: 13
  0x0070:   Name: GLIBC_2.3  Flags: none  Version: 2
`;

describe('the libraries of an executable', () => {
  const libraries = fromReadelf(printed);

  it('are those it needs, with the versions that are used, and nothing that it defines itself', () => {
    expect(libraries).toEqual([
      { soname: 'libatomic.so.1', versions: [] },
      { soname: 'libc.so.6', versions: ['GLIBC_2.3', 'GLIBC_2.28'] },
      { soname: 'libm.so.6', versions: ['GLIBC_2.27'] },
      { soname: 'libstdc++.so.6', versions: ['CXXABI_1.3.11', 'GLIBCXX_3.4.9'] },
    ]);
  });

  it("become Debian's packages, each once, with the oldest version that has all of it", () => {
    expect(dependsOf(libraries)).toBe('libatomic1, libc6 (>= 2.28), libstdc++6 (>= 7.1)');
  });

  it("become RPM's requirements, in the words of its own tools", () => {
    expect(requiresOf(libraries)).toContain('libc.so.6(GLIBC_2.28)(64bit)');
    expect(requiresOf(libraries)).toContain('libatomic.so.1()(64bit)');
  });

  it('that no package is known for stop the build', () => {
    expect(() => dependsOf([{ soname: 'libnew.so.1', versions: [] }])).toThrow(/no Debian package is known for libnew/);
    expect(() => dependsOf([{ soname: 'libstdc++.so.6', versions: ['GLIBCXX_3.4.99'] }])).toThrow(/GLIBCXX_3\.4\.99/);
  });
});
