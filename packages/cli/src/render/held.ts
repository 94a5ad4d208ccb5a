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

export function deviationOf(decided: ServerStatus['state'], held: Held['state']): Deviation {
  if (held === 'unknown') return 'unknown';
  if (held === decided) return 'none';
  if (held === 'ready') return 'open_wrongly';
  return decided === 'ready' ? 'shut_wrongly' : 'other';
}

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

/** One sentence on what a target holds, as it compares to the decision. */
export function describeHeld(member: string, decided: ServerStatus['state'], held: Held): string {
  const who = held.server ?? member;
  const sessions = held.sessions === null ? '' : `, ${held.sessions} ${held.sessions === 1 ? 'session' : 'sessions'}`;
  const fact =
    held.state === 'missing'
      ? `${held.target} has no server line for ${member}`
      : held.state === 'unknown'
        ? `what ${held.target} holds for ${who} is not known`
        : `${held.target} holds ${who} in ${held.state}${sessions}`;
  const verdicts: Readonly<Record<Deviation, string>> = {
    none: 'as decided',
    open_wrongly: `NOT AS DECIDED: it takes connections, decided is ${decided}`,
    shut_wrongly: `NOT AS DECIDED: it takes no connections, decided is ${decided}`,
    other: `it is out, as it should be, but decided is ${decided}`,
    unknown: `decided is ${decided}`,
  };
  return `${fact}; ${verdicts[deviationOf(decided, held.state)]}`;
}
