// Starts the independent observer of HAProxy (sampler-process.ts) and keeps what it saw.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Summary, summary } from './figures.ts';

export interface SampledTarget {
  readonly name: string;
  readonly socket: string;
  readonly backends: readonly string[];
  /** From one question to the next, in milliseconds; fractions count when it is the only target. */
  readonly everyMs: number;
}

export interface BackendCounts {
  samples: number;
  /** Answers in which two or more servers were in rotation. */
  withTwo: number;
  withNone: number;
}

/** A backend's servers in rotation are others than in the answer before. Instants of `nowMs`. */
export interface Change {
  readonly target: string;
  readonly backend: string;
  readonly ready: readonly string[];
  /** When the last question was sent whose answer showed the old state: the change came later than this. */
  readonly before: number;
  readonly sentAt: number;
  /** When the answer had been read that shows the new state: the change came earlier than this. */
  readonly receivedAt: number;
}

export type SamplerMessage =
  | { readonly type: 'watching'; readonly target: string }
  | ({ readonly type: 'change' } & Change)
  | { readonly type: 'failed'; readonly target: string; readonly error: string }
  | {
      readonly type: 'report';
      readonly target: string;
      readonly backends: Readonly<Record<string, BackendCounts>>;
      readonly periodsMs: readonly number[];
    };

export interface SamplerReport {
  readonly target: string;
  readonly backends: Readonly<Record<string, BackendCounts>>;
  /** From one question to the next, as it really was. */
  readonly period: Summary;
}

export interface Sampler {
  readonly changes: (target: string, backend: string) => readonly Change[];
  /** The servers in rotation by the last answer; undefined before the first. */
  readonly ready: (target: string, backend: string) => readonly string[] | undefined;
  /** The first change seen, from `since` on, to a state that `matches`; also one that was seen already. Fails after `patienceMs`. */
  readonly until: (
    target: string,
    backend: string,
    since: number,
    matches: (ready: readonly string[]) => boolean,
    patienceMs?: number,
  ) => Promise<Change>;
  readonly report: () => Promise<readonly SamplerReport[]>;
  readonly stop: () => void;
}

/** Starts it and waits until it has asked each target once. */
export async function startSampler(targets: readonly SampledTarget[]): Promise<Sampler> {
  const child: ChildProcess = fork(
    fileURLToPath(new URL('./sampler-process.ts', import.meta.url)),
    [JSON.stringify(targets)],
    { execArgv: ['--import', 'tsx'] },
  );
  const seen = new Map<string, Change[]>();
  const keyOf = (target: string, backend: string) => `${target} ${backend}`;
  const listeners = new Set<() => void>();
  let failure: string | undefined;
  const reports = new Map<string, SamplerReport>();
  child.on('message', (message: SamplerMessage) => {
    if (message.type === 'change') {
      const key = keyOf(message.target, message.backend);
      const list = seen.get(key) ?? [];
      list.push(message);
      seen.set(key, list);
    }
    if (message.type === 'failed') failure = `${message.target}: ${message.error}`;
    if (message.type === 'report') {
      const { target, backends, periodsMs } = message;
      reports.set(target, { target, backends, period: summary(periodsMs) });
    }
    for (const look of listeners) look();
  });
  child.on('exit', () => {
    failure ??= 'the observer has ended';
    for (const look of listeners) look();
  });

  const wait = <T>(what: string, check: () => T | undefined, patienceMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      const look = (): void => {
        const value = check();
        if (value === undefined && failure === undefined) return;
        finish();
        if (value === undefined) reject(new Error(`observer of HAProxy: ${failure}`));
        else resolve(value);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`the observer of HAProxy did not see ${what} within ${patienceMs} ms`));
      }, patienceMs);
      listeners.add(look);
      look();
    });

  const changes: Sampler['changes'] = (target, backend) => seen.get(keyOf(target, backend)) ?? [];
  const all = targets.flatMap(({ name, backends }) => backends.map((backend) => [name, backend] as const));
  await wait(
    'every backend',
    () => (all.every(([target, backend]) => changes(target, backend).length > 0) ? true : undefined),
    10_000,
  );
  return {
    changes,
    ready: (target, backend) => changes(target, backend).at(-1)?.ready,
    until: (target, backend, since, matches, patienceMs = 5_000) =>
      wait(`${backend} change as awaited`, () => firstSince(changes(target, backend), since, matches), patienceMs),
    report: () => {
      reports.clear();
      child.send('report');
      return wait(
        'its own report',
        () => (reports.size === targets.length ? [...reports.values()] : undefined),
        10_000,
      );
    },
    stop: () => child.kill(),
  };
}

/** The first matching change from `since` on, looked for from the end: the list is long, and what is awaited is new. */
function firstSince(
  changes: readonly Change[],
  since: number,
  matches: (ready: readonly string[]) => boolean,
): Change | undefined {
  let found: Change | undefined;
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const change = changes[index];
    if (change === undefined || change.receivedAt < since) break;
    if (matches(change.ready)) found = change;
  }
  return found;
}
