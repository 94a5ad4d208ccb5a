// Which sessions of an old worker a write service must not have. Pure. An old worker's servers can't be changed any more, so what it held when it
// was replaced still says which server it would give a waiting session to.
import { isSafeName } from './commands.ts';
import type { DesiredBackend } from './desired.ts';
import { match } from './match.ts';
import { type ServerFact, type SessionFact, serverKey, type TargetFacts } from './parse.ts';

/** No server has been chosen for the session yet. */
const WAITS = '<none>';

/** Lines of write services that shall be in maint. */
export function fencedLines(facts: TargetFacts, backends: readonly DesiredBackend[]): readonly ServerFact[] {
  return backends
    .filter(({ exclusive }) => exclusive)
    .flatMap((backend) => match(facts.servers, backend).wanted)
    .filter(({ line, state }) => state === 'maint' && isSafeName(line.backend) && isSafeName(line.server))
    .map(({ line }) => line);
}

/** Sessions in write services on a server that shall be in maint, and those that still wait and could be given such a server. */
export function dueSessions(
  sessions: readonly SessionFact[],
  facts: TargetFacts,
  backends: readonly DesiredBackend[],
): readonly SessionFact[] {
  const stay = new Set<string>();
  const waitersStay = new Set<string>();
  const exclusive = new Set<string>();
  for (const backend of backends) {
    if (!backend.exclusive) continue;
    exclusive.add(backend.backend);
    const { wanted } = match(facts.servers, backend);
    for (const { line, state } of wanted) if (state !== 'maint') stay.add(serverKey(line));
    if (wanted.every(({ line, state }) => state !== 'maint' || line.maint)) waitersStay.add(backend.backend);
  }
  return sessions.filter((session) => {
    if (!exclusive.has(session.backend)) return false;
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
