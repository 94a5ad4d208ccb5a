import { describe, expect, it } from 'vitest';
import { debianChangelog, entriesOf, rpmChangelog } from './changelog.ts';

const release = { version: '0.2.0', commit: 'abc', epoch: Date.UTC(2026, 10, 21, 18, 30) / 1000 };

const markdown = `# Changelog

What a user would notice.

## Unreleased

## [0.2.0] - 2026-11-20

### Added

- \`one\`: see [the page](docs/page.md), which is long enough to be broken into
  two lines, at 90 % of the width.
- two

### Fixed

- three

## 0.1.0 - 2026-10-01

- First version.
`;

describe('the changelog of the packages', () => {
  it('has the version that is packed first, with the date of the commit', () => {
    expect(debianChangelog(entriesOf(markdown, release))).toBe(`pgrouted (0.2.0) unstable; urgency=medium

  [ Added ]
  * \`one\`: see the page, which is long enough to be broken into two lines, at
    90 % of the width.
  * two

  [ Fixed ]
  * three

 -- pgrouted developers <pgrouted@example.org>  Sat, 21 Nov 2026 18:30:00 +0000

pgrouted (0.1.0) unstable; urgency=medium

  * First version.

 -- pgrouted developers <pgrouted@example.org>  Thu, 01 Oct 2026 12:00:00 +0000
`);
  });

  it('is the same for RPM, in its own form and without a percent sign that it would take for a macro', () => {
    expect(
      rpmChangelog(entriesOf(markdown, release)),
    ).toBe(`* Sat Nov 21 2026 pgrouted developers <pgrouted@example.org> - 0.2.0-1
- Added: \`one\`: see the page, which is long enough to be broken into two
  lines, at 90 %% of the width.
- Added: two
- Fixed: three

* Thu Oct 01 2026 pgrouted developers <pgrouted@example.org> - 0.1.0-1
- First version.
`);
  });

  it('takes what is unreleased for the version that is packed', () => {
    const [first] = entriesOf('# Changelog\n\n## Unreleased\n\n- new\n', release);
    expect(first).toEqual({ version: '0.2.0', epoch: release.epoch, groups: [{ title: '', items: ['new'] }] });
  });

  it('names the commit where nothing is written', () => {
    expect(entriesOf('# Changelog\n', release)).toEqual([
      { version: '0.2.0', epoch: release.epoch, groups: [{ title: '', items: ['Built from commit abc.'] }] },
    ]);
  });

  it('writes a version before the release as Debian and RPM sort it', () => {
    const text = debianChangelog(entriesOf('', { ...release, version: '0.3.0-rc.1' }));
    expect(text).toMatch(/^pgrouted \(0\.3\.0~rc\.1\) /);
  });
});
