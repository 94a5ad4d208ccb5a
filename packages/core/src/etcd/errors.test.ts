import { describe, expect, it } from 'vitest';
import { parseEndpoint } from './endpoint.ts';
import { certainlyNotDone, EtcdError, errorOfConnection } from './errors.ts';

const thrown = (code: string, message = '') => Object.assign(new Error(message), { code });

describe('what a socket throws', () => {
  it.each([
    ['ECONNREFUSED', 'unreachable', 'connection refused'],
    ['ENOTFOUND', 'unreachable', 'host name is unknown'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls', 'not signed by the configured ca'],
    ['CERT_HAS_EXPIRED', 'tls', 'has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', 'for another host'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'http://'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'tls', 'our client certificate'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls', 'our client certificate'],
    ['ERR_HTTP2_ERROR', 'not_etcd', 'etcd v3 client URL'],
    ['ECONNRESET', 'ended', 'cut'],
    ['ESOMETHING', 'ended', 'ESOMETHING'],
  ])('%s is told as %s: ...%s...', (code, expected, part) => {
    const error = errorOfConnection(thrown(code));
    expect(error.code).toBe(expected);
    expect(error.message).toContain(part);
  });
});

describe('a write that failed', () => {
  it('is certain not to be done only when it was never sent, or refused before it was looked at', () => {
    const codes = [
      'not_connected',
      'no_leader',
      'token_lost',
      'forbidden',
      'deadline',
      'ended',
      'silent',
      'refused',
    ] as const;
    expect(codes.filter((code) => certainlyNotDone(new EtcdError(code, '')))).toEqual(codes.slice(0, 4));
  });
});

describe('an endpoint', () => {
  it.each([
    ['http://10.0.0.1:2380', { secure: false, host: '10.0.0.1', port: 2380 }],
    ['https://etcd1.example', { secure: true, host: 'etcd1.example', port: 2379 }],
    ['https://[::1]:443/', { secure: true, host: '::1', port: 443 }],
    ['10.0.0.1:2379', { secure: false, host: '10.0.0.1', port: 2379 }],
    ['http://host:80', { secure: false, host: 'host', port: 80 }],
  ])('%s is understood', (text, expected) => {
    expect(parseEndpoint(text)).toMatchObject(expected);
  });

  it('is shown without user and password', () => {
    expect(parseEndpoint('http://user:secret@host:2379').text).toBe('http://host:2379');
  });

  it.each(['', 'ftp://host', 'http://', '://'])('"%s" is refused', (text) => {
    expect(() => parseEndpoint(text)).toThrow(EtcdError);
  });
});
