import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { revision } from '../model/units.ts';
import { EtcdError } from './errors.ts';
import { authenticateMethod, prefixRange, rangeMethod, watchMethod } from './messages.ts';
import { leaseGrantMethod, leaseKeepAliveMethod, leaseRevokeMethod, txnMethod } from './write-messages.ts';

// The other side of the wire, written down apart from the codec under test: the fields as etcd's API reference lists them.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Header { uint64 cluster_id = 1; uint64 member_id = 2; int64 revision = 3; uint64 raft_term = 4; }
  message Kv { bytes key = 1; int64 create_revision = 2; int64 mod_revision = 3; int64 version = 4; bytes value = 5; int64 lease = 6; }
  message Event { enum Type { PUT = 0; DELETE = 1; } Type type = 1; Kv kv = 2; Kv prev_kv = 3; }
  message Range { bytes key = 1; bytes range_end = 2; int64 limit = 3; int64 revision = 4; bool serializable = 7; bool keys_only = 8;
    int64 min_mod_revision = 10; }
  message RangeAnswer { Header header = 1; repeated Kv kvs = 2; bool more = 3; int64 count = 4; }
  message Create { bytes key = 1; bytes range_end = 2; int64 start_revision = 3; }
  message Watch { oneof request { Create create_request = 1; } }
  message WatchAnswer { Header header = 1; int64 watch_id = 2; bool created = 3; bool canceled = 4; int64 compact_revision = 5;
    string cancel_reason = 6; bool fragment = 7; repeated Event events = 11; }
  message Put { bytes key = 1; bytes value = 2; int64 lease = 3; }
  message Delete { bytes key = 1; bytes range_end = 2; }
  message Op { oneof request { Range request_range = 1; Put request_put = 2; Delete request_delete_range = 3; } }
  message Compare { int32 result = 1; int32 target = 2; bytes key = 3; oneof what { int64 version = 4; int64 mod_revision = 6; } }
  message Txn { repeated Compare compare = 1; repeated Op success = 2; repeated Op failure = 3; }
  message OpAnswer { oneof response { RangeAnswer response_range = 1; Header response_put = 2; } }
  message TxnAnswer { Header header = 1; bool succeeded = 2; repeated OpAnswer responses = 3; }
  message Grant { int64 TTL = 1; int64 ID = 2; }
  message GrantAnswer { Header header = 1; int64 ID = 2; int64 TTL = 3; }
  message Login { string name = 1; string password = 2; }
  message LoginAnswer { Header header = 1; string token = 2; }
