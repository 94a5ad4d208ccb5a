// Follows commands to their effect: a fence is done when it is read back with no session left, an opening when the server is read back in.
// Also counts how often a command had no effect, and for how long sessions resist. Values in, reports out; it does no I/O.
import type { Millis } from '../model/units.ts';
import { isHeldInMaint, serverKey, type TargetFacts } from './parse.ts';
import type { Plan, PlannedServer } from './plan.ts';
import type { TargetReport } from './report.ts';
import { linesOf } from './server-lines.ts';

/** Sessions that resist longer than this are told of. */
export const SESSIONS_ALARM_MS = 1_000;

interface Fence {
  readonly exclusive: boolean;
  readonly since: Millis;
  readonly servers: Map<string, PlannedServer>;
  readonly sessions: Map<string, number>;
  alarmed: boolean;
}

export class Progress {
  readonly #fences = new Map<string, Fence>();
  readonly #opens = new Map<string, { readonly server: PlannedServer; readonly exclusive: boolean }>();
  readonly #tries = new Map<string, number>();

  /** Commands that take these servers out were sent. `sessions`: the most that each was seen with, by `backend/server`. */
  fencing(
    servers: readonly PlannedServer[],
    exclusive: ReadonlySet<string>,
    sessions: ReadonlyMap<string, number>,
    now: Millis,
  ): void {
    for (const server of servers) {
      const { backend } = server;
      const fence = this.#fences.get(backend) ?? {
        exclusive: exclusive.has(backend),
        since: now,
        servers: new Map<string, PlannedServer>(),
        sessions: new Map<string, number>(),
        alarmed: false,
      };
      const key = serverKey(server);
      fence.servers.set(key, server);
      fence.sessions.set(key, Math.max(fence.sessions.get(key) ?? 0, sessions.get(key) ?? 0));
      this.#fences.set(backend, fence);
    }
  }

  /** Commands that let these servers in were sent. */
  opening(servers: readonly PlannedServer[], exclusive: ReadonlySet<string>): void {
    for (const server of servers) {
      this.#opens.set(serverKey(server), { server, exclusive: exclusive.has(server.backend) });
    }
  }

  /** Another worker: what was under way there is over. Fences go on, since sessions in the old worker may have to end. */
  otherWorker(): void {
    this.#opens.clear();
    this.#tries.clear();
  }

  /** How often the commands for these servers had no effect: the least of them, so that one that resists doesn't slow the others. */
  leastTries(servers: readonly PlannedServer[]): number {
    return Math.min(...servers.map((server) => this.#tries.get(serverKey(server)) ?? 0));
  }

  /** Servers that were told `tries` times in vain, more than five. */
  stuck(): ReadonlyMap<string, number> {
    return new Map([...this.#tries].filter(([, count]) => count > 5));
  }

  /** When the fence of a write service that still has sessions began. */
  settlingSince(backend: string): Millis | undefined {
    return this.#fences.get(backend)?.since;
  }

  /** Commands for these servers were sent and read back: counts those that are still due, forgets the others. */
  told(sent: readonly PlannedServer[], next: Plan): void {
    const due = new Set(stateDue(next));
    for (const server of sent) {
      const key = serverKey(server);
      if (due.has(key)) this.#tries.set(key, (this.#tries.get(key) ?? 0) + 1);
    }
    for (const key of this.#tries.keys()) if (!due.has(key)) this.#tries.delete(key);
  }

  /** What the read-back shows to be done. `old`: what old workers still have that a write service must not have. */
  read(
    facts: TargetFacts,
    next: Plan,
    serial: number,
    now: Millis,
    old: { readonly clear: (backend: string) => boolean; readonly remaining: (backend: string) => number },
  ): readonly TargetReport[] {
    const reports: TargetReport[] = [];
    const wanted = new Map(next.wanted.map((one) => [serverKey(one.line), one]));
    const fenceDue = new Set(next.steps.flatMap((step) => (step.kind === 'fence' ? step.servers.map(serverKey) : [])));
    const settling = new Set(next.steps.flatMap((step) => (step.kind === 'settle' ? [step.backend] : [])));
    for (const [backend, fence] of this.#fences) {
      for (const key of fence.servers.keys()) {
        const held = wanted.get(key);
        if (held === undefined || held.state === 'ready') fence.servers.delete(key);
      }
      if (fence.servers.size === 0) {
        this.#fences.delete(backend);
        continue;
      }
      const open = [...fence.servers.keys()].some((key) => fenceDue.has(key));
      const sessionsLeft = fence.exclusive && (settling.has(backend) || !old.clear(backend));
      if (!open && !sessionsLeft) {
        this.#fences.delete(backend);
        reports.push({
          kind: 'fenced',
          serial,
          at: now,
          backend,
          exclusive: fence.exclusive,
          servers: [...fence.servers.values()],
          sessionsEnded: fence.exclusive ? sessionsEnded(fence, wanted) : 0,
        });
      } else if (sessionsLeft && !fence.alarmed && now - fence.since >= SESSIONS_ALARM_MS) {
        fence.alarmed = true;
        const sessions = sessionsOn(facts, backend, next) + old.remaining(backend);
        reports.push({ kind: 'sessions_remain', serial, at: now, backend, sessions });
      }
    }
    reports.push(...this.#readOpens(next, serial, now));
    return reports;
  }

  #readOpens(next: Plan, serial: number, now: Millis): readonly TargetReport[] {
    const opened = new Map<string, { readonly exclusive: boolean; readonly servers: PlannedServer[] }>();
    const wanted = new Map(next.wanted.map((one) => [serverKey(one.line), one]));
    for (const [key, { server, exclusive }] of this.#opens) {
      const held = wanted.get(key);
      if (held === undefined || held.state !== 'ready') this.#opens.delete(key);
      else if (held.line.inRotation) {
        this.#opens.delete(key);
        const group = opened.get(server.backend) ?? { exclusive, servers: [] };
        group.servers.push(server);
        opened.set(server.backend, group);
      }
    }
    return [...opened].map(([backend, group]) => ({ kind: 'opened' as const, serial, at: now, backend, ...group }));
  }
}

/** Servers that only drain keep their sessions. */
function sessionsEnded(fence: Fence, wanted: ReadonlyMap<string, { readonly ends: boolean }>): number {
  return [...fence.servers.keys()]
    .filter((key) => wanted.get(key)?.ends === true)
    .reduce((sum, key) => sum + (fence.sessions.get(key) ?? 0), 0);
}

/** Servers whose state is still to be changed; those that only wait for sessions to end don't count. */
function stateDue(next: Plan): readonly string[] {
  const inMaint = new Set(
    next.wanted
      .filter(({ line, state }) => state === 'maint' && isHeldInMaint(line))
      .map(({ line }) => serverKey(line)),
  );
  return next.steps.flatMap((step) =>
    step.kind === 'fence' || step.kind === 'open' ? step.servers.map(serverKey).filter((key) => !inMaint.has(key)) : [],
  );
}

/** Sessions of the lines that shall be in maint, in the current worker. */
export function sessionsOn(facts: TargetFacts, backend: string, next: Plan): number {
  const out = new Set(next.wanted.filter(({ state }) => state === 'maint').map(({ line }) => serverKey(line)));
  return linesOf(facts.servers, backend)
    .filter((server) => out.has(serverKey(server)))
    .reduce((sum, server) => sum + (server.sessions ?? 0), 0);
}
