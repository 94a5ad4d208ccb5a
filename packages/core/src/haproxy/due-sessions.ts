// Which sessions of an old worker have to go: in write services those on a server that shall be in maint, in read services those on a server whose sessions
// have to end. Pure. An old worker's servers can't be changed any more, so what it held when it was replaced still says which server it would give a
// waiting session to.
import { isSafeName } from './commands.ts';
import type { DesiredBackend } from './desired.ts';
import { match } from './match.ts';
import { type ServerFact, type SessionFact, serverKey, type TargetFacts } from './parse.ts';
import { nothingRemembered, type Remembered } from './remembered.ts';

/** No server has been chosen for the session yet. */
const WAITS = '<none>';

/** Lines that shall be in maint and without a session. */
export function fencedLines(
  facts: TargetFacts,
  backends: readonly DesiredBackend[],
  remembered: Remembered = nothingRemembered,
): readonly ServerFact[] {
  return backends
    .flatMap((backend) => match(facts.servers, backend, remembered).wanted)
    .filter(({ line, ends }) => ends && isSafeName(line.backend) && isSafeName(line.server))
    .map(({ line }) => line);
}

/** Sessions on a server that shall have none, and those that still wait and could be given such a server. */
export function dueSessions(
  sessions: readonly SessionFact[],
  facts: TargetFacts,
  backends: readonly DesiredBackend[],
  remembered: Remembered = nothingRemembered,
): readonly SessionFact[] {
  const stay = new Set<string>();
  const waitersStay = new Set<string>();
  const exclusive = new Set<string>();
  const ends = new Set<string>();
  for (const backend of backends) {
    const { wanted } = match(facts.servers, backend, remembered);
    for (const { line, ends: ending } of wanted) {
      if (!ending) continue;
      ends.add(serverKey(line));
      if (!line.maint) ends.add(serverKey({ backend: line.backend, server: WAITS }));
    }
    if (!backend.exclusive) continue;
    exclusive.add(backend.backend);
    for (const { line, state } of wanted) if (state !== 'maint') stay.add(serverKey(line));
    if (wanted.every(({ line, state }) => state !== 'maint' || line.maint)) waitersStay.add(backend.backend);
  }
  return sessions.filter((session) => {
    if (!exclusive.has(session.backend)) return ends.has(serverKey(session));
    return session.server === WAITS ? !waitersStay.has(session.backend) : !stay.has(serverKey(session));
  });
}

/** Sessions in write services that may stay for now, though on a server that drains, or that could be given to one. */
export function drainingSessions(
  sessions: readonly SessionFact[],
  facts: TargetFacts,
  backends: readonly DesiredBackend[],
): readonly SessionFact[] {
  const drained = new Set<string>();
  for (const backend of backends) {
    if (!backend.exclusive) continue;
    for (const { line, state } of match(facts.servers, backend).wanted) {
      if (state !== 'drain') continue;
      drained.add(serverKey(line));
      drained.add(serverKey({ backend: line.backend, server: WAITS }));
    }
  }
  return sessions.filter((session) => drained.has(serverKey(session)));
}

/** How many sessions there are of each backend. */
export function countByBackend(sessions: readonly SessionFact[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { backend } of sessions) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  return counts;
}
