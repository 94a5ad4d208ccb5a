// The journal on disk: one JSON object per line, appended, rotated by size (file, file.1 the newest old one, ... file.N).
// Never blocks and never throws into the daemon: a full disk or a missing folder costs lines, which are counted, and one warning.
//
//   idle ──write──▶ flushing ──all written──▶ idle
//                     │ error                      the queue is bounded: what comes when it is full is dropped
//                     ▼
//                   waiting ──retryMs──▶ flushing
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Clock, Timer } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';

export interface JournalFileOptions {
  readonly file: string;
  /** A file that would grow beyond this is rotated first; a single longer line gets a file of its own. */
  readonly maxBytes: number;
  /** How many old files are kept; 0: none, the file starts anew. */
  readonly keep: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What may wait in memory to be written. Default: 4 MiB. */
  readonly queueBytes?: number;
  /** Pause after a failure. Default: 5 s. */
  readonly retryMs?: number;
  /** How long `close` waits for the disk. Default: 2 s. */
  readonly closePatienceMs?: number;
}

/** Opened anew for each batch, so that it doesn't matter when another program moves the file away. Not blocking: a named pipe must not hang us. */
const openFlags = constants.O_APPEND | constants.O_CREAT | constants.O_RDWR | constants.O_NONBLOCK;

export class JournalFile {
  readonly #options: JournalFileOptions;
  readonly #queueBytes: number;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #dropped = 0;
  #droppedInOutage = 0;
  #failing = false;
  #flushing: Promise<void> | undefined;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: JournalFileOptions) {
    this.#options = options;
    this.#queueBytes = options.queueBytes ?? 4 * 1024 ** 2;
  }

  /** Lines that were lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the line, or drops and counts it; returns at once. */
  write(line: object): void {
    const bytes = asLine(line);
    if (this.#closed || bytes === undefined || this.#queuedBytes + bytes.length > this.#queueBytes) {
      this.#drop(1);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#failing) this.#start();
  }

  /** Writes what waits, once more and not for ever; settles in any case. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.cancel();
    const { clock, closePatienceMs = 2_000 } = this.#options;
    let patience: Timer | undefined;
    const outOfPatience = new Promise<void>((resolve) => {
      patience = clock.after(closePatienceMs, resolve);
    });
    await Promise.race([outOfPatience, this.#finish()]);
    patience?.cancel();
    const left = this.#queue.length;
    if (left === 0) return;
    this.#queue = [];
    this.#drop(left);
    this.#options.log.warn(
      { file: this.#options.file, lines: left },
      'journal: lines could not be written before the end',
    );
  }

  async #finish(): Promise<void> {
    await this.#flushing;
    await this.#flush();
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#droppedInOutage += lines;
  }

  #start(): void {
    if (this.#flushing !== undefined) return;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      // A line may have come between the last look at the queue and now.
      if (this.#queue.length > 0 && !this.#failing && !this.#closed) this.#start();
    });
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeSome();
      this.#recovered();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** One file's worth: what fits before the next rotation. */
  async #writeSome(): Promise<void> {
    const { file, maxBytes } = this.#options;
    const handle = await open(file, openFlags, 0o600);
    try {
      const stat = await handle.stat();
      const isRegular = stat.isFile();
      if (!isRegular && !stat.isCharacterDevice()) throw new Error(`${file} is neither a file nor a device`);
      const start = isRegular && (await endsTorn(handle, stat.size)) ? newline : empty;
      const room = isRegular && stat.size > 0 ? maxBytes - stat.size - start.length : maxBytes;
      const lines = this.#fitting(room, stat.size === 0 || !isRegular);
      if (lines.length === 0) {
        await this.#rotate();
        return;
      }
      const bytes = Buffer.concat([start, ...lines]);
      try {
        await handle.writeFile(bytes);
      } catch (error) {
        // Half a line must not stay: it would make a reader stumble over the next one, too.
        if (isRegular) await handle.truncate(stat.size);
        throw error;
      }
      this.#queue.splice(0, lines.length);
      this.#queuedBytes -= bytes.length - start.length;
    } finally {
      await handle.close();
    }
  }

  /** The first lines of the queue that have room; at least one if `anyway`. */
  #fitting(room: number, anyway: boolean): readonly Buffer[] {
    let total = 0;
    let count = 0;
    for (const line of this.#queue) {
      total += line.length;
      if (total > room && !(anyway && count === 0)) break;
      count += 1;
    }
    return this.#queue.slice(0, count);
  }

  async #rotate(): Promise<void> {
    const { file, keep } = this.#options;
    if (keep === 0) {
      await rm(file, { force: true });
      return;
    }
    for (let number = keep; number > 1; number -= 1) await renameIfThere(`${file}.${number - 1}`, `${file}.${number}`);
    await renameIfThere(file, `${file}.1`);
  }

  #failed(error: unknown): void {
    const { file, log, clock, retryMs = 5_000 } = this.#options;
    if (!this.#failing) {
      log.warn({ file, err: error }, 'journal: the file cannot be written; lines wait in memory, then are dropped');
    }
    this.#failing = true;
    if (this.#closed) return;
    this.#retry = clock.after(retryMs, () => this.#start());
  }

  #recovered(): void {
    if (!this.#failing) return;
    this.#options.log.info(
      { file: this.#options.file, lines: this.#droppedInOutage },
      'journal: writing again; so many lines were dropped',
    );
    this.#failing = false;
    this.#droppedInOutage = 0;
  }
}

const empty = Buffer.alloc(0);
const newline = Buffer.from('\n');

/** JSON in one line; undefined for what can't be written as JSON. 64-bit numbers become strings. */
function asLine(line: object): Buffer | undefined {
  try {
    return Buffer.from(
      `${JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}\n`,
    );
  } catch {
    return undefined;
  }
}

/** True when the file ends within a line: a crash or a power cut came between. */
async function endsTorn(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
