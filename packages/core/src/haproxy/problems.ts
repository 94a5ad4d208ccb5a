// What is wrong with a target right now, as reasons. Pure: everything it looks at is handed in.
import { type Reason, reason } from '../model/reason.ts';
import type { Millis } from '../model/units.ts';
import type { DriftLedger } from './drift.ts';
import type { HoldStatus } from './hold.ts';
import type { OldWorkerStatus } from './old-workers.ts';
import { heldState, serverKey, type TargetFacts } from './parse.ts';
import type { Plan } from './plan.ts';
import { type Progress, SESSIONS_ALARM_MS, sessionsOn } from './progress.ts';
import type { TargetStatus } from './report.ts';
import type { RuntimeFailure } from './runtime.ts';

export interface TargetPicture {
  readonly target: string;
  readonly now: Millis;
  readonly failure: (RuntimeFailure & { readonly since: Millis }) | undefined;
  readonly plan: Plan | undefined;
  readonly facts: TargetFacts | undefined;
  readonly progress: Progress;
  readonly ledger: DriftLedger;
  readonly oldWorkers: readonly OldWorkerStatus[];
  readonly watchdog: TargetStatus['watchdog'];
  readonly hold: HoldStatus | undefined;
  /** What haproxy.cfg lacks. */
  readonly findings: readonly Reason[];
}

export function problemsOf(picture: TargetPicture): readonly Reason[] {
  return [
    ...failureOf(picture),
    ...missingOf(picture),
    ...(picture.plan?.problems ?? []),
    ...resistanceOf(picture),
    ...driftOf(picture),
    ...oldWorkersOf(picture),
    ...(picture.watchdog === 'absent' ? [reason('watchdog_absent', { target: picture.target })] : []),
    ...holdOf(picture),
    ...picture.findings,
  ];
}

function failureOf({ target, now, failure }: TargetPicture): readonly Reason[] {
  if (failure === undefined) return [];
  const facts = { target, error: failure.error, forMs: Math.round(now - failure.since) };
  switch (failure.kind) {
    case 'hung':
      return [reason('target_hung', facts)];
    case 'no_permission':
      return [reason('target_no_permission', facts)];
    case 'not_running':
      return [reason('target_unreachable', facts)];
    case 'protocol':
      return [reason('target_broken', facts)];
  }
}

function missingOf({ target, plan }: TargetPicture): readonly Reason[] {
  return (plan?.missing ?? []).map((one) =>
    one.kind === 'backend'
      ? reason('backend_missing', { target, backend: one.backend })
      : reason('server_missing', { target, backend: one.backend, member: one.member }),
  );
}

function resistanceOf({ target, now, plan, facts, progress }: TargetPicture): readonly Reason[] {
  if (plan === undefined || facts === undefined) return [];
  const problems: Reason[] = [];
  for (const step of plan.steps) {
    if (step.kind !== 'settle') continue;
    const since = progress.settlingSince(step.backend);
    if (since === undefined || now - since < SESSIONS_ALARM_MS) continue;
    const sessions = sessionsOn(facts, step.backend, plan);
    const server = step.servers.map((one) => one.server).join(', ');
    problems.push(
      reason('sessions_remain', { target, backend: step.backend, server, sessions, forMs: Math.round(now - since) }),
    );
  }
  const stuck = progress.stuck();
  if (stuck.size === 0) return problems;
  for (const { line, state } of plan.wanted) {
    const tries = stuck.get(serverKey(line));
    if (tries === undefined) continue;
    problems.push(
      reason('read_back_differs', {
        target,
        backend: line.backend,
        server: line.server,
        wanted: state,
        held: heldState(line),
        tries,
      }),
    );
  }
  return problems;
}

function driftOf({ target, now, ledger }: TargetPicture): readonly Reason[] {
  return ledger.recent(now).map(({ backend, server, found, restored, times, repeated }) =>
    reason(repeated ? 'second_router' : 'foreign_change', {
      target,
      backend,
      server,
      found,
      wanted: restored,
      times,
    }),
  );
}

function oldWorkersOf({ target, oldWorkers }: TargetPicture): readonly Reason[] {
  return oldWorkers
    .filter((worker) => !worker.reachable || worker.fencedSessions > 0)
    .map(({ pid, reachable, fencedSessions, connections }) =>
      reachable
        ? reason('old_worker_sessions', { target, pid, connections: connections ?? null, fenced: fencedSessions })
        : reason('old_worker_unreachable', { target, pid }),
    );
}

function holdOf({ target, hold }: TargetPicture): readonly Reason[] {
  if (hold?.state === 'absent') return [reason('hold_absent', { target, backends: hold.backends.join(', ') })];
  return (hold?.faults ?? []).map((fault) => reason('hold_fault', { target, fault }));
}
