// A tail connection: one connection in `prompt` mode that was opened while its worker was young and stays with that worker for good. After a
// reload it is all that still reaches the worker's sessions. It keeps the worker alive, so whoever holds it has to let go in time.
//
//   connect -> `prompt` -> (`show info`: which worker is it?) -> one command at a time -> ... -> end (worker gone, or closed by us)
import { connect, type Socket } from 'node:net';
import { lines, type ServerName, SHOW_INFO, setState } from './commands.ts';
import { parseAnswer, parseSessions, type SessionFact, type WorkerFact } from './parse.ts';

const PROMPT = '\n> ';

export class Tail {
  readonly #socket: Socket;
  readonly #onEnd: () => void;
  #received = '';
  #ended = false;
  #waiting:
    | { readonly complete: (text: string) => boolean; readonly resolve: (text: string | undefined) => void }
    | undefined;
  #turn: Promise<unknown>;

  /** Connects at once. `onEnd` is called once, when the connection has ended for any reason. */
  constructor(path: string, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#socket = connect(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#took(text));
    this.#socket.on('error', () => this.close());
    this.#socket.on('end', () => this.close());
    this.#socket.on('close', () => this.close());
    this.#turn = this.#exchange('prompt', (text) => text.endsWith(PROMPT));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Which worker is at the other end. Undefined: the connection has ended. Waits as long as the worker hangs. */
  async worker(): Promise<WorkerFact | undefined> {
    const text = await this.#ask(SHOW_INFO, (answer) => answer.endsWith(PROMPT));
    return text === undefined ? undefined : parseAnswer(text.slice(0, -PROMPT.length)).worker;
  }

  /** All sessions of the worker. Undefined: the connection has ended. */
  async sessions(): Promise<readonly SessionFact[] | undefined> {
    const text = await this.#ask('show sess', (answer) => answer.endsWith(PROMPT));
    return text === undefined ? undefined : parseSessions(text);
  }

  /** Ends sessions. Their ids are addresses in HAProxy's memory: list and end back to back. */
  async shutdown(ids: readonly string[]): Promise<void> {
    await this.order(() => ids.map((id) => `shutdown session ${id}`));
  }

  /** Puts servers into maint, which only a worker that has not been told to stop yet obeys. */
  async fence(servers: readonly ServerName[]): Promise<void> {
    await this.order(() => servers.map((server) => setState(server, 'maint')));
  }

  /** Gives orders, made when they are sent: what went before may have taken its time. Resolves with the answers; undefined: the connection has ended. */
  async order(make: () => readonly string[]): Promise<string | undefined> {
    const asked = this.#turn.then(() => this.#sendNow(make()));
    this.#turn = asked;
    return asked;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
    this.#onEnd();
  }

  /** `show info` at the end of each line marks the end of the answer: versions differ in how many prompts a line with `;` prints. */
  async #sendNow(commands: readonly string[]): Promise<string | undefined> {
    const whole = (answer: string) => answer.includes('\nStopping: ') && answer.endsWith('\n\n> ');
    let text = '';
    for (const [, ...line] of lines(commands, [])) {
      if (line.length === 0) continue;
      const answer = await this.#exchange([...line, SHOW_INFO].join(';'), whole);
      if (answer === undefined) return undefined;
      text += answer;
    }
    return text;
  }

  #ask(line: string, complete: (text: string) => boolean): Promise<string | undefined> {
    const asked = this.#turn.then(() => this.#exchange(line, complete));
    this.#turn = asked;
    return asked;
  }

  #exchange(line: string, complete: (text: string) => boolean): Promise<string | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#received = '';
      this.#waiting = { complete, resolve };
      this.#socket.write(`${line}\n`);
    });
  }

  #took(text: string): void {
    this.#received += text;
    const waiting = this.#waiting;
    if (waiting === undefined || !waiting.complete(this.#received)) return;
    this.#waiting = undefined;
    waiting.resolve(this.#received);
  }
}
