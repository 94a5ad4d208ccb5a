// What is still to be told to the service manager, in order: of the status line and of the sign of life only the newest, of the steps of our life each one.
// One message at a time; when the way was lost, all that stands is told again. Pure: sends nothing and knows no clock.
//
//   starting ──ready──▶ ready ──reloading──▶ reloading ──ready──▶ ready ...  ──stopping──▶ stopping

/** `NAME=VALUE`, as sd_notify(3) lists them. */
export type Assignment = string;

type Step = 'ready' | 'reloading' | 'stopping';

const words: Readonly<Record<Step, Assignment>> = {
  ready: 'READY=1',
  reloading: 'RELOADING=1',
  stopping: 'STOPPING=1',
};

export class Outbox {
  #steps: readonly (readonly Assignment[])[] = [];
  #standing: readonly Assignment[] | undefined;
  #status: string | undefined;
  #statusTold = true;
  #alive = false;

  /** `more`: what belongs into the same message. */
  step(step: Step, more: readonly Assignment[] = []): void {
    this.#standing = [words[step], ...more];
    this.#steps = [...this.#steps, this.#standing];
  }

  /** The line that `systemctl status` shows. */
  status(line: string): void {
    if (line === this.#status) return;
    this.#status = line;
    this.#statusTold = false;
  }

  /** A sign of life for the watchdog. */
  alive(): void {
    this.#alive = true;
  }

  /** The next message; undefined: there is nothing to tell. */
  take(): readonly Assignment[] | undefined {
    const [step = [], ...later] = this.#steps;
    this.#steps = later;
    // The line is about the last of the steps.
    const untold = this.#statusTold || later.length > 0 ? undefined : this.#status;
    const status = untold === undefined ? [] : [`STATUS=${oneLine(untold)}`];
    if (untold !== undefined) this.#statusTold = true;
    const alive = this.#alive ? ['WATCHDOG=1'] : [];
    this.#alive = false;
    const message = [...step, ...status, ...alive];
    return message.length === 0 ? undefined : message;
  }

  /** Nobody knows what of it arrived: what stands now is told once more. A sign of life is not: it was for then. */
  lost(): void {
    this.#steps = this.#standing === undefined ? [] : [this.#standing];
    this.#statusTold = false;
    this.#alive = false;
  }
}

/** A message is lines, and ours go through a shell that parts them at tabs. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
