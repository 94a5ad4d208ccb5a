// Starts the independent observer of the handshake section (handshake-observer-process.ts) and keeps what it saw.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Summary, summary } from './figures.ts';

export interface ObserverOptions {
  readonly etcd: readonly string[];
  /** `name` is what messages call it; `prefix` has a slash at its end. */
  readonly clusters: readonly { readonly name: string; readonly prefix: string }[];
  /** The HAProxy that serves `cluster`, asked `everyMs` or as fast as it answers. */
  readonly haproxy?:
    | { readonly cluster: string; readonly socket: string; readonly backend: string; readonly everyMs: number }
    | undefined;
}

/** What HAProxy says of a backend's servers. */
export interface Held {
  readonly ready: readonly string[];
  /** Of all of them together. */
  readonly sessions: number;
}

/** Instants of `nowMs`. */
export interface Acknowledged {
  readonly cluster: string;
  readonly uid: string;
  readonly generation: number;
  /** When the event was read from etcd: the put was committed before. */
  readonly at: number;
}

/** HAProxy, by the first question that was sent after an acknowledgement had been read. */
export interface Looked {
  readonly cluster: string;
  readonly generation: number;
  readonly sessions: number;
  /** Since when every answer has shown no session; null: the last one showed some. */
  readonly emptySince: number | null;
}

/** Who is in rotation, or whether there are sessions, is another than in the answer before. */
export interface HeldChange extends Held {
  readonly sentAt: number;
  readonly receivedAt: number;
}

export type FromObserver =
  | { readonly type: 'watching' }
  | ({ readonly type: 'acknowledged' } & Acknowledged)
  | ({ readonly type: 'looked' } & Looked)
  | ({ readonly type: 'held' } & HeldChange)
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'report'; readonly periodsMs: readonly number[] };

export interface HandshakeObserver {
  /** The first record of the cluster's proxy with that generation, from `since` on. Fails after `patienceMs`. */
  readonly acknowledged: (
    cluster: string,
    generation: number,
    since: number,
    patienceMs?: number,
  ) => Promise<Acknowledged>;
  readonly looked: (cluster: string, generation: number, patienceMs?: number) => Promise<Looked>;
  /** The first answer of HAProxy, from `since` on, with that server and no other in rotation. */
  readonly opened: (server: string, since: number, patienceMs?: number) => Promise<HeldChange>;
  /** From one question to HAProxy to the next. */
  readonly period: () => Promise<Summary>;
  readonly stop: () => void;
}

/** Starts it and waits until it watches. */
export async function startHandshakeObserver(options: ObserverOptions): Promise<HandshakeObserver> {
  const program = fileURLToPath(new URL('./handshake-observer-process.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
  const acknowledged: Acknowledged[] = [];
  const looked: Looked[] = [];
  const held: HeldChange[] = [];
  let watching: true | undefined;
  let periods: readonly number[] | undefined;
  let failure: string | undefined;
  const listeners = new Set<() => void>();
  const look = (): void => {
    for (const listener of listeners) listener();
  };
  child.on('message', (message: FromObserver) => {
    if (message.type === 'watching') watching = true;
    if (message.type === 'acknowledged') acknowledged.push(message);
    if (message.type === 'looked') looked.push(message);
    if (message.type === 'held') held.push(message);
    if (message.type === 'failed') failure = message.error;
    if (message.type === 'report') periods = message.periodsMs;
    look();
  });
  child.on('exit', () => {
    failure ??= 'it has ended';
    look();
  });

  const wait = <T>(what: string, find: () => T | undefined, patienceMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        listeners.delete(listener);
      };
      const listener = (): void => {
        const found = find();
        if (found === undefined && failure === undefined) return;
        finish();
        if (found === undefined) reject(new Error(`observer of the handshake: ${failure}`));
        else resolve(found);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`the observer of the handshake did not see ${what} within ${patienceMs} ms`));
      }, patienceMs);
      listeners.add(listener);
      listener();
    });

  await wait('etcd', () => watching, 10_000);
  return {
    acknowledged: (cluster, generation, since, patienceMs = 10_000) =>
      wait(
        `generation ${generation} of ${cluster} acknowledged`,
        () => acknowledged.find((one) => one.cluster === cluster && one.generation === generation && one.at >= since),
        patienceMs,
      ),
    looked: (cluster, generation, patienceMs = 10_000) =>
      wait(
        `HAProxy after generation ${generation}`,
        () => looked.findLast((one) => one.cluster === cluster && one.generation === generation),
        patienceMs,
      ),
    opened: (server, since, patienceMs = 10_000) =>
      wait(
        `${server} in rotation`,
        () => held.find(({ ready, receivedAt }) => receivedAt >= since && ready.length === 1 && ready[0] === server),
        patienceMs,
      ),
    period: () => {
      periods = undefined;
      child.send('report');
      return wait('its own report', () => periods, 10_000).then(summary);
    },
    stop: () => child.kill(),
  };
}
