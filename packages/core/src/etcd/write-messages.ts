// The calls of etcd's v3 API that write: transactions and leases. Field numbers are those of etcd's rpc.proto.
import type { Revision } from '../model/units.ts';
import {
  type KeyValue,
  type Method,
  noHeader,
  type ResponseHeader,
  readHeader,
  readRange,
  writeRange,
} from './messages.ts';
import { delimited, MessageWriter, readMessage, readUint64, varint } from './wire.ts';

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

function readLease(bytes: Uint8Array): LeaseGrantResponse {
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
}

export const leaseGrantMethod: Method<{ readonly ttlS: number }, LeaseGrantResponse> = {
  path: '/etcdserverpb.Lease/LeaseGrant',
  encode: ({ ttlS }) => new MessageWriter().number(1, ttlS).done(),
  decode: readLease,
};

/** A stream in etcd's own words; one question and the end of what we say make it a call. `ttlS`: for how long from now; 0: there is no such lease any more. */
export const leaseKeepAliveMethod: Method<{ readonly lease: string }, LeaseGrantResponse> = {
  path: '/etcdserverpb.Lease/LeaseKeepAlive',
  encode: ({ lease }) => new MessageWriter().number(1, BigInt(lease)).done(),
  decode: readLease,
};

export const leaseRevokeMethod: Method<{ readonly lease: string }, ResponseHeader> = {
  path: '/etcdserverpb.Lease/LeaseRevoke',
  encode: ({ lease }) => new MessageWriter().number(1, BigInt(lease)).done(),
  decode: readHeaderOnly,
};
