// gRPC's part on top of HTTP/2: message frames and the status in the trailers. Bytes in, bytes out; no sockets.
import { EtcdError, errorOfStatus } from './errors.ts';

/** No answer of etcd that we ask for comes near; what claims to be longer is no etcd. Bounds the memory that a peer can make us use. */
export const maxMessageBytes = 64 << 20;

/** One message as it goes on the wire: not compressed, length, content. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** Cuts a stream of chunks, however they are split, into messages. Holds no more than what has really arrived. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  readonly #limit: number;

  constructor(limit = maxMessageBytes) {
    this.#limit = limit;
  }

  /** The messages that this chunk completes. Throws EtcdError `garbled` or `too_large`; the stream is of no use after that. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: Buffer[] = [];
    for (;;) {
      const head = this.#peek(5);
      if (head === undefined) return messages;
      if (head[0] !== 0)
        throw new EtcdError('garbled', `a gRPC message with the flags ${head[0]}: compression was not asked for`);
      const length = head.readUInt32BE(1);
      if (length > this.#limit)
        throw new EtcdError('too_large', `a message of ${length} bytes (at most ${this.#limit} are taken)`);
      const whole = this.#peek(5 + length);
      if (whole === undefined) return messages;
      messages.push(whole.subarray(5, 5 + length));
      this.#drop(whole, 5 + length);
    }
  }

  /** True between two messages. */
  get empty(): boolean {
    return this.#held === 0;
  }

  /** The held bytes in one piece if there are at least `count`. Joins only when it has to, so each byte is copied at most twice. */
  #peek(count: number): Buffer | undefined {
    if (this.#held < count) return undefined;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= count) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #drop(first: Buffer, count: number): void {
    this.#held -= count;
    this.#chunks.shift();
    if (first.length > count) this.#chunks.unshift(first.subarray(count));
  }
}

/** Headers as node:http2 gives them. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads the end of a call: `undefined` all was well, an error otherwise. Throws EtcdError `garbled` for a status that is none. */
export function statusError(trailers: HeaderFields): EtcdError | undefined {
  const status = String(trailers['grpc-status'] ?? '');
  if (status === '0') return undefined;
  if (!/^[0-9]{1,5}$/.test(status)) return new EtcdError('garbled', 'the answer ended without a gRPC status');
  return errorOfStatus(Number(status), percentDecoded(String(trailers['grpc-message'] ?? '')));
}

/** The error that an answer's first headers are, if they can't begin a gRPC answer. */
export function headerError(status: number | undefined, headers: HeaderFields): EtcdError | undefined {
  const contentType = String(headers['content-type'] ?? 'none');
  if (status === 200 && contentType.startsWith('application/grpc')) return undefined;
  const what = `HTTP status ${status ?? 'none'}, content type ${contentType.slice(0, 60)}`;
  return new EtcdError('not_etcd', `it does not answer as gRPC (${what}): is this an etcd v3 client URL?`);
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 500);
  } catch {
    return text.slice(0, 500);
  }
}
