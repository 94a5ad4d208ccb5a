// From what a target holds to what it shall hold: ordered steps. Pure, and made anew from each read-back, so it may be run from any state.
//
// In each write service:   fence (maint, sessions ended)  ->  settle (no session left)  ->  open (everyone else maint again, then ready)
// Read services have no such order among servers; their servers leave with the fences and come in with the opens. Sessions are left alone, but for
// those on a server that takes writes and must not (DesiredServer.ends).
// Only lines of backends that are named in `desired` are ever touched.
import { type Reason, reason } from '../model/reason.ts';
import { healthUp, isSafeName, restoreWeight, setState, shutdownSessions } from './commands.ts';
import type { Desired, DesiredBackend } from './desired.ts';
import { leadsElsewhere, match, type Wanted } from './match.ts';
import { isGone, isHeldInMaint, type ServerFact, type TargetFacts } from './parse.ts';

/** A server line with the member it stands for; none if no desired server claims the line. */
export interface PlannedServer {
  readonly backend: string;
  readonly server: string;
  readonly member: string | undefined;
}

export type Step =
  /** Takes servers out; in write services their sessions are ended too, unless they are to drain. All backends at once. */
  | { readonly kind: 'fence'; readonly commands: readonly string[]; readonly servers: readonly PlannedServer[] }
  /** These servers of one write service must reach 0 sessions before the next step for that backend. */
  | { readonly kind: 'settle'; readonly backend: string; readonly servers: readonly PlannedServer[] }
  /** Lets servers in. `exclusive`: the one server of one write service, its commands close every other line of the backend first. */
  | {
      readonly kind: 'open';
      readonly commands: readonly string[];
      readonly servers: readonly PlannedServer[];
      readonly exclusive: boolean;
    };

export type Missing =
  | { readonly kind: 'backend'; readonly backend: string }
  | { readonly kind: 'server'; readonly backend: string; readonly member: string };

export interface Plan {
  readonly steps: readonly Step[];
  /** What `desired` names and HAProxy doesn't have. */
  readonly missing: readonly Missing[];
  /** What no command can mend. */
  readonly problems: readonly Reason[];
  /** Nothing is to be done, and everything that shall be ready has a line. */
  readonly converged: boolean;
  /** Every line of the desired backends with what it shall hold. */
  readonly wanted: readonly Wanted[];
}

/** Inherited from a tracked server, or by a name that doesn't resolve: no `set server` lifts these. */
const NOT_OURS = 0x32;
const FORCED_MAINT = 0x01;
const FORCED_DRAIN = 0x08;
const FORCED = FORCED_MAINT | FORCED_DRAIN;

export function plan(actual: TargetFacts, desired: Desired): Plan {
  const fence: Due = { commands: [], servers: [] };
  const open: Due = { commands: [], servers: [] };
  const writes: Step[] = [];
  const missing: Missing[] = [];
  const problems: Reason[] = [];
  const wanted: Wanted[] = [];
  let allReadyFound = true;
  const seen = new Set<string>();

  for (const backend of desired.backends) {
    if (seen.has(backend.backend)) {
      problems.push(reason('backend_asked_twice', { backend: backend.backend }));
      continue;
    }
    seen.add(backend.backend);
    const found = match(actual.servers, backend);
    wanted.push(...found.wanted);
    if (found.wanted.length === 0) {
      missing.push({ kind: 'backend', backend: backend.backend });
    } else {
      for (const server of found.missing)
        missing.push({ kind: 'server', backend: backend.backend, member: server.member });
    }
    if (found.missing.some((server) => server.state === 'ready')) allReadyFound = false;
    if (found.contradiction) problems.push(reason('two_writers_asked', { backend: backend.backend }));
    problems.push(...problemsOf(found.wanted, backend));
    if (backend.exclusive) writes.push(...planWrites(found.wanted, fence));
    else writes.push(...planReads(found.wanted, fence, open));
  }

  const steps: Step[] = [];
  if (fence.commands.length > 0) steps.push({ kind: 'fence', ...fence });
  if (open.commands.length > 0) steps.push({ kind: 'open', ...open, exclusive: false });
  steps.push(...writes);
  return { steps, missing, problems, converged: steps.length === 0 && allReadyFound, wanted };
}

interface Due {
  readonly commands: string[];
  readonly servers: PlannedServer[];
}

