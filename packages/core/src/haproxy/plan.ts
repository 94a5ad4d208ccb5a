// From what a target holds to what it shall hold: ordered steps. Pure, and made anew from each read-back, so it may be run from any state.
//
// In each write service:   fence (maint, sessions ended)  ->  settle (no session left)  ->  open (everyone else maint again, then ready)
// Read services have no such order among servers; their servers leave with the fences and come in with the opens. Sessions are left alone, but for
// those that have to end (Wanted.ends). Between fences and opens lines are arranged: addresses, added and deleted servers, weights.
// Only lines of backends that are named in `desired` are ever touched.
import { type Reason, reason } from '../model/reason.ts';
import { type Arranged, type Arrangement, arrange, refusalReason } from './arrange.ts';
import { healthUp, isSafeName, restoreWeight, setAddress, setState, shutdownSessions } from './commands.ts';
import type { Desired } from './desired.ts';
import { FORCED, lineProblems, NOT_OURS } from './line-problems.ts';
import { match, type Wanted } from './match.ts';
import { isGone, isHeldInMaint, type ServerFact, type TargetFacts } from './parse.ts';
import { nothingRemembered, type Remembered } from './remembered.ts';

/** A server line with the member it stands for; none if no desired server claims the line. */
export interface PlannedServer {
  readonly backend: string;
  readonly server: string;
  readonly member: string | undefined;
}

export type Step =
  /** Takes servers out; in write services their sessions are ended too, unless they are to drain. All backends at once. */
  | { readonly kind: 'fence'; readonly commands: readonly string[]; readonly servers: readonly PlannedServer[] }
  /** Addresses, added and deleted servers, weights, of all backends at once. None of it lets a server in. */
  | { readonly kind: 'arrange'; readonly arrangements: readonly Arrangement[] }
  /** These servers of one write service must reach 0 sessions before the next step for that backend. */
  | { readonly kind: 'settle'; readonly backend: string; readonly servers: readonly PlannedServer[] }
  /** Lets servers in. `exclusive`: the one server of one write service, its commands close every other line of the backend first. */
  | {
      readonly kind: 'open';
      readonly commands: readonly string[];
      readonly servers: readonly PlannedServer[];
      readonly exclusive: boolean;
    };

/** What a step sends, in order. */
export const commandsOf = (step: Step): readonly string[] =>
  step.kind === 'arrange'
    ? step.arrangements.flatMap(({ commands }) => commands)
    : step.kind === 'settle'
      ? []
      : step.commands;

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
  /** Lines that can be put to use as soon as another read-back shows them to be idle, `backend/server`. */
  readonly awaited: readonly string[];
}

const FORCED_MAINT = 0x01;
const FORCED_DRAIN = 0x08;

export function plan(actual: TargetFacts, desired: Desired, remembered: Remembered = nothingRemembered): Plan {
  const fence: Due = { commands: [], servers: [] };
  const open: Due = { commands: [], servers: [] };
  const writes: Step[] = [];
  const missing: Missing[] = [];
  const problems: Reason[] = [];
  const wanted: Wanted[] = [];
  const arrangements: Arrangement[] = [];
  const awaited: string[] = [];
  let allReadyFound = true;
  const seen = new Set<string>();

  for (const backend of desired.backends) {
    if (seen.has(backend.backend)) {
      problems.push(reason('backend_asked_twice', { backend: backend.backend }));
      continue;
    }
    seen.add(backend.backend);
    const found = match(actual.servers, backend, remembered);
    wanted.push(...found.wanted);
    if (found.wanted.length === 0 && backend.match?.add === undefined) {
      missing.push({ kind: 'backend', backend: backend.backend });
    } else {
      const lines = found.wanted.map(({ line }) => line);
      const arranged = withoutRefused(arrange(lines, backend, found, actual.worker, remembered), remembered);
      arrangements.push(...arranged.due);
      awaited.push(...arranged.awaited);
      problems.push(...arranged.problems);
      for (const { member } of arranged.missing) missing.push({ kind: 'server', backend: backend.backend, member });
    }
    if (found.missing.some((server) => server.state === 'ready')) allReadyFound = false;
    if (found.contradiction) problems.push(reason('two_writers_asked', { backend: backend.backend }));
    problems.push(...lineProblems(found.wanted, backend));
    if (backend.exclusive) writes.push(...planWrites(found.wanted, fence));
    else writes.push(...planReads(found.wanted, fence, open));
  }

  const steps: Step[] = [];
  if (fence.commands.length > 0) steps.push({ kind: 'fence', ...fence });
  if (arrangements.length > 0) steps.push({ kind: 'arrange', arrangements });
  if (open.commands.length > 0) steps.push({ kind: 'open', ...open, exclusive: false });
  steps.push(...writes);
  return { steps, missing, problems, converged: steps.length === 0 && allReadyFound, wanted, awaited };
}