`,
  { keepCase: true },
);

const peer = (name: string) => root.lookupType(name);
const answer = (name: string, content: object): Buffer =>
  Buffer.from(peer(name).encode(peer(name).fromObject(content)).finish());
const read = (name: string, bytes: Uint8Array): unknown =>
  peer(name).toObject(peer(name).decode(bytes), { longs: String, bytes: String });
const base64 = (text: string) => Buffer.from(text).toString('base64');

const header = {
  cluster_id: '18446744073709551615',
  member_id: '9372538179322589801',
  revision: '9007199254740993',
  raft_term: 7,
};
const readHeader = {
  clusterId: '18446744073709551615',
  memberId: '9372538179322589801',
  revision: revision(9007199254740993n),
  raftTerm: 7n,
};

describe('what is sent', () => {
  it('asks for a prefix, with or without values', () => {
    expect(read('Range', rangeMethod.encode({ ...prefixRange('/service/'), keysOnly: true }))).toEqual({
      key: base64('/service/'),
      range_end: base64('/service0'),
      keys_only: true,
    });
    expect(read('Range', rangeMethod.encode({ ...prefixRange('a'), limit: 1, serializable: true }))).toEqual({
      key: base64('a'),
      range_end: base64('b'),
      limit: '1',
      serializable: true,
    });
    expect(
      read('Range', rangeMethod.encode({ ...prefixRange('a'), keysOnly: true, minModRevision: revision(8) })),
    ).toEqual({
      key: base64('a'),
      range_end: base64('b'),
      keys_only: true,
      min_mod_revision: '8',
    });
  });

  it('asks to watch from a revision, exact beyond 53 bits', () => {
    const bytes = watchMethod.encode({ ...prefixRange('/p/'), startRevision: revision(9007199254740993n) });
    expect(read('Watch', bytes)).toEqual({
      create_request: { key: base64('/p/'), range_end: base64('/p0'), start_revision: '9007199254740993' },
    });
  });

  it('writes under conditions on modRevision, and reads the keys when they do not hold', () => {
    const bytes = txnMethod.encode({
      expect: [
        { key: 'a', modRevision: revision(5) },
        { key: 'b', modRevision: revision(0) },
      ],
      writes: [
        { type: 'put', key: 'a', value: 'x', lease: '7587862094711234567' },
        { type: 'delete', key: 'c' },
      ],
    });
    expect(read('Txn', bytes)).toEqual({
      compare: [
        { target: 2, key: base64('a'), mod_revision: '5' },
        { target: 2, key: base64('b') },
      ],
      success: [
        { request_put: { key: base64('a'), value: base64('x'), lease: '7587862094711234567' } },
        { request_delete_range: { key: base64('c') } },
      ],
      failure: [{ request_range: { key: base64('a') } }, { request_range: { key: base64('b') } }],
    });
  });

  it('handles leases and logins', () => {
    expect(read('Grant', leaseGrantMethod.encode({ ttlS: 20 }))).toEqual({ TTL: '20' });
    for (const method of [leaseRevokeMethod, leaseKeepAliveMethod]) {
      expect(read('Grant', method.encode({ lease: '7587862094711234567' }))).toEqual({ TTL: '7587862094711234567' });
    }
    expect(read('Login', authenticateMethod.encode({ name: 'u', password: 'p' }))).toEqual({
      name: 'u',
      password: 'p',
    });
  });
});

describe('what is read', () => {
  it('gives the keys of a range, all 64 bits of every number', () => {
    const kv = {
      key: base64('/k'),
      create_revision: 3,
      mod_revision: '9007199254740993',
      version: 2,
      value: base64('ü'),
      lease: '7587862094711234567',
    };
    expect(rangeMethod.decode(answer('RangeAnswer', { header, kvs: [kv], count: 1 }))).toEqual({
      header: readHeader,
      kvs: [
        {
          key: '/k',
          value: 'ü',
          createRevision: revision(3),
          modRevision: revision(9007199254740993n),
          lease: '7587862094711234567',
        },
      ],
      count: 1,
    });
  });

  it('gives the events of a watch', () => {
    const events = [
      { type: 0, kv: { key: base64('/k'), create_revision: 4, mod_revision: 4, value: base64('v') } },
      { type: 1, kv: { key: base64('/k'), mod_revision: 5 }, prev_kv: { key: base64('/other') } },
    ];
    const response = watchMethod.decode(answer('WatchAnswer', { header, events }));
    expect(response.events).toEqual([
      { type: 'put', kv: { key: '/k', value: 'v', createRevision: revision(4), modRevision: revision(4), lease: '0' } },
      { type: 'delete', key: '/k', modRevision: revision(5) },
    ]);
  });

  it('gives the end of a watch, also that of one that was refused (watch id -1)', () => {
    const refused = {
      header,
      watch_id: -1,
      created: true,
      canceled: true,
      cancel_reason: 'etcdserver: permission denied',
    };
    expect(watchMethod.decode(answer('WatchAnswer', refused))).toMatchObject({
      created: true,
      canceled: true,
      cancelReason: 'etcdserver: permission denied',
    });
    expect(
      watchMethod.decode(answer('WatchAnswer', { header, canceled: true, compact_revision: 70 })).compactRevision,
    ).toBe(70n);
  });

  it('gives what a transaction found when its conditions did not hold', () => {
    const found = { response_range: { header, kvs: [{ key: base64('a'), mod_revision: 9 }] } };
    const response = txnMethod.decode(answer('TxnAnswer', { header, responses: [found, { response_put: header }] }));
    expect(response.succeeded).toBe(false);
    expect(response.found.map(({ key, modRevision }) => [key, modRevision])).toEqual([['a', 9n]]);
  });

  it('gives leases and tokens', () => {
    expect(leaseGrantMethod.decode(answer('GrantAnswer', { header, ID: '7587862094711234567', TTL: 20 }))).toEqual({
      header: readHeader,
      lease: '7587862094711234567',
      ttlS: 20,
    });
    expect(authenticateMethod.decode(answer('LoginAnswer', { header, token: 'abc.12' }))).toBe('abc.12');
  });

  it('keeps keys apart that are no UTF-8', () => {
    const kvs = [{ key: Buffer.of(0xff).toString('base64') }, { key: Buffer.of(0xfe).toString('base64') }];
    const keys = rangeMethod.decode(answer('RangeAnswer', { kvs })).kvs.map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });

  it('passes over fields that it does not know', () => {
    const bytes = Buffer.concat([
      Buffer.from(
        new protobuf.Writer()
          .uint32((99 << 3) | 2)
          .string('new')
          .finish(),
      ),
      answer('RangeAnswer', { header }),
    ]);
    expect(rangeMethod.decode(bytes).header).toEqual(readHeader);
  });

  it('takes any bytes without anything worse than an EtcdError', () => {
    const methods = [rangeMethod, watchMethod, txnMethod, leaseGrantMethod, leaseRevokeMethod, authenticateMethod];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...methods), (bytes, method) => {
        try {
          method.decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(EtcdError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('prefixRange', () => {
  it('ends where the prefix ends', () => {
    const { key, rangeEnd } = prefixRange('/service/orders/');
    expect([key.toString(), rangeEnd?.toString()]).toEqual(['/service/orders/', '/service/orders0']);
  });

  it('means every key when it is empty', () => {
    expect(prefixRange('')).toEqual({ key: Buffer.of(0), rangeEnd: Buffer.of(0) });
  });
});
