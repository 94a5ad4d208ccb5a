// Compares what was decided for a server with what HAProxy holds, and says the difference in words. Pure.
import type { ServiceStatus } from '@pgrouted/core/status/schema';
import type { Ink } from './text.ts';

export type ServerStatus = ServiceStatus['servers'][number];
export type Held = ServerStatus['held'][number];

/**
 * `open_wrongly`: takes connections and must not. `shut_wrongly`: should take them and does not. `other`: out, but in another way than
 * decided. `unknown`: it could not be read.
 */
export type Deviation = 'none' | 'open_wrongly' | 'shut_wrongly' | 'other' | 'unknown';

export function deviationOf({ role }: Pick<ServiceStatus, 'role'>, server: Decided, held: Held): Deviation {
  const wanted = wantedOf(server, held);
  if (held.state === 'unknown') return 'unknown';
  if (held.state === wanted) return 'none';
  if (held.state === 'ready') return 'open_wrongly';
  // A line of a read service that is in maint already admits no more than one that drains.
  if (role !== 'primary' && wanted === 'drain' && held.state === 'maint') return 'none';
  return wanted === 'ready' ? 'shut_wrongly' : 'other';
}

type Decided = Pick<ServerStatus, 'state'>;

/** What a line shall hold: a member with a backup line has two, each with a word of its own. */
export const wantedOf = ({ state }: Decided, { wanted }: Held): ServerStatus['state'] => wanted ?? state;

/** What stands in front of the row, so that a deviation is seen without colour. */
export const deviationMarks: Readonly<Record<Deviation, string>> = {
  none: '',
  open_wrongly: '!!',
  shut_wrongly: '!!',
  other: '!',
  unknown: '?',
};

export const deviationInks: Readonly<Record<Deviation, Ink>> = {
  none: 'plain',
  open_wrongly: 'loud',
  shut_wrongly: 'bad',
  other: 'warn',
  unknown: 'warn',
};

const lineWords: Readonly<Record<NonNullable<Held['line']>, string>> = {
  own: '',
  backup: 'the backup line ',
  spare: 'the spare line ',
  added: 'the added line ',
};

/** One sentence on what a target holds, as it compares to the decision. */
export function describeHeld(service: ServiceStatus, server: ServerStatus, held: Held): string {
  const { member } = server;
  const decided = wantedOf(server, held);
  const who = `${lineWords[held.line ?? 'own']}${held.server ?? member}`;
  const several = (service.backends ?? []).length > 1 && held.backend !== undefined;
  const where = several ? `${held.target} (backend ${held.backend})` : held.target;
  const sessions = held.sessions === null ? '' : `, ${held.sessions} ${held.sessions === 1 ? 'session' : 'sessions'}`;
  const fact =
    held.state === 'missing'
      ? `${where} has no server line for ${member}`
      : held.state === 'unknown'
        ? `what ${where} holds for ${who} is not known`
        : `${where} holds ${who} in ${held.state}${sessions}`;
  const verdicts: Readonly<Record<Deviation, string>> = {
    none: 'as decided',
    open_wrongly: `NOT AS DECIDED: it takes connections, decided is ${decided}`,
    shut_wrongly: `NOT AS DECIDED: it takes no connections, decided is ${decided}`,
    other: `it is out, as it should be, but decided is ${decided}`,
    unknown: `decided is ${decided}`,
  };
  return `${fact}; ${verdicts[deviationOf(service, server, held)]}`;
}
