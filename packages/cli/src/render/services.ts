// The services of one cluster: the headline of each, then for each server what was decided, what HAProxy holds, and why. Pure.
import type { ClusterStatus, ServiceStatus } from '@pgrouted/core/status/schema';
import { deviationInks, deviationMarks, deviationOf, type Held, type ServerStatus } from './held.ts';
import { type Heading, type Note, type Row, renderTable } from './table.ts';
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

/** Whether a service is open, in words that also tell when HAProxy does not follow. */
export function serviceState(service: ServiceStatus): {
  readonly text: string;
  readonly ink: Ink;
  readonly well: boolean;
} {
  const ready = service.servers.filter((server) => server.state === 'ready').map((server) => server.member);
  if (service.open && service.routing) {
    const names = ready.length <= 3 ? ready.join(', ') : `${ready.length} servers`;
    return { text: `OPEN on ${names}`, ink: 'good', well: true };
  }
  if (service.open) {
    return {
      text: `NOT ROUTING: decided open on ${ready.join(', ')}, but no HAProxy routes to it`,
      ink: 'loud',
      well: false,
    };
  }
  if (service.routing)
    return { text: 'CLOSING: decided closed, but an HAProxy still routes', ink: 'loud', well: false };
  return { text: 'CLOSED', ink: 'bad', well: false };
}

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
  return state.well ? lines : [...lines, ...hang('      why: ', clean(service.reason.text), look.width)];
}

function serverRows(service: ServiceStatus, server: ServerStatus): readonly Row[] {
  const notes = missingNotes(service, server);
  const [first, ...others] = grouped(server);
  const rest = others.map((group): Row => heldRow(server, group, '', '', ''));
  const isAbove = !serviceState(service).well && server.reason.text === service.reason.text;
  const why = isAbove ? '(see above)' : server.reason.text;
  const head = heldRow(server, first, server.member, server.state, why);
  const rows = [head, ...rest];
  return rows.map((row, i) => (i === rows.length - 1 && notes.length > 0 ? { ...row, notes } : row));
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

function heldRow(server: ServerStatus, group: Group | undefined, member: string, decided: string, why: string): Row {
  const deviation = group === undefined ? 'unknown' : deviationOf(server.state, group.state);
  return {
    mark: deviationMarks[deviation],
    cells: [
      { text: member },
      { text: decided, ink: server.state === 'ready' ? 'good' : 'plain' },
      { text: group?.text ?? '-', ink: deviationInks[deviation] },
      { text: group?.sessions === undefined || group.sessions === null ? '-' : String(group.sessions) },
      { text: why, ink: server.state === 'ready' ? 'plain' : 'faint' },
    ],
  };
}

function missingNotes(service: ServiceStatus, server: ServerStatus): readonly Note[] {
  return server.held
    .filter((held) => held.state === 'missing')
    .map((held) => ({
      text: `${held.target} has no line \`server ${server.member} ...\` in backend ${service.backend}`,
      ink: 'warn',
    }));
}
