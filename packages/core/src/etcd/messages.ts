// The few calls of etcd's v3 API that we use, with the few fields of them that we use. Field numbers are those of etcd's rpc.proto,
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
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
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

/** One write within a transaction. A lease is a decimal id; `0`: none. */
export type WriteOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease: string }
  | { readonly type: 'delete'; readonly key: string };

/** All `writes`, if every key still has the given modRevision (0: does not exist); else reads those keys. */
export interface TxnRequest {
  readonly expect: readonly { readonly key: string; readonly modRevision: Revision }[];
  readonly writes: readonly WriteOperation[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  /** When it did not succeed: the keys of `expect` as they are. */
  readonly found: readonly KeyValue[];
}

export interface LeaseGrantResponse {
  readonly header: ResponseHeader;
  readonly lease: string;
  /** What etcd granted, seconds; it raises short ones. */
  readonly ttlS: number;
}

const noHeader: ResponseHeader = { clusterId: '0', memberId: '0', revision: revision(0), raftTerm: 0n };

function readHeader(bytes: Uint8Array): ResponseHeader {
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

function readRange(bytes: Uint8Array): RangeResponse {
  let header = noHeader;
  const kvs: KeyValue[] = [];
  readMessage(bytes, (tag, reader) => {
    if (tag === delimited(1)) header = readHeader(reader.bytes());
    else if (tag === delimited(2)) kvs.push(readKeyValue(reader.bytes()));
    else return false;
    return true;
  });
  return { header, kvs };
}

function writeRange({ key, rangeEnd, keysOnly, limit, serializable }: RangeRequest): Uint8Array {
  return new MessageWriter()
    .text(1, key)
    .text(2, rangeEnd ?? '')
    .number(3, limit ?? 0)
    .number(7, serializable ?? false)
    .number(8, keysOnly ?? false)
    .done();
}

const writePut = (put: { readonly key: string; readonly value: string; readonly lease: string }): Uint8Array =>
  new MessageWriter().text(1, put.key).text(2, put.value).number(3, BigInt(put.lease)).done();

/** The header of an answer of which nothing else matters. */
function readHeaderOnly(bytes: Uint8Array): ResponseHeader {
  let header = noHeader;
  readMessage(bytes, (tag, reader) => {
    if (tag !== delimited(1)) return false;
    header = readHeader(reader.bytes());
    return true;
  });
  return header;
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

/** Enumeration values of etcdserverpb.Compare: "modRevision equals". */
const compareEqual = 0;
const compareMod = 2;

export const txnMethod: Method<TxnRequest, TxnResponse> = {
  path: '/etcdserverpb.KV/Txn',
  encode: ({ expect, writes }) => {
    const txn = new MessageWriter();
    for (const { key, modRevision } of expect) {
      const compare = new MessageWriter().number(1, compareEqual).number(2, compareMod).text(3, key);
      // A `oneof`: the zero that means "does not exist" is what etcd assumes when the field is missing.
      txn.message(1, compare.number(6, modRevision).done());
    }
    for (const write of writes) {
      const operation = new MessageWriter();
      if (write.type === 'put') operation.message(2, writePut(write));
      else operation.message(3, new MessageWriter().text(1, write.key).done());
      txn.message(2, operation.done());
    }
    for (const { key } of expect) {
      const read = writeRange({ key: Buffer.from(key), rangeEnd: undefined });
      txn.message(3, new MessageWriter().message(1, read).done());
    }
    return txn.done();
  },
  decode: (bytes) => {
    let header = noHeader;
    let succeeded = false;
    const found: KeyValue[] = [];
    readMessage(bytes, (tag, reader) => {
      if (tag === delimited(1)) header = readHeader(reader.bytes());
      else if (tag === varint(2)) succeeded = reader.bool();
      else if (tag === delimited(3)) {
        readMessage(reader.bytes(), (kind, response) => {
          if (kind !== delimited(1)) return false;
          found.push(...readRange(response.bytes()).kvs);
          return true;
        });
      } else return false;
      return true;
    });
    return { header, succeeded, found };
  },
};

export const leaseGrantMethod: Method<{ readonly ttlS: number }, LeaseGrantResponse> = {
  path: '/etcdserverpb.Lease/LeaseGrant',
  encode: ({ ttlS }) => new MessageWriter().number(1, ttlS).done(),
  decode: (bytes) => {
    let header = noHeader;
    let lease = 0n;
    let ttl = 0n;
    readMessage(bytes, (tag, reader) => {
      if (tag === delimited(1)) header = readHeader(reader.bytes());
      else if (tag === varint(2)) lease = readUint64(reader);
      else if (tag === varint(3)) ttl = readUint64(reader);
      else return false;
      return true;
    });
    return { header, lease: String(lease), ttlS: Number(ttl) };
  },
};

export const leaseRevokeMethod: Method<{ readonly lease: string }, ResponseHeader> = {
  path: '/etcdserverpb.Lease/LeaseRevoke',
  encode: ({ lease }) => new MessageWriter().number(1, BigInt(lease)).done(),
  decode: readHeaderOnly,
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
