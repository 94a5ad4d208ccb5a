// Protobuf's wire format as small steps over protobufjs's reader and writer: fields that are known are read by type,
// fields that are not are skipped, and anything unsound is an EtcdError `garbled`.
import protobuf from 'protobufjs/minimal.js';
import { EtcdError, messageOf } from './errors.ts';

/** The tag of a field with a varint (int64, uint64, bool, enum). */
export const varint = (field: number): number => field << 3;
/** The tag of a field with a length (bytes, string, message). */
export const delimited = (field: number): number => (field << 3) | 2;

export type Reader = protobuf.Reader;

/**
 * Reads one message: `onField` takes each field by its tag, reads its content and returns true, or returns false and leaves it.
 * A known field with another wire type has another tag, so it is skipped like an unknown one.
 */
export function readMessage(bytes: Uint8Array, onField: (tag: number, reader: Reader) => boolean): void {
  try {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (!onField(tag, reader)) reader.skipType(tag & 7, 0, tag >>> 3);
    }
  } catch (error) {
    if (error instanceof EtcdError) throw error;
    throw new EtcdError('garbled', `a message that is no protobuf (${messageOf(error)})`, error);
  }
}

/** An int64 or uint64 as etcd uses them for revisions, ids and terms, all 64 bits of it; never negative. */
export function readUint64(reader: Reader): bigint {
  const { high, low } = reader.uint64();
  return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Text as etcd has it. Bytes that are no UTF-8 stay distinct from one another, though not readable. */
export function readText(reader: Reader): string {
  const bytes = reader.bytes();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return text.includes('\ufffd') ? `\ufffd${Buffer.from(bytes).toString('hex')}` : text;
}

/** Writes one message, leaving out what is empty or zero, as protobuf 3 does. */
export class MessageWriter {
  readonly #writer = protobuf.Writer.create();

  text(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    if (bytes.length > 0) this.#writer.uint32(delimited(field)).bytes(bytes);
    return this;
  }

  number(field: number, value: bigint | number | boolean): this {
    const whole = BigInt(value);
    if (whole !== 0n) this.#writer.uint32(varint(field)).uint64(whole.toString());
    return this;
  }

  /** Written even when it is empty: in a `oneof`, to be there is what counts. */
  message(field: number, content: Uint8Array): this {
    this.#writer.uint32(delimited(field)).bytes(content);
    return this;
  }

  done(): Uint8Array {
    return this.#writer.finish();
  }
}
