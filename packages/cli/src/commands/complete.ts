// pgroutectl complete, which no help shows: names that a running router knows, one a line, for completions of shells. Says nothing where it can't
// be reached: whoever presses TAB asked no question.
import { getStatus } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import type { Io } from '../io.ts';

export const completable = ['clusters', 'members', 'overrides', 'services'] as const;
export type Completable = (typeof completable)[number];

export interface CompleteOptions {
  /** Throws Failure where the address is none. */
  readonly routerOf: () => RouterAddress;
  readonly names: Completable;
  /** Only of this cluster. */
  readonly cluster: string | undefined;
}

/** Nobody waits longer for a TAB. */
const patienceMs = 1_000;

export async function complete(io: Io, { routerOf, names, cluster }: CompleteOptions): Promise<ExitCode> {
  try {
    const router = routerOf();
    const status = await getStatus({ ...router, timeoutMs: Math.min(router.timeoutMs, patienceMs) });
    const clusters = status.clusters.filter(({ name }) => cluster === undefined || name === cluster);
    const overrides = (status.overrides ?? []).filter((one) => cluster === undefined || one.cluster === cluster);
    const known: Readonly<Record<Completable, readonly string[]>> = {
      clusters: status.clusters.map(({ name }) => name),
      members: clusters.flatMap(({ members }) => members.map(({ name }) => name)),
      services: clusters.flatMap(({ services }) => services.map(({ name }) => name)),
      overrides: overrides.map(({ id }) => id),
    };
    const typed = [...new Set(known[names])].filter(canBeTyped).sort();
    io.out(typed.map((name) => `${name}\n`).join(''));
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Failure) return exitCodes.failed;
    throw error;
  }
}

/** Names come from etcd, and a shell puts them into a command line: nothing that it could take for more than a name, or the program for an option. */
const canBeTyped = (name: string): boolean => /^[\w.:@][\w.:@-]*$/.test(name);
