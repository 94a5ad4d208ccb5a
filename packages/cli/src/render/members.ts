// The members of one cluster as a table: record and probe side by side. Pure.
import type { ClusterStatus, MemberStatus } from '@pgrouted/core/status/schema';
import { formatAddress, formatAge, formatBytes } from './amounts.ts';
import { type Cell, type Column, type Note, type Row, renderTable } from './table.ts';
import type { Ink, Look } from './text.ts';

type Source = ClusterStatus['source']['kind'];

interface MemberColumn extends Column {
  /** Where a source has a word of its own. */
  readonly titleOf?: Partial<Readonly<Record<Source, string>>>;
  /** Sources for which another column tells the same. */
  readonly notOf?: Source;
  readonly cell: (member: MemberStatus, cluster: ClusterStatus) => Cell;
}

const columns: readonly MemberColumn[] = [
  {
    title: 'MEMBER',
    titleOf: { stolon: 'KEEPER', postgres: 'SERVER' },
    shrinkTo: 12,
    cell: (member) => ({ text: member.name, ink: 'strong' }),
  },
  { title: 'ADDRESS', shrinkTo: 15, cell: (member) => ({ text: formatAddress(member.address) }) },
  {
    title: 'ROLE',
    cell: (member, { source }) => ({
      text: `${isFormer(member, source) ? 'was ' : ''}${roleWordsOf[source.kind][member.role]}`,
      ink: member.role === 'primary' ? 'strong' : 'plain',
    }),
  },
  { title: 'STATE', notOf: 'postgres', shrinkTo: 8, cell: stateCell },
  { title: 'TL', align: 'right', cell: timelineCell },
  { title: 'LAG', align: 'right', cell: lagCell },
];

const syncColumn: MemberColumn = {
  title: 'SYNC',
  cell: (member) => ({ text: member.role === 'primary' ? '-' : member.sync }),
};
const probeColumn: MemberColumn = { title: 'PROBE', cell: probeCell };

const roleWords: Readonly<Record<MemberStatus['role'], string>> = {
  primary: 'primary',
  promoting: 'promoting',
  replica: 'replica',
  standby_leader: 'standby leader',
  demoted: 'demoted',
  uninitialized: 'uninit.',
  unknown: 'UNKNOWN',
};

/** Stolon's words; `old master`: a failover leaves its db with the role master until the new one is well. */
export const stolonRoleWords: typeof roleWords = {
  primary: 'master',
  promoting: 'promoting',
  replica: 'standby',
  standby_leader: 'standby master',
  demoted: 'old master',
  uninitialized: 'no db',
  unknown: 'UNKNOWN',
};

/** The role is that of the last answer, and there is none now. */
const isFormer = ({ running, role }: MemberStatus, { kind }: ClusterStatus['source']): boolean =>
  kind === 'postgres' && !running && role !== 'unknown';

/** By the server's last answer. */
const ownRoleWords: typeof roleWords = { ...roleWords, replica: 'standby' };

const roleWordsOf: Readonly<Record<Source, typeof roleWords>> = {
  patroni: roleWords,
  stolon: stolonRoleWords,
  postgres: ownRoleWords,
};

export function renderMembers(look: Look, cluster: ClusterStatus): readonly string[] {
  const { kind } = cluster.source;
  const shown = [
    ...columns.filter(({ notOf }) => notOf !== kind),
    ...(cluster.members.some((member) => member.sync !== 'async') ? [syncColumn] : []),
    ...(cluster.probing ? [probeColumn] : []),
  ].map((column) => ({ ...column, title: column.titleOf?.[kind] ?? column.title }));
  const rows = cluster.members.map(
    (member): Row => ({
      mark: member.problem === null ? '' : '!!',
      cells: shown.map((column) => column.cell(member, cluster)),
      notes: notesOf(member, kind === 'stolon'),
    }),
  );
  return renderTable(look, shown, rows, { indent: 4, wrapLast: false });
}

function stateCell(member: MemberStatus): Cell {
  if (!member.present) return { text: 'GONE', ink: 'bad' };
  return { text: member.state, ink: member.running ? 'plain' : 'bad' };
}

function timelineCell(member: MemberStatus, cluster: ClusterStatus): Cell {
  if (member.timeline === null) return { text: '-' };
  const behind = cluster.view?.timeline !== null && cluster.view?.timeline !== member.timeline;
  return { text: String(member.timeline), ink: behind ? 'warn' : 'plain' };
}

function lagCell(member: MemberStatus): Cell {
  if (member.role === 'primary' || member.role === 'standby_leader') return { text: '-' };
  return { text: member.lagBytes === null ? '?' : formatBytes(member.lagBytes) };
}

function probeCell(member: MemberStatus): Cell {
  const { probe } = member;
  if (probe === null) return { text: 'none yet', ink: 'faint' };
  const ink: Ink = probe.kind === 'primary' || probe.kind === 'standby' ? 'plain' : 'bad';
  return { text: `${probe.kind} ${formatAge(probe.ageMs)}`, ink };
}

function notesOf(member: MemberStatus, isStolon: boolean): readonly Note[] {
  const notes: Note[] = [];
  if (member.problem !== null) notes.push({ text: `its record can't be read: ${member.problem}`, ink: 'bad' });
  if (!member.present) {
    const gone = isStolon
      ? 'clusterdata has no such keeper any more'
      : `its record is gone since ${formatAge(member.recordAgeMs)}`;
    notes.push({ text: `${gone}; what stands here is the last known`, ink: 'warn' });
  }
  const { probe, stolon } = member;
  if (stolon !== null && member.present) notes.push(...stolonNotes(stolon));
  if (probe !== null && probe.error !== null) {
    const before =
      probe.lastAnswer === null
        ? 'it never answered'
        : `last answer: ${probe.lastAnswer.kind}, ${formatAge(probe.lastAnswer.ageMs)} ago`;
    notes.push({ text: `probe: ${probe.error} (${before})`, ink: 'warn' });
  }
  if (member.pendingRestart)
    notes.push({ text: 'PostgreSQL waits for a restart to take over its settings', ink: 'faint' });
  const tags = Object.entries(member.tags)
    .filter(([, value]) => value !== false)
    .map(([name, value]) =>
      value === true ? name : `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
  if (tags.length > 0) notes.push({ text: `tags: ${tags.join(', ')}`, ink: 'faint' });
  return notes;
}

type StolonMember = NonNullable<MemberStatus['stolon']>;

/** What is not as it should be with a keeper and its db, in Stolon's eyes; nothing where all is well. */
export function stolonNotes(db: StolonMember): readonly Note[] {
  const notes: Note[] = [];
  if (!db.keeperHealthy)
    notes.push({ text: 'keeper NOT HEALTHY: the sentinel has not heard of it for the failInterval', ink: 'bad' });
  if (!db.dbHealthy)
    notes.push({ text: `db ${db.dbUid} NOT HEALTHY: failing for the failInterval, or new`, ink: 'bad' });
  const isBuilt = db.initMode === 'none';
  if (!isBuilt) notes.push({ text: `db ${db.dbUid} is being built: ${db.initMode}`, ink: 'warn' });
  if (db.forceFail) notes.push({ text: 'stolonctl failkeeper was called for it', ink: 'warn' });
  if (db.generation !== db.currentGeneration && (isBuilt || db.currentGeneration > 0)) {
    const done = db.currentGeneration === 0 ? 'none' : String(db.currentGeneration);
    notes.push({ text: `db ${db.dbUid}: generation ${db.generation} wanted, ${done} carried out so far`, ink: 'warn' });
  }
  return notes;
}
