// Whether a HAProxy has let go of every server that the newest decision does not let in: what a Stolon proxy has to be sure of before it acknowledges.
// Pure: what the current worker holds is found out by let-go-ledger.ts, what old ones hold by old-worker.ts.
import type { TargetState } from './report.ts';

export type LetGo =
  /** Read back under the newest decision: nobody but the server that shall be ready takes connections or has a session, in any worker. */
  | { readonly kind: 'let_go' }
  /** No HAProxy process is there, so there are no sessions. */
  | { readonly kind: 'not_running' }
  /** It may still hold sessions, or nobody knows. `why`: for people, begins with the target's name. */
  | { readonly kind: 'holds'; readonly why: string };

/** A session that one of HAProxy's threads was about to give to a server when another one took it out shows up within this time. */
export const STRAGGLER_MS = 5;

export const remaining = (sessions: number): string =>
  sessions === 1 ? '1 session remains' : `${sessions} sessions remain`;

/** What the judgement rests on. `holds` says why not; undefined: nothing is held. */
export interface LetGoFacts {
  readonly target: string;
  readonly state: Exclude<TargetState, 'unknown'>;
  /** The worker that answers. */
  readonly current: { readonly holds: (backend: string) => string | undefined };
  /** Workers that were replaced, or that nobody listens in any more. */
  readonly old: {
    readonly holds: (backend: string) => string | undefined;
    readonly left: () => readonly { readonly pid: number; readonly stopping: boolean }[];
  };
}

const CANNOT_TELL = {
  hung: 'does not answer',
  no_permission: 'refuses to be told or read',
  broken: 'gives answers that can not be read',
} as const;

/**
 * A HAProxy that was told to stop softly (SIGUSR1) closes its socket and serves its sessions on, so a socket that nobody listens on is not enough:
 * every worker that was ever seen must be gone, or be seen to have let go. What a worker holds that was never seen can't be known: one of a
 * HAProxy that was stopped before we came, or that was replaced between two read-backs and started nobody `disabled`.
 */
export function letGoOf(backends: readonly string[], { target, state, current, old }: LetGoFacts): LetGo {
  const holds = (why: string): LetGo => ({ kind: 'holds', why: `HAProxy (${target})${why}` });
  if (state !== 'reachable' && state !== 'not_running') return holds(` ${CANNOT_TELL[state]}`);
  const left = old.left();
  if (state === 'not_running') {
    if (left.length === 0) return { kind: 'not_running' };
    const running = left.find(({ stopping }) => !stopping);
    if (running !== undefined) return holds(`: nobody listens on its socket, but process ${running.pid} still runs`);
  }
  for (const backend of backends) {
    const why = (state === 'reachable' ? current.holds(backend) : undefined) ?? old.holds(backend);
    if (why !== undefined) return holds(`: ${why}`);
  }
  return { kind: 'let_go' };
}
