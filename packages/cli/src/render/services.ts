// The services of one cluster: the headline of each, then for each server what was decided, what HAProxy holds, and why. Pure.
import type { ClusterStatus, ServiceStatus } from '@pgrouted/core/status/schema';
import { type Deviation, deviationInks, deviationMarks, deviationOf, type Held, type ServerStatus } from './held.ts';
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

function headline(look: Look, service: ServiceStatus): readonly string[] {
  const state = serviceState(service);
  const name = `  ${clean(service.name)}`;
  const where = `(backend ${clean(service.backend)})`;
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
  const [first, ...others] = grouped(server);
  const isAbove = !service.open && service.reason.text.endsWith(server.reason.text);
  const why = isAbove ? '(see above)' : server.reason.text;
  return [
    heldRow(service, server, first, { member: server.member, decided: server.state, why }),
    ...others.map((group) => heldRow(service, server, group, { member: '', decided: '', why: '' })),
  ];
}

/** What the targets hold: one group if they agree, else one for each target, named. */
interface Group {
  readonly text: string;
  readonly state: Held['state'];
  readonly sessions: number | null;
}

function grouped(server: ServerStatus): readonly (Group | undefined)[] {
  const [first, ...others] = server.held;
  if (first === undefined) return [undefined];
  if (others.every((held) => held.state === first.state)) {
    const counted = server.held.flatMap((held) => (held.sessions === null ? [] : [held.sessions]));
    const sessions = counted.length === 0 ? null : counted.reduce((sum, count) => sum + count, 0);
    return [{ text: first.state, state: first.state, sessions }];
  }
  return server.held.map((held) => ({
    text: `${held.state} ${cut(clean(held.target), 20)}`,
    state: held.state,
    sessions: held.sessions,
  }));
}

interface RowWords {
  readonly member: string;
  readonly decided: string;
  readonly why: string;
}

function heldRow(service: ServiceStatus, server: ServerStatus, group: Group | undefined, words: RowWords): Row {
  const deviation: Deviation =
    group === undefined ? 'unknown' : isUndecided(service) ? 'none' : deviationOf(server.state, group.state);
  return {
    mark: deviationMarks[deviation],
    cells: [
      { text: words.member },
      {
        text: isUndecided(service) && words.decided !== '' ? '-' : words.decided,
        ink: server.state === 'ready' ? 'good' : 'plain',
      },
      { text: group?.text ?? '-', ink: deviationInks[deviation] },
      { text: group?.sessions === undefined || group.sessions === null ? '-' : String(group.sessions) },
      { text: words.why, ink: server.state === 'ready' ? 'plain' : 'faint' },
    ],
  };
}
