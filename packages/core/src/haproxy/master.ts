// A silent connection to HAProxy's master socket. It ends within milliseconds when a reload begins, before the new worker answers: the
// earliest signal there is. Nothing is ever sent on it. Its end is also seen when the new file is broken, so it only means "look now".
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../model/clock.ts';

const SOONEST_MS = 10;
const LATEST_MS = 1_000;

export class MasterWatch {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #socket: Socket | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #connected = false;
  #delayMs = SOONEST_MS;

  /** Connects at once and again after each end. `onEnd`: a connection that had stood has ended. */
  constructor(options: { readonly path: string; readonly clock: Clock; readonly onEnd: () => void }) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#onEnd = options.onEnd;
    this.#connect();
  }

  /** False: a reload would only be noticed by the poll. */
  get connected(): boolean {
    return this.#connected;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.#path);
    this.#socket = socket;
    socket.on('connect', () => {
      this.#connected = true;
      this.#delayMs = SOONEST_MS;
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.resume();
    socket.once('close', () => {
      const stood = this.#connected;
      this.#connected = false;
      if (this.#closed) return;
      this.#timer = this.#clock.after(this.#delayMs, () => this.#connect());
      this.#delayMs = Math.min(2 * this.#delayMs, LATEST_MS);
      if (stood) this.#onEnd();
    });
  }
}
