// Which server lines HAProxy has asked about lately (GET /haproxy/<backend>/<server>), so that a line whose check asks somebody else can be told from one
// that closes with this router. Bounded: names come from whoever asks. Judges nothing.
import { isSafeName } from '../haproxy/commands.ts';
import { serverKey } from '../haproxy/parse.ts';
import type { Millis } from '../model/units.ts';

/** More than the lines of a thousand clusters behind two HAProxies. */
const MOST_LINES = 20_000;

export class CheckRegister {
  readonly #lastAsked = new Map<string, Millis>();
  readonly #most: number;

  constructor(most = MOST_LINES) {
    this.#most = most;
  }

  /** The line was asked about. Once the register is full, lines that are new are not noted. */
  note(backend: string, server: string, now: Millis): void {
    if (!isSafeName(backend) || !isSafeName(server)) return;
    const key = serverKey({ backend, server });
    if (this.#lastAsked.size < this.#most || this.#lastAsked.has(key)) this.#lastAsked.set(key, now);
  }

  /** When it was asked about last, by whatever HAProxy; undefined: never since the start. */
  lastAsked(backend: string, server: string): Millis | undefined {
    return this.#lastAsked.get(serverKey({ backend, server }));
  }

  get size(): number {
    return this.#lastAsked.size;
  }
}
