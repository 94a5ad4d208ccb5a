// The way to systemd's socket in the executable: a datagram for each message, sent at once. Knows nothing of what is told.
import type { SendDatagram } from './datagram.ts';
import { FAILING, GOOD_AGAIN, type Way, type WayOptions } from './way.ts';

/** systemd's queue is full, or its socket is away for a moment. */
const AGAIN_MS = 1_000;

export class DirectWay implements Way {
  readonly #o: WayOptions;
  readonly #send: SendDatagram;
  #failing = false;

  constructor(options: WayOptions, send: SendDatagram) {
    this.#o = options;
    this.#send = send;
  }

  wake(): void {
    if (!this.#failing) this.#tell();
  }

  flush(): void {
    this.wake();
  }

  #tell(): void {
    const { outbox, clock, log, socket } = this.#o;
    for (let message = outbox.take(); message !== undefined; message = outbox.take()) {
      if (this.#send(message.join('\n'))) {
        if (this.#failing) log.info({}, GOOD_AGAIN);
        this.#failing = false;
        continue;
      }
      if (!this.#failing) log.warn({ socket }, FAILING);
      this.#failing = true;
      outbox.lost();
      clock.after(AGAIN_MS, () => this.#tell());
      return;
    }
  }
}
