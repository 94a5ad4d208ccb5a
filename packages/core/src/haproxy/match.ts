// What each server line of a backend shall hold: the decision laid over the lines that stand for its members. Pure.
// A line that stands for nobody goes out: at once in a write service, as its policy says in a read service.
import type { ServerState } from '../model/decision.ts';
import type { DesiredBackend, DesiredServer } from './desired.ts';
import { type LineKind, type Standing, standings } from './membership.ts';
import { heldState, type ServerFact } from './parse.ts';
import { leavingOf, nothingRemembered, type Remembered } from './remembered.ts';
import { linesOf } from './server-lines.ts';

/** A server line with what it shall hold. */
export interface Wanted {
  readonly line: ServerFact;
  readonly state: ServerState;
  /** Undefined: the line stands for nobody. */
  readonly member: string | undefined;
  /** Undefined: as `member`. */
  readonly kind: LineKind | undefined;
  /** Its sessions have to end. */
  readonly ends: boolean;
  /** 0 to 256; undefined: as in haproxy.cfg. */
  readonly weight: number | undefined;
}

export interface Match {
  readonly wanted: readonly Wanted[];
  /** Desired servers that have no line (a backup line alone does not count). */
  readonly missing: readonly DesiredServer[];
  /** More than one server was asked for (or to be kept) in a write service: none is let in. */
  readonly contradiction: boolean;
}

/** Lays the desired servers of one backend over its lines. */
export function match(
  servers: readonly ServerFact[],
  desired: DesiredBackend,
  remembered: Remembered = nothingRemembered,
): Match {
  const lines = linesOf(servers, desired.backend);
  const stand = standings(lines, desired.servers, desired.match);
  const backed = new Set<DesiredServer>();
  const served = new Set<DesiredServer>();
  for (const [line, { member, kind }] of stand) {
    if (kind !== 'backup') served.add(member);
    else if (line.backup !== false) backed.add(member);
  }
  const missing = desired.servers.filter((server) => !served.has(server));
  const asked = lines.map((line): Wanted => {
    const standing = stand.get(line);
    if (standing === undefined) {
      const leaving = desired.exclusive ? OUT : leavingOf(line, desired.removed, remembered);
      return { line, member: undefined, kind: undefined, weight: undefined, ...leaving };
    }
    const { member, kind } = standing;
    const state = stateOf(line, standing, { ...desired, backed: backed.has(member) });
    const ends = state === 'maint' && member.ends === true;
    return { line, member: member.member, kind, state, ends, weight: member.weight };
  });
  if (!desired.exclusive) return { wanted: asked, missing, contradiction: false };

  const contradiction = desired.servers.filter(({ state }) => state === 'ready' || state === 'keep').length > 1;
  const opening = !contradiction && asked.some((server) => server.state === 'ready');
  return {
    // A server that may keep its sessions (drain) loses them once another one is to be let in: one writer.
    wanted: asked.map((server): Wanted => {
      const out = server.state === 'ready' ? contradiction : opening;
      const state = out ? 'maint' : server.state;
      return { ...server, state, ends: state === 'maint' };
    }),
    missing,
    contradiction,
  };
}

const OUT = { state: 'maint', ends: true } as const;

/**
 * Where a read service has a backup line for the member, its own line and that one share the work. A backup line never works without being asked for, and
 * never in a write service: one line for one writer.
 */
function stateOf(
  line: ServerFact,
  { member, kind }: Standing<DesiredServer>,
  { exclusive, backed }: { readonly exclusive: boolean; readonly backed: boolean },
): ServerState {
  const { state, weight } = member;
  const lines = exclusive ? undefined : member.lines;
  // A line that was added is held by its member's name while the record doesn't say where the member is, but not let in on that.
  const blind = kind === 'added' && member.address === undefined && state === 'ready';
  if (kind === 'backup') {
    // One that does not bear `backup` in haproxy.cfg would serve beside the others: it is no backup line.
    if (exclusive || line.backup === false) return 'maint';
    return state === 'keep' ? keptState(line, weight) : (lines?.backup ?? 'maint');
  }
  if (state === 'keep' || blind) return keptState(line, weight);
  return backed && lines !== undefined ? lines.own : state;
}

/** A server that is kept as it is stays in only if it takes new connections now: one that drains, by whatever means, is on its way out. */
function keptState(line: ServerFact, weight: number | undefined): ServerState {
  return heldState(line) === 'ready' || (weight === 0 && line.inRotation) ? 'ready' : 'maint';
}