/** What HAProxy has refused is told instead, and tried again only now and then. */
function withoutRefused(
  { due, problems, missing, awaited }: Arranged,
  { refused }: Remembered,
): Omit<Arranged, 'missing'> & {
  readonly missing: readonly { readonly member: string }[];
} {
  const told = due.flatMap((one) => {
    const refusal = refused.get(one.key);
    return refusal === undefined ? [] : [{ one, refusal }];
  });
  if (told.length === 0) return { due, problems, missing, awaited };
  const held = new Set(told.flatMap(({ one, refusal }) => (refusal.due ? [] : [one])));
  const without = told.flatMap(({ one: { kind, member } }) =>
    (kind === 'add' || kind === 'address') && member !== undefined ? [{ member }] : [],
  );
  return {
    due: due.filter((one) => !held.has(one)),
    problems: [...problems, ...told.map(({ one, refusal: { said, tries } }) => refusalReason(one, said, tries))],
    missing: [...missing, ...without],
    awaited,
  };
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
  const commands = opening(next);
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
function opening({ line, kind, weight }: Wanted): readonly string[] {
  const forced = (line.adminState & FORCED) !== 0;
  // A spare was read back as leading to its member, but another router may have given it to another one since.
  const held =
    isHeldInMaint(line) && kind === 'spare'
      ? [setState(line, 'maint'), setAddress(line, { host: line.address, port: line.port })]
      : [];
  return [
    ...held,
    ...(forced ? [setState(line, 'ready')] : []),
    ...(line.weight === 0 && line.initialWeight > 0 && weight !== 0 ? [restoreWeight(line)] : []),
    ...(!forced && line.operState === 0 && !line.checked && (line.adminState & NOT_OURS) === 0 ? [healthUp(line)] : []),
  ];
}

function planReads(wanted: readonly Wanted[], fence: Due, open: Due): readonly Step[] {
  for (const server of wanted) {
    const { line, state } = server;
    if (!isSafe(line)) continue;
    if (state === 'ready') {
      const commands = opening(server);
      if (commands.length === 0) continue;
      open.commands.push(...commands);
      open.servers.push(named(server));
    } else if (server.ends) {
      const commands = fencing(server);
      if (commands.length === 0) continue;
      fence.commands.push(...commands);
      fence.servers.push(named(server));
    } else if (!admitsNobody(line, state)) {
      fence.commands.push(setState(line, state));
      fence.servers.push(named(server));
    }
  }
  return settling(wanted);
}

/** Maint admits no more than drain does: a server that shall drain stays in maint where it is there already, so that nothing flips at a fresh start. */
const admitsNobody = (line: ServerFact, state: 'drain' | 'maint'): boolean =>
  (line.adminState & FORCED) === FORCED_MAINT || (state === 'drain' && (line.adminState & FORCED) === FORCED_DRAIN);

/** Servers whose sessions have to end, as long as they have any. */
function settling(wanted: readonly Wanted[]): readonly Step[] {
  const servers = wanted.filter(({ line, ends }) => ends && !isGone(line)).map(named);
  const [first] = servers;
  return first === undefined ? [] : [{ kind: 'settle', backend: first.backend, servers }];
}
