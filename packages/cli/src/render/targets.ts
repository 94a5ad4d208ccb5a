// The two ends of the router: the HAProxy processes that it drives and the etcd members that it reads. Pure.
import type { StatusDocument, TargetStatusDocument } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { type Cell, type Note, type Row, renderTable } from './table.ts';
import { clean, hang, type Look, paint } from './text.ts';

const columns = [
  { title: 'HAPROXY', shrinkTo: 16 },
  { title: 'STATE' },
  { title: 'VERSION', shrinkTo: 7 },
  { title: 'PID', align: 'right' },
  { title: 'READ BACK' },
] as const;

/** Only where HAProxy's own watchdog is asked for. */
const watchdogColumn = { title: 'WATCHDOG' } as const;

export function renderTargets(look: Look, targets: readonly TargetStatusDocument[]): readonly string[] {
  if (targets.length === 0) return ['HAPROXY  none is configured: decisions are only shown, nothing is driven'];
  const isWatched = targets.some(({ watchdog }) => watchdog !== null);
  const rows = targets.map((target): Row => {
    const state = stateOf(target);
    return {
      mark: state.ink === 'loud' ? '!!' : '',
      cells: [
        { text: target.name },
        state,
        { text: target.version ?? '-' },
        { text: target.pid === null ? '-' : String(target.pid) },
        { text: target.readBackAgeMs === null ? 'never' : `${formatAge(target.readBackAgeMs)} ago` },
        ...(isWatched ? [watchdogCell(target)] : []),
      ],
      notes: notesOf(target),
    };
  });
  const shown = isWatched ? [...columns, watchdogColumn] : columns;
  return renderTable(look, shown, rows, { indent: 4, wrapLast: false });
}

/** `ABSENT`: pgrouted-watchdog.lua is not loaded, so sessions outlive a pgrouted that dies. */
function watchdogCell({ watchdog }: TargetStatusDocument): Cell {
  switch (watchdog) {
    case 'armed':
      return { text: 'armed', ink: 'good' };
    case 'absent':
      return { text: 'ABSENT', ink: 'bad' };
    case 'unknown':
      return { text: 'unknown', ink: 'warn' };
    case null:
      return { text: '-' };
  }
}

/** A target's state in words; loud when it does not hold what was decided. */
export function stateOf(target: TargetStatusDocument): Cell {
  switch (target.state) {
    case 'reachable':
      return target.converged ? { text: 'as decided', ink: 'good' } : { text: 'NOT AS DECIDED', ink: 'loud' };
    case 'not_running':
      return { text: 'NOT RUNNING', ink: 'loud' };
    case 'hung':
      return { text: 'HANGS', ink: 'loud' };
    case 'no_permission':
      return { text: 'NO PERMISSION', ink: 'loud' };
    case 'broken':
      return { text: 'BROKEN', ink: 'loud' };
    case 'unknown':
      return { text: 'not asked yet', ink: 'warn' };
  }
}

function notesOf(target: TargetStatusDocument): readonly Note[] {
  return [
    ...(target.name === target.socket ? [] : [{ text: `socket ${target.socket}`, ink: 'faint' } as const]),
    ...target.problems.map((problem) => ({ text: problem.text, ink: 'bad' }) as const),
    ...target.oldWorkers.map(
      ({ pid, connections }) =>
        ({
          text: `old worker ${pid} still has ${connections === null ? 'an unknown number of' : connections} ${connections === 1 ? 'connection' : 'connections'}`,
          ink: 'warn',
        }) as const,
    ),
  ];
}

/** Which etcd members the router hears; an age is shown only where it is worth a look. */
export function renderEtcd(look: Look, etcd: StatusDocument['etcd']): readonly string[] {
  const connected = etcd.members.filter((member) => member.connected);
  const quorum = connected.length * 2 > etcd.members.length;
  const ink = connected.length === etcd.members.length ? 'good' : quorum ? 'warn' : 'loud';
  const summary = `${connected.length} of ${etcd.members.length} connected`;
  const each = connected.map(({ endpoint, lastHeardAgeMs }) =>
    lastHeardAgeMs === null || lastHeardAgeMs < quietMs
      ? endpoint
      : `${endpoint} (heard ${formatAge(lastHeardAgeMs)} ago)`,
  );
  const lines = hang(
    'ETCD  ',
    clean([summary, each.join(', ')].filter((part) => part !== '').join(': ')),
    look.width,
  ).map((line, i) => (i === 0 ? line.replace(summary, (text) => paint(look, ink, text)) : line));
  const lost = etcd.members
    .filter((member) => !member.connected)
    .flatMap(({ endpoint, lastHeardAgeMs, error }) => {
      const heard = lastHeardAgeMs === null ? 'never heard' : `last heard ${formatAge(lastHeardAgeMs)} ago`;
      return hang(
        '!!    ',
        clean(`${endpoint} NOT CONNECTED, ${heard}${error === null ? '' : `: ${error}`}`),
        look.width,
      );
    });
  return [...lines, ...lost.map((line) => paint(look, 'bad', line))];
}

/** A member that is asked every 250 ms and silent for so long is slow. */
const quietMs = 2_000;
