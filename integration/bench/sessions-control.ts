// Starts the process with the servers and clients of the reaction benchmark (sessions-process.ts) and speaks with it.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RecordedMember } from '../lab/records.ts';

export type ToSessions =
  | { readonly type: 'hold'; readonly count: number }
  | { readonly type: 'connect'; readonly on: boolean };

/** One connection of the client that connects again and again. Instants of `nowMs`. */
export interface Answer {
  /** Null: HAProxy closed the connection before any server had said its name. */
  readonly server: string | null;
  readonly beganAt: number;
  readonly answeredAt: number;
}

export type FromSessions =
  | { readonly type: 'ready' }
  | { readonly type: 'opened'; readonly by: Readonly<Record<string, number>> }
  /** All held sessions have ended, the last of them at `lastAt`. */
  | { readonly type: 'ended'; readonly lastAt: number }
  | ({ readonly type: 'answer' } & Answer);

export interface Sessions {
  /** Opens sessions and holds them. Gives how many each server serves, and when the last one ended (a promise, since that is later). */
  readonly hold: (
    count: number,
  ) => Promise<{ readonly by: Readonly<Record<string, number>>; readonly ended: Promise<number> }>;
  /** Connects again and again until `stop` is called, which gives all answers. */
  readonly connect: () => { readonly stop: () => Promise<readonly Answer[]> };
  readonly stop: () => void;
}

export async function startSessions(writePort: number, servers: readonly RecordedMember[]): Promise<Sessions> {
  const child = fork(
    fileURLToPath(new URL('./sessions-process.ts', import.meta.url)),
    [String(writePort), ...servers.map(({ name, port }) => `${name}=${port}`)],
    { execArgv: ['--import', 'tsx'] },
  );
  const next = <T extends FromSessions['type']>(type: T): Promise<Extract<FromSessions, { readonly type: T }>> =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        child.off('message', look);
        child.off('exit', gone);
      };
      const isAwaited = (message: FromSessions): message is Extract<FromSessions, { readonly type: T }> =>
        message.type === type;
      const look = (message: FromSessions): void => {
        if (!isAwaited(message)) return;
        done();
        resolve(message);
      };
      const gone = (): void => {
        done();
        reject(new Error('the process with the client sessions has ended'));
      };
      child.on('message', look);
      child.on('exit', gone);
    });
  await next('ready');
  const send = (message: ToSessions): void => {
    child.send(message);
  };
  return {
    hold: async (count) => {
      const opened = next('opened');
      const ended = next('ended').then(({ lastAt }) => lastAt);
      send({ type: 'hold', count });
      return { by: (await opened).by, ended };
    },
    connect: () => {
      const answers: Answer[] = [];
      const look = (message: FromSessions): void => {
        if (message.type !== 'answer') return;
        const { server, beganAt, answeredAt } = message;
        answers.push({ server, beganAt, answeredAt });
      };
      child.on('message', look);
      send({ type: 'connect', on: true });
      return {
        stop: async () => {
          send({ type: 'connect', on: false });
          await new Promise((resolve) => setTimeout(resolve, 100));
          child.off('message', look);
          return answers;
        },
      };
    },
    stop: () => child.kill(),
  };
}
