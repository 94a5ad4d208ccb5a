// One transaction with HAProxy's Runtime API: a fresh unix connection, one line, everything up to the end of the connection.
// That form is the same in every HAProxy from 2.2 on. It knows nothing of what the commands mean, and never keeps a connection.
import { connect } from 'node:net';
import type { Clock } from '../model/clock.ts';

/** The longest line that every HAProxy version carries out as a whole. */
export const MAX_LINE_BYTES = 8_192;
const MAX_ANSWER_BYTES = 32 * 1_024 * 1_024;

/** Why there is no answer. */
export interface RuntimeFailure {
  /**
   * `not_running`: no such socket, or nobody listens on it. `no_permission`: the socket may not be opened by us, or its level is below
   * admin. `hung`: no complete answer within the deadline. `protocol`: the connection ended in another way than by an answer.
   */
  readonly kind: 'not_running' | 'no_permission' | 'hung' | 'protocol';
  readonly error: string;
}

export type RuntimeAnswer = { readonly kind: 'answer'; readonly text: string } | RuntimeFailure;

export interface RuntimeSocketOptions {
  readonly path: string;
  readonly clock: Clock;
  /** From the connect to the end of the answer. Default 1000. */
  readonly deadlineMs?: number;
}

export class RuntimeSocket {
  readonly path: string;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(options: RuntimeSocketOptions) {
    this.path = options.path;
    this.#clock = options.clock;
    this.#deadlineMs = options.deadlineMs ?? 1_000;
  }

  /**
   * Sends the commands as one line and resolves with the whole answer. Never rejects for what HAProxy or the system does; throws on a
   * line that is too long or holds a line end, since only a mistake of ours can make one.
   *
   * A HAProxy that hangs may still carry out the line when it wakes up, even though we have gone by then.
   */
  transact(commands: readonly string[]): Promise<RuntimeAnswer> {
    const line = `${commands.join(';')}\n`;
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) throw new Error(`a command line of ${line.length} bytes is too long`);
    if (line.indexOf('\n') !== line.length - 1) throw new Error('a command may not hold a line end');
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const socket = connect(this.path);
      const settle = (answer: RuntimeAnswer) => {
        deadline.cancel();
        socket.destroy();
        resolve(answer);
      };
      const fail = (kind: RuntimeFailure['kind'], error: string) => settle({ kind, error: `${this.path}: ${error}` });
      const deadline = this.#clock.after(this.#deadlineMs, () =>
        fail('hung', `no complete answer within ${this.#deadlineMs} ms (${bytes} bytes came)`),
      );
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) fail('protocol', `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
      });
      socket.once('end', () => {
        if (bytes === 0) return fail('protocol', 'the connection ended without an answer');
        const text = Buffer.concat(chunks).toString('utf8');
        if (/^Permission denied$/m.test(text)) {
          return fail('no_permission', 'HAProxy said "Permission denied": the stats socket needs "level admin"');
        }
        settle({ kind: 'answer', text });
      });
      socket.once('error', (error: NodeJS.ErrnoException) => fail(failureKind(error.code), error.message));
      socket.once('close', () => fail('protocol', 'the connection was closed'));
      // Written before the connection stands: the system sends it with the connect.
      socket.write(line);
    });
  }
}

function failureKind(code: string | undefined): RuntimeFailure['kind'] {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
      return 'not_running';
    case 'EACCES':
    case 'EPERM':
      return 'no_permission';
    // The queue of connections that nobody accepts is full.
    case 'EAGAIN':
      return 'hung';
    default:
      return 'protocol';
  }
}
