// The calls of etcd's v3 API that read, watch and log in, with the few fields of them that we use. Field numbers are those of etcd's rpc.proto,
// which is the same for every etcd 3.x.
import { type Revision, revision } from '../model/units.ts';
import { delimited, MessageWriter, readMessage, readText, readUint64, varint } from './wire.ts';

/** A call: where it goes and how its messages are written and read. `decode` throws EtcdError `garbled`. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly encode: (request: Request) => Uint8Array;
  readonly decode: (message: Buffer) => Response;
}

/** What every answer begins with. Ids are decimal strings of 64 bits. */
export interface ResponseHeader {
  readonly clusterId: string;
  readonly memberId: string;
  readonly revision: Revision;
  readonly raftTerm: bigint;
}

export interface KeyValue {
  readonly key: string;
  /** Empty in an answer to `keysOnly`. */
  readonly value: string;
  readonly modRevision: Revision;
  readonly createRevision: Revision;
  /** Decimal; `0`: none. */
  readonly lease: string;
}

/** Keys from `key` up to but not including `rangeEnd`; without it the one key. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array | undefined;
}

export interface RangeRequest extends KeyRange {
  readonly keysOnly?: boolean;
  readonly limit?: number;
  /** Answered from the member's own memory: says that the member is alive, and nothing about freshness. */
  readonly serializable?: boolean;
  /** Only keys that were changed at this revision or later; `count` is that of the whole range all the same. */
  readonly minModRevision?: Revision;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  /** How many keys the whole range has, whatever of it was asked for. */
  readonly count: number;
}

export interface WatchRequest extends KeyRange {
  readonly startRevision: Revision;
}

export type WatchEvent =
  | { readonly type: 'put'; readonly kv: KeyValue }
  | { readonly type: 'delete'; readonly key: string; readonly modRevision: Revision };

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: everything below this revision is gone, the watch must start later. */
  readonly compactRevision: Revision;
  readonly cancelReason: string;
  readonly events: readonly WatchEvent[];
}

export const noHeader: ResponseHeader = { clusterId: '0', memberId: '0', revision: revision(0), raftTerm: 0n };

export function readHeader(bytes: Uint8Array): ResponseHeader {
  let clusterId = 0n;
  let memberId = 0n;
  let rev = 0n;
  let raftTerm = 0n;
  readMessage(bytes, (tag, reader) => {
    if (tag === varint(1)) clusterId = readUint64(reader);
    else if (tag === varint(2)) memberId = readUint64(reader);
    else if (tag === varint(3)) rev = readUint64(reader);
    else if (tag === varint(4)) raftTerm = readUint64(reader);
    else return false;
    return true;
  });
  return { clusterId: String(clusterId), memberId: String(memberId), revision: revision(rev), raftTerm };
}

function readKeyValue(bytes: Uint8Array): KeyValue {
  let key = '';
  let value = '';
  let created = 0n;
  let modified = 0n;
  let lease = 0n;
  readMessage(bytes, (tag, reader) => {
    if (tag === delimited(1)) key = readText(reader);
    else if (tag === varint(2)) created = readUint64(reader);
    else if (tag === varint(3)) modified = readUint64(reader);
    else if (tag === delimited(5)) value = reader.string();
    else if (tag === varint(6)) lease = readUint64(reader);
    else return false;
    return true;
  });
  return { key, value, modRevision: revision(modified), createRevision: revision(created), lease: String(lease) };
}

function readEvent(bytes: Uint8Array): WatchEvent {
  let deleted = false;
  let kv: KeyValue | undefined;
  readMessage(bytes, (tag, reader) => {
    if (tag === varint(1)) deleted = reader.uint32() === 1;
    else if (tag === delimited(2)) kv = readKeyValue(reader.bytes());
    else return false;
    return true;
  });
  const found = kv ?? readKeyValue(new Uint8Array());
  return deleted ? { type: 'delete', key: found.key, modRevision: found.modRevision } : { type: 'put', kv: found };
}

export function readRange(bytes: Uint8Array): RangeResponse {
  let header = noHeader;
  const kvs: KeyValue[] = [];
  let count = 0n;
  readMessage(bytes, (tag, reader) => {
    if (tag === delimited(1)) header = readHeader(reader.bytes());
    else if (tag === delimited(2)) kvs.push(readKeyValue(reader.bytes()));
    else if (tag === varint(4)) count = readUint64(reader);
    else return false;
    return true;
  });
  return { header, kvs, count: Number(count) };
}

export function writeRange(request: RangeRequest): Uint8Array {
  const { key, rangeEnd, keysOnly, limit, serializable, minModRevision } = request;
  return new MessageWriter()
    .text(1, key)
    .text(2, rangeEnd ?? '')
    .number(3, limit ?? 0)
    .number(7, serializable ?? false)
    .number(8, keysOnly ?? false)
    .number(10, minModRevision ?? 0)
    .done();
}

export const rangeMethod: Method<RangeRequest, RangeResponse> = {
  path: '/etcdserverpb.KV/Range',
  encode: writeRange,
  decode: readRange,
};

export const watchMethod: Method<WatchRequest, WatchResponse> = {
  path: '/etcdserverpb.Watch/Watch',
  encode: ({ key, rangeEnd, startRevision }) => {
    const create = new MessageWriter()
      .text(1, key)
      .text(2, rangeEnd ?? '')
      .number(3, startRevision);
    return new MessageWriter().message(1, create.done()).done();
  },
  decode: (bytes) => {
    let header = noHeader;
    let created = false;
    let canceled = false;
    let compactRevision = 0n;
    let cancelReason = '';
    const events: WatchEvent[] = [];
    readMessage(bytes, (tag, reader) => {
      if (tag === delimited(1)) header = readHeader(reader.bytes());
      else if (tag === varint(3)) created = reader.bool();
      else if (tag === varint(4)) canceled = reader.bool();
      else if (tag === varint(5)) compactRevision = readUint64(reader);
      else if (tag === delimited(6)) cancelReason = reader.string();
      else if (tag === delimited(11)) events.push(readEvent(reader.bytes()));
      else return false;
      return true;
    });
    return { header, created, canceled, compactRevision: revision(compactRevision), cancelReason, events };
  },
};

/** Gives the token. */
export const authenticateMethod: Method<{ readonly name: string; readonly password: string }, string> = {
  path: '/etcdserverpb.Auth/Authenticate',
  encode: ({ name, password }) => new MessageWriter().text(1, name).text(2, password).done(),
  decode: (bytes) => {
    let token = '';
    readMessage(bytes, (tag, reader) => {
      if (tag !== delimited(2)) return false;
      token = reader.string();
      return true;
    });
    return token;
  },
};

/** All keys that begin with `prefix`; an empty prefix means every key. */
export function prefixRange(prefix: string): KeyRange {
  const key = Buffer.from(prefix, 'utf8');
  const end = Buffer.from(key);
  for (let last = end.length - 1; last >= 0; last -= 1) {
    const byte = end[last] ?? 0xff;
    if (byte === 0xff) continue;
    end[last] = byte + 1;
    return { key, rangeEnd: end.subarray(0, last + 1) };
  }
  // To etcd a single zero byte as the end means "no end", and as the key "from the first".
  return { key: key.length === 0 ? Buffer.of(0) : key, rangeEnd: Buffer.of(0) };
}
