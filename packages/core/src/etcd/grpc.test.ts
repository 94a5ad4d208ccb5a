import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EtcdError } from './errors.ts';
import { FrameReader, frame, headerError, statusError } from './grpc.ts';

const cutAt = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof EtcdError ? error.code : 'not an EtcdError';
  }
};

describe('FrameReader', () => {
  it('gives back the messages that were framed, however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const reader = new FrameReader();
        const stream = Buffer.concat(sent.map((message) => frame(message)));
        const got = cutAt(stream, cuts).flatMap((chunk) => reader.push(chunk));
        expect(got.map((message) => message.toString('hex'))).toEqual(sent.map((m) => Buffer.from(m).toString('hex')));
        expect(reader.empty).toBe(true);
      }),
    );
  });

  it('refuses a message beyond the limit as soon as its length is there', () => {
    const reader = new FrameReader(1_000);
    expect(codeOf(() => reader.push(Buffer.of(0, 0xff, 0xff, 0xff, 0xff)))).toBe('too_large');
  });

  it('refuses what is compressed', () => {
    expect(codeOf(() => new FrameReader().push(Buffer.of(1, 0, 0, 0, 1, 7)))).toBe('garbled');
  });

  it('takes any bytes without anything worse than an EtcdError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const code = codeOf(() => new FrameReader().push(Buffer.from(bytes)));
        expect([undefined, 'garbled', 'too_large']).toContain(code);
      }),
    );
  });
});

describe('the status of a call', () => {
  const told = (status: string, message = '') => statusError({ 'grpc-status': status, 'grpc-message': message })?.code;

  it.each([
    ['0', '', undefined],
    ['3', 'etcdserver: authentication failed, invalid user ID or password', 'denied'],
    ['3', 'etcdserver: revision of auth store is old', 'token_lost'],
    ['3', 'etcdserver: user name is empty', 'token_lost'],
    ['16', 'etcdserver: invalid auth token', 'token_lost'],
    ['7', 'etcdserver: permission denied', 'forbidden'],
    ['14', 'etcdserver: no leader', 'no_leader'],
    ['12', 'unknown service etcdserverpb.KV', 'not_etcd'],
    ['4', 'context deadline exceeded', 'deadline'],
    ['14', 'etcdserver: request timed out', 'refused'],
    ['', '', 'garbled'],
    ['yes', '', 'garbled'],
  ])('%s "%s" means %s', (status, message, code) => {
    expect(told(status, message)).toBe(code);
  });

  it('decodes the text, and takes it as it is when it is not encoded soundly', () => {
    expect(statusError({ 'grpc-status': '2', 'grpc-message': 'a%20b' })?.message).toBe('etcd: a b');
    expect(statusError({ 'grpc-status': '2', 'grpc-message': '%zz' })?.message).toBe('etcd: %zz');
  });

  it('takes only gRPC for an answer', () => {
    expect(headerError(200, { 'content-type': 'application/grpc' })).toBeUndefined();
    expect(headerError(200, { 'content-type': 'application/grpc+proto' })).toBeUndefined();
    expect(headerError(404, { 'content-type': 'text/plain' })?.code).toBe('not_etcd');
    expect(headerError(200, {})?.code).toBe('not_etcd');
  });
});
