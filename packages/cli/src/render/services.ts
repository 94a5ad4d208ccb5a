// The services of one cluster: the headline of each, then for each server what was decided, what HAProxy holds, and why. Pure.
import type { ClusterStatus, ServiceStatus } from '@pgrouted/core/status/schema';
import {
  type Deviation,
  deviationInks,
  deviationMarks,
  deviationOf,
  type Held,
  type ServerStatus,
  wantedOf,
} from './held.ts';
import { type Heading, type Row, renderTable } from './table.ts';
import { clean, cut, hang, type Ink, type Look, paint } from './text.ts';

const columns = [
  { title: 'SERVER', shrinkTo: 12 },
  { title: 'DECIDED' },
  { title: 'HELD', shrinkTo: 12 },
  { title: 'SESS', align: 'right' },
  { title: 'WHY' },
] as const;

export function renderServices(look: Look, cluster: ClusterStatus): readonly string[] {
  const rows = cluster.services.flatMap((service): readonly (Row | Heading)[] => [
    { heading: headline(look, service) },
    ...service.servers.flatMap((server) => serverRows(service, server)),
  ]);
  return renderTable(look, columns, rows, { indent: 4, wrapLast: true });
}

export interface ServiceState {
  readonly text: string;
  readonly ink: Ink;
  readonly well: boolean;
}

/** Whether a service is open, in words that also tell when HAProxy does not follow. */
export function serviceState(service: ServiceStatus): ServiceState {
  const named = (state: ServerStatus['state']): string => {
    const names = service.servers.filter((server) => server.state === state).map((server) => server.member);
    return names.length <= 3 ? names.join(', ') : `${names.length} servers`;
  };
  if (service.open && service.routing) return { text: `OPEN on ${named('ready')}`, ink: 'good', well: true };
  if (service.open) {
    const text = `NOT ROUTING: decided open on ${named('ready')}, but no HAProxy routes to it`;
    return { text, ink: 'loud', well: false };
  }
  if (isUndecided(service)) return { text: 'UNDECIDED: nothing is changed yet', ink: 'warn', well: false };
  const draining = named('drain');
  if (draining !== '')
    return { text: `DRAINING ${draining}: open sessions stay, no new ones`, ink: 'bad', well: false };
  return { text: 'CLOSED', ink: 'bad', well: false };
}

/** The router waits for a first answer and leaves HAProxy as it is: what is held is not yet held against a decision. */
export const isUndecided = ({ reason: { code } }: ServiceStatus): boolean =>
  code === 'write_undecided' || code === 'read_undecided';

/** `backend rw`, or all of them. */
export function backendWords({ backend, backends = [backend] }: ServiceStatus): string {
  return backends.length > 1 ? `backends ${backends.join(', ')}` : `backend ${backend}`;
}

function headline(look: Look, service: ServiceStatus): readonly string[] {
  const state = serviceState(service);
  const name = `  ${clean(service.name)}`;
  const where = `(${clean(backendWords(service))})`;
  const lines = [...hang(`${name}  `, `${clean(state.text)} ${where}`, look.width)].map((line, i) => {
    if (i > 0) return line;
    return (
      paint(look, 'strong', name) +
      line.slice(name.length).replace(clean(state.text), (text) => paint(look, state.ink, text))
    );
  });
  // Why it is open is told by the server that is in; why it is closed concerns the whole service.
  return service.open ? lines : [...lines, ...hang('      why: ', clean(service.reason.text), look.width)];
}

function serverRows(service: ServiceStatus, server: ServerStatus): readonly Row[] {
  const isBackup = ({ line }: Held): boolean => line === 'backup';
  const own = groups(server.held.filter((held) => !isBackup(held)));
  const backup = groups(server.held.filter(isBackup));
  const isAbove = !service.open && service.reason.text.endsWith(server.reason.text);
  const why = `${isAbove ? '(see above)' : server.reason.text}${besides(service, server)}`;
  return [
    ...(own.length === 0 ? [undefined] : own).map((group, i) =>
      heldRow(service, server, group, {
        member: i === 0 ? server.member : '',
        isFirst: i === 0,
        why: i === 0 ? why : '',
      }),
    ),
    ...backup.map((group, i) =>
      heldRow(service, server, group, {
        member: '',
        isFirst: i === 0,
        why: i === 0 ? `backup line ${group.server}` : '',
      }),
    ),
  ];
}

/** What else was decided about a server than in or out. */
function besides({ role }: ServiceStatus, { state, weight, sessions }: ServerStatus): string {
  return [
    ...(weight === undefined || weight === null ? [] : [`weight ${weight}`]),
    ...(role !== 'primary' && state === 'maint' && sessions === 'end' ? ['open sessions are ended'] : []),
  ]
    .map((word) => `; ${word}`)
    .join('');
}

/** What the targets hold on one kind of line: one group if they agree, else one for each target and backend, named. */
interface Group {
  readonly text: string;
  readonly held: Held;
  readonly sessions: number | null;
  readonly server: string;
}

function groups(held: readonly Held[]): readonly Group[] {
  const [first, ...others] = held;
  if (first === undefined) return [];
  const server = first.server ?? '';
  if (others.every((one) => one.state === first.state)) {
    const counted = held.flatMap((one) => (one.sessions === null ? [] : [one.sessions]));
    const sessions = counted.length === 0 ? null : counted.reduce((sum, count) => sum + count, 0);
    return [{ text: first.state, held: first, sessions, server }];
  }
  // Named by what tells them apart.
  const differ = (part: (one: Held) => string | undefined): boolean => new Set(held.map(part)).size > 1;
  const [targets, backends] = [differ(({ target }) => target), differ(({ backend }) => backend)];
  return held.map((one) => {
    const where = [...(targets || !backends ? [one.target] : []), ...(backends ? [one.backend ?? ''] : [])].join('/');
    return { text: `${one.state} ${cut(clean(where), 20)}`, held: one, sessions: one.sessions, server };
  });
}

interface RowWords {
  readonly member: string;
  /** The first row of its line tells what was decided. */
  readonly isFirst: boolean;
  readonly why: string;
}

function heldRow(service: ServiceStatus, server: ServerStatus, group: Group | undefined, words: RowWords): Row {
  const undecided = isUndecided(service);
  const deviation: Deviation =
    group === undefined ? 'unknown' : undecided ? 'none' : deviationOf(service, server, group.held);
  const wanted = group === undefined ? server.state : wantedOf(server, group.held);
  return {
    mark: deviationMarks[deviation],
    cells: [
      { text: words.member },
      {
        text: !words.isFirst ? '' : undecided ? '-' : wanted,
        ink: wanted === 'ready' ? 'good' : 'plain',
      },
      { text: group?.text ?? '-', ink: deviationInks[deviation] },
      { text: group?.sessions === undefined || group.sessions === null ? '-' : String(group.sessions) },
      { text: words.why, ink: server.state === 'ready' ? 'plain' : 'faint' },
    ],
  };
}
