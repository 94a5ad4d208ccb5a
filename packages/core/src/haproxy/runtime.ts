// One transaction with HAProxy's Runtime API: a unix connection of its own, one line, everything up to the end of the connection.
// That form is the same in every HAProxy from 2.2 on. It knows nothing of what the commands mean, and never keeps a connection.
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../model/clock.ts';
import { longAgo, type Millis } from '../model/units.ts';

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
  /** From the connect to the end of the answer; once more as long when it has begun by then. Default 1000. */
  readonly deadlineMs?: number;
  /** Connections held ready. Default 2: as many as one switch takes, a fence and an opening. */
  readonly spares?: number;
}

const SPARES = 2;
/** Spares are replaced when the line is likely to be quiet again. */
const REPLACE_AFTER_MS = 3;

/**
 * Connections are opened before they are needed: that halves the time of a transaction. Each serves one line. With one transaction every
 * 250 ms a spare is at most half a second old, so it never meets `stats timeout` and keeps no old worker alive; whether it is an old worker's,
 * the answer itself tells.
 */
export class RuntimeSocket {
  readonly path: string;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #most: number;
  #spares: Connection[] = [];
  #inUse = 0;
  #askedAt = longAgo;
  #replacing: Timer | undefined;
  #closed = false;

  constructor(options: RuntimeSocketOptions) {
    this.path = options.path;
    this.#clock = options.clock;
    this.#deadlineMs = options.deadlineMs ?? 1_000;
    this.#most = options.spares ?? SPARES;
  }

  /** When a line was sent last; each is answered, or given up, within the deadline. */
  get askedAt(): Millis {
    return this.#askedAt;
  }

  /**
   * Sends the commands as one line and resolves with the whole answer. Never rejects for what HAProxy or the system does; throws on a
   * line that is too long or holds a line end, since only a mistake of ours can make one.
   *
   * A line may be carried out twice, and by a HAProxy that hangs even after we have gone, once it wakes up: use only commands that bear it.
   */
  async transact(commands: readonly string[]): Promise<RuntimeAnswer> {
    const line = `${commands.join(';')}\n`;
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) throw new Error(`a command line of ${line.length} bytes is too long`);
    if (line.indexOf('\n') !== line.length - 1) throw new Error('a command may not hold a line end');
    this.#spares = this.#spares.filter((spare) => !spare.ended);
    const spare = this.#spares.shift();
    if (spare !== undefined) {
      const answer = await this.#exchange(spare, line);
      // It may have died with its worker in the meantime: that says nothing about the HAProxy that is there now.
      if (answer.kind !== 'protocol') return answer;
    }
    return this.#exchange(new Connection(this.path), line);
  }

  /** Forgets connections that may lead to a worker of before. */
  dropSpares(): void {
    for (const spare of this.#spares) spare.destroy();
    this.#spares = [];
    this.#replacing?.cancel();
    this.#replacing = undefined;
  }

  close(): void {
    this.#closed = true;
    this.dropSpares();
  }

  async #exchange(connection: Connection, line: string): Promise<RuntimeAnswer> {
    this.#inUse += 1;
    this.#askedAt = this.#clock.now();
    const answer = await connection.exchange(line, this.#clock, this.#deadlineMs);
    this.#inUse -= 1;
    if (answer.kind === 'answer') {
      this.#replaceSoon();
      return answer;
    }
    this.dropSpares();
    return { ...answer, error: `${this.path}: ${answer.error}` };
  }

  #replaceSoon(): void {
    if (this.#closed || this.#replacing !== undefined || this.#most === 0) return;
    this.#replacing = this.#clock.after(REPLACE_AFTER_MS, () => {
      this.#replacing = undefined;
      while (this.#spares.length + this.#inUse < this.#most) this.#spares.push(new Connection(this.path));
    });
  }
}

/** One connection for one line. */
class Connection {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #answer: RuntimeAnswer | undefined;
  #settle: ((answer: RuntimeAnswer) => void) | undefined;

  constructor(path: string) {
    const socket = connect(path);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > MAX_ANSWER_BYTES) this.#end({ kind: 'protocol', error: 'the answer is too long' });
    });
    socket.once('end', () => this.#end(this.#whole()));
    socket.once('error', (error: NodeJS.ErrnoException) => this.#end(failureOf(error)));
    socket.once('close', () => this.#end({ kind: 'protocol', error: 'the connection was closed' }));
  }

  get ended(): boolean {
    return this.#answer !== undefined;
  }

  /** Written before the connection stands, if need be: it is sent with the connect. */
  exchange(line: string, clock: Clock, deadlineMs: number): Promise<RuntimeAnswer> {
    return new Promise((resolve) => {
      const hung = (ms: number): void =>
        this.#end({ kind: 'hung', error: `no complete answer within ${ms} ms (${this.#bytes} bytes came)` });
      let deadline = clock.after(deadlineMs, () => {
        // The lines of thousands of servers are megabytes, which on a busy machine may take longer: whoever answers does not hang.
        if (this.#bytes === 0) hung(deadlineMs);
        else deadline = clock.after(deadlineMs, () => hung(2 * deadlineMs));
      });
      this.#settle = (answer) => {
        deadline.cancel();
        resolve(answer);
      };
      if (this.#answer === undefined) this.#socket.write(line);
      else this.#settle(this.#answer);
    });
  }

  destroy(): void {
    this.#end({ kind: 'protocol', error: 'the connection was given up' });
  }

  #whole(): RuntimeAnswer {
    if (this.#bytes === 0) return { kind: 'protocol', error: 'the connection ended without an answer' };
    const text = Buffer.concat(this.#chunks).toString('utf8');
    if (/^Permission denied$/m.test(text)) {
      return { kind: 'no_permission', error: 'HAProxy said "Permission denied": the stats socket needs "level admin"' };
    }
    return { kind: 'answer', text };
  }

  #end(answer: RuntimeAnswer): void {
    if (this.#answer !== undefined) return;
    this.#answer = answer;
    this.#socket.destroy();
    this.#settle?.(answer);
  }
}

function failureOf(error: NodeJS.ErrnoException): RuntimeFailure {
  return { kind: failureKind(error.code), error: error.message };
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