const named = ({ line, member }: Wanted): PlannedServer => ({ backend: line.backend, server: line.server, member });
const isSafe = (line: ServerFact): boolean => isSafeName(line.backend) && isSafeName(line.server);

/** The fences of a write service go into `fence`; returns what follows them. */
function planWrites(wanted: readonly Wanted[], fence: Due): readonly Step[] {
  const out = wanted.filter(({ state }) => state !== 'ready');
  for (const server of out) {
    const commands = isSafe(server.line) ? fencing(server) : [];
    if (commands.length === 0) continue;
    fence.commands.push(...commands);
    fence.servers.push(named(server));
  }
  const steps: Step[] = [...settling(wanted)];
  const [next] = wanted.filter(({ state }) => state === 'ready');
  if (next === undefined || !isSafe(next.line)) return steps;
  const commands = opening(next.line);
  if (commands.length === 0) return steps;
  // A line whose name can't be put into a command can't be closed either: then nobody else is let in.
  if (out.some(({ line }) => !isSafe(line) && !isGone(line))) return steps;
  const closeOthers = out.filter(({ line }) => isSafe(line)).map(({ line }) => setState(line, 'maint'));
  steps.push({ kind: 'open', commands: [...closeOthers, ...commands], servers: [named(next)], exclusive: true });
  return steps;
}

function fencing({ line, state }: Wanted): readonly string[] {
  if (state === 'drain') {
    // Maint admits no more than drain does, so a server in maint stays as it is.
    return isHeldInMaint(line) || (line.adminState & FORCED_DRAIN) !== 0 ? [] : [setState(line, 'drain')];
  }
  if (!isHeldInMaint(line)) return [setState(line, 'maint'), shutdownSessions(line)];
  return line.sessions === 0 ? [] : [shutdownSessions(line)];
}

/** What lets a line in; empty if it is in, or if only its own check (or what it inherits) keeps it out. */
function opening(line: ServerFact): readonly string[] {
  const forced = (line.adminState & FORCED) !== 0;
  return [
    ...(forced ? [setState(line, 'ready')] : []),
    ...(line.weight === 0 && line.initialWeight > 0 ? [restoreWeight(line)] : []),
    ...(!forced && line.operState === 0 && !line.checked && (line.adminState & NOT_OURS) === 0 ? [healthUp(line)] : []),
  ];
}

function planReads(wanted: readonly Wanted[], fence: Due, open: Due): readonly Step[] {
  for (const server of wanted) {
    const { line, state } = server;
    if (!isSafe(line)) continue;
    if (state === 'ready') {
      const commands = opening(line);
      if (commands.length === 0) continue;
      open.commands.push(...commands);
      open.servers.push(named(server));
    } else if (server.ends) {
      const commands = fencing(server);
      if (commands.length === 0) continue;
      fence.commands.push(...commands);
      fence.servers.push(named(server));
    } else if ((line.adminState & FORCED) !== (state === 'maint' ? FORCED_MAINT : FORCED_DRAIN)) {
      fence.commands.push(setState(line, state));
      fence.servers.push(named(server));
    }
  }
  return settling(wanted);
}

/** Servers whose sessions have to end, as long as they have any. */
function settling(wanted: readonly Wanted[]): readonly Step[] {
  const servers = wanted.filter(({ line, ends }) => ends && !isGone(line)).map(named);
  const [first] = servers;
  return first === undefined ? [] : [{ kind: 'settle', backend: first.backend, servers }];
}

function problemsOf(wanted: readonly Wanted[], desired: DesiredBackend): readonly Reason[] {
  const problems: Reason[] = [];
  for (const { line, member, state } of wanted) {
    const at = { backend: line.backend, server: line.server };
    if (!isSafe(line)) problems.push(reason('server_name_not_drivable', at));
    const address = desired.servers.find((server) => server.member === member)?.address;
    if (member !== undefined && member === line.server && leadsElsewhere(line, address)) {
      problems.push(
        reason('server_address_differs', {
          ...at,
          address: `${line.address}:${line.port}`,
          record: `${address?.host}:${address?.port}`,
        }),
      );
    }
    if (state !== 'ready' || (line.adminState & FORCED) !== 0 || line.inRotation) continue;
    const inherited = (line.adminState & NOT_OURS) !== 0;
    if (inherited || line.checked) {
      problems.push(
        reason('server_check_failing', {
          ...at,
          member: member ?? null,
          why: inherited ? 'held by a tracked server or an unresolved name' : 'its own check fails',
        }),
      );
    }
  }
  return problems;
}
