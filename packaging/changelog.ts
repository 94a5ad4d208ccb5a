// CHANGELOG.md as Debian and RPM want it: versions, dates, and what a user would notice as plain sentences.
// The newest entry is always that of the version that is packed. Pure; nothing here reads a file.
import { maintainer, packageVersion, rpmRelease } from './names.ts';

export interface Entry {
  readonly version: string;
  /** Unix time in seconds. */
  readonly epoch: number;
  readonly groups: readonly { readonly title: string; readonly items: readonly string[] }[];
}

interface Section {
  readonly version: string | undefined;
  readonly day: string | undefined;
  readonly lines: readonly string[];
}

/** `release`: what is packed. Where no section has its version, what is unreleased is its entry; where nothing is, one that names the commit. */
export function entriesOf(
  markdown: string,
  release: { readonly version: string; readonly commit: string; readonly epoch: number },
): readonly Entry[] {
  const [, ...parts] = markdown.split(/^## /m);
  const entries = parts.map(sectionOf).flatMap(({ version, day, lines }): readonly Entry[] => {
    const groups = groupsOf(lines);
    if (groups.length === 0) return [];
    const epoch = day === undefined ? release.epoch : Date.parse(`${day}T12:00:00Z`) / 1000;
    return [{ version: version ?? release.version, epoch: Math.min(epoch, release.epoch), groups }];
  });
  const own = entries.filter(({ version }) => version === release.version).flatMap(({ groups }) => groups);
  const built = { title: '', items: [`Built from commit ${release.commit}.`] };
  return [
    { version: release.version, epoch: release.epoch, groups: own.length > 0 ? own : [built] },
    ...entries.filter(({ version }) => version !== release.version),
  ];
}

function sectionOf(part: string): Section {
  const [heading = '', ...lines] = part.split('\n');
  return { version: /\d+\.\d+\.\d+[\w.-]*/.exec(heading)?.[0], day: /\d{4}-\d\d-\d\d/.exec(heading)?.[0], lines };
}

function groupsOf(lines: readonly string[]): Entry['groups'] {
  const groups: { title: string; items: string[] }[] = [];
  let group: { title: string; items: string[] } | undefined;
  for (const line of lines) {
    const [, title] = /^### (.+)$/.exec(line) ?? [];
    const [, item] = /^[-*] (.+)$/.exec(line) ?? [];
    if (title !== undefined || group === undefined) {
      group = { title: title ?? '', items: [] };
      groups.push(group);
    }
    const last = group.items.length - 1;
    if (item !== undefined) group.items.push(item);
    else if (/^\s+\S/.test(line) && last >= 0) group.items[last] += ` ${line.trim()}`;
  }
  return groups.map(({ title, items }) => ({ title, items: items.map(plain) })).filter(({ items }) => items.length > 0);
}

/** Links and emphasis become their words; code keeps its quotes. */
const plain = (text: string): string => text.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replace(/\*\*([^*]+)\*\*/g, '$1');

/** Breaks at spaces so that no line is longer than `width`, unless one word is. */
function wrapped(text: string, first: string, then: string, width: number): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(/\s+/)) {
    const longer = line.trimEnd() === first.trimEnd() || line === then ? `${line}${word}` : `${line} ${word}`;
    if (longer.length > width && line !== first && line !== then) {
      lines.push(line);
      line = `${then}${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** The text of `changelog.gz`, in the format of `dpkg-parsechangelog`. */
export const debianChangelog = (entries: readonly Entry[]): string =>
  entries
    .map(({ version, epoch, groups }) => {
      const body = groups.map(({ title, items }) =>
        [...(title === '' ? [] : [`  [ ${title} ]`]), ...items.map((item) => wrapped(item, '  * ', '    ', 78))].join(
          '\n',
        ),
      );
      const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
      return `pgrouted (${packageVersion(version)}) unstable; urgency=medium\n\n${body.join('\n\n')}\n\n -- ${maintainer}  ${date}\n`;
    })
    .join('\n');

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What stands below `%changelog`. */
export const rpmChangelog = (entries: readonly Entry[]): string =>
  entries
    .map(({ version, epoch, groups }) => {
      const at = new Date(epoch * 1000);
      const day = String(at.getUTCDate()).padStart(2, '0');
      const date = `${days[at.getUTCDay()]} ${months[at.getUTCMonth()]} ${day} ${at.getUTCFullYear()}`;
      const items = groups.flatMap(({ title, items }) =>
        items.map((item) => wrapped(title === '' ? item : `${title}: ${item}`, '- ', '  ', 78)),
      );
      return `* ${date} ${maintainer} - ${packageVersion(version)}-${rpmRelease}\n${items.join('\n')}\n`;
    })
    .join('\n')
    // A percent sign is RPM's own.
    .replaceAll('%', '%%');
