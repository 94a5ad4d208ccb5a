// What to send to a target right now: the part of a plan that may be carried out at this moment. The plan says what is due and in which
// order; this adds what only time and the world can say: authority, old workers, pauses between repeats.
import type { Millis } from '../model/units.ts';
import type { Arrangement } from './arrange.ts';
import { showSessions } from './commands.ts';
import type { Desired } from './desired.ts';
import type { Opening } from './gate.ts';
import { isHeldInMaint, serverKey, type TargetFacts } from './parse.ts';
import { type Plan, type PlannedServer, plan, type Step } from './plan.ts';
import type { Remembered } from './remembered.ts';

/** Ending sessions is repeated after this time while any remain. */
const REPEAT_SHUTDOWN_MS = 20;

export interface Surroundings {
  readonly now: Millis;
  /** When the facts of a backend were read. */
  readonly readAt: (backend: string) => Millis;
  /** How old that may be for a writer to be let in on it. */
  readonly freshMs: number;
  readonly lastShutdownAt: Millis | undefined;
  /** This member was held ready in the backend before, under the same decision. */
  readonly restores: (backend: string, member: string) => boolean;
  /** No old worker has sessions that this write service must not have. */
  readonly clear: (backend: string) => boolean;
  /** Where the question for authority stands; asking it starts it. */
  readonly ask: (opening: Opening) => 'pending' | 'allowed' | 'refused';
  readonly remembered: Remembered;
}

export interface Choice {
  readonly plan: Plan;
  readonly commands: readonly string[];
  readonly fences: readonly PlannedServer[];
  readonly arranged: readonly Arrangement[];
  readonly opens: readonly PlannedServer[];
  /** The write services among `opens`. */
  readonly exclusiveOpens: readonly string[];
  /** So many write services are to be opened as soon as the question for authority is answered. */
  readonly pending: number;
  /** Sessions on fenced servers have to end before there is more to do. */
  readonly settling: readonly string[];
}

type Fence = Extract<Step, { kind: 'fence' }>;

export function choose(facts: TargetFacts, desired: Desired, around: Surroundings): Choice {
  const whole = plan(facts, desired, around.remembered);
  const fence = whole.steps.find((step) => step.kind === 'fence');
  const sendFence = fence !== undefined && !tooSoon(fence, whole, around);
  const settling = new Set(whole.steps.flatMap((step) => (step.kind === 'settle' ? [step.backend] : [])));
  const fencing = new Set(fence?.servers.map(({ backend }) => backend));
  const commands: string[] = sendFence ? [...countBefore(fence, whole), ...fence.commands] : [];
  const arranged = whole.steps.flatMap((step) => (step.kind === 'arrange' ? step.arrangements : []));
  commands.push(...arranged.flatMap((one) => one.commands));
  const opens: PlannedServer[] = [];
  const exclusiveOpens: string[] = [];
  let pending = 0;

  for (const step of whole.steps) {
    if (step.kind !== 'open') continue;
    if (step.exclusive) {
      const [server] = step.servers;
      if (server?.member === undefined) continue;
      const { backend, member } = server;
      // Asked as early as possible, so that the answer comes while the old server is still being fenced.
      const answer = around.ask({ ...server, member, restores: around.restores(backend, member) });
      if (!around.clear(backend)) settling.add(backend);
      const closed = !fencing.has(backend) && !settling.has(backend);
      const fresh = around.now - around.readAt(backend) <= around.freshMs;
      if (closed && fresh && answer === 'pending') pending += 1;
      if (!closed || !fresh || answer !== 'allowed') continue;
      exclusiveOpens.push(backend);
    }
    commands.push(...step.commands);
    opens.push(...step.servers);
  }
  return {
    plan: whole,
    commands,
    fences: sendFence ? fence.servers : [],
    arranged,
    opens,
    exclusiveOpens,
    pending,
    settling: [...settling],
  };
}

/** All that is left of the fence is to end sessions, and that was done a moment ago. */
function tooSoon(fence: Fence, whole: Plan, { now, lastShutdownAt }: Surroundings): boolean {
  if (lastShutdownAt === undefined || now - lastShutdownAt >= REPEAT_SHUTDOWN_MS) return false;
  const lines = new Map(whole.wanted.map((one) => [serverKey(one.line), one]));
  return fence.servers.every((server) => {
    const held = lines.get(serverKey(server));
    return held !== undefined && held.state === 'maint' && isHeldInMaint(held.line);
  });
}

/** Asks for the sessions that are about to be ended, so that the journal can say how many there were. */
function countBefore(fence: Fence, whole: Plan): readonly string[] {
  const exclusive = new Set(whole.steps.flatMap((step) => (step.kind === 'settle' ? [step.backend] : [])));
  const fenced = new Set(fence.servers.map(serverKey));
  const asked = new Map<string, string>();
  for (const { line } of whole.wanted) {
    if (!exclusive.has(line.backend) || !fenced.has(serverKey(line)) || isHeldInMaint(line)) continue;
    asked.set(line.backend, showSessions(line.backend, line.backendId));
  }
  return [...asked.values()];
}
