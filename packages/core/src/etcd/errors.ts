// What can go wrong between us and one etcd member, in codes to act on and sentences that an operator can act on.
// No message ever holds a password, a token or a value.

export type EtcdErrorCode =
  /** No connection: refused, no route, name unknown. */
  | 'unreachable'
  /** A connection, but no HTTP/2 answer in time: a frozen process, or a black hole. */
  | 'connect_timeout'
  /** Certificates: theirs, ours, or the files that ours should be in. */
  | 'tls'
  /** Something answers, but it is no etcd v3 client port. */
  | 'not_etcd'
  /** The connection ended while it was needed. */
  | 'ended'
  /** The connection stands, but nothing has come through it for too long. */
  | 'silent'
  /** The call took longer than it was given. */
  | 'deadline'
  /** Bytes that are no message. */
  | 'garbled'
  /** A message beyond the limit. */
  | 'too_large'
  /** User or password are wrong, or missing. */
  | 'denied'
  /** The token is no longer good: log in again. */
  | 'token_lost'
  /** The user may not do this. */
  | 'forbidden'
  /** The member is cut off from the quorum. */
  | 'no_leader'
  /** The member belongs to another etcd cluster than the others. */
  | 'foreign_cluster'
  /** No session is up; nothing was sent. */
  | 'not_connected'
  /** Any other refusal by etcd. */
  | 'refused'
  /** We closed it ourselves. */
  | 'closed';

export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly code: EtcdErrorCode;

  constructor(code: EtcdErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A write that failed this way was certainly not carried out; after any other failure that is unknown. */
export const certainlyNotDone = (error: EtcdError): boolean =>
  error.code === 'not_connected' ||
  error.code === 'no_leader' ||
  error.code === 'token_lost' ||
  error.code === 'forbidden';

/** The answer can't come from a sound etcd member: the connection is of no more use. */
export const isGarbage = (error: EtcdError): boolean =>
  error.code === 'garbled' || error.code === 'too_large' || error.code === 'not_etcd';

/** The sentence of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Makes an EtcdError of a refusal by etcd: gRPC status (number, as in the gRPC documents) and its text. */
export function errorOfStatus(status: number, text: string): EtcdError {
  const said = text === '' ? `gRPC status ${status}` : text;
  if (/invalid auth token|revision of auth store is old|user name is empty/.test(text)) {
    return new EtcdError('token_lost', said);
  }
  if (/invalid user ID or password/.test(text)) return new EtcdError('denied', 'etcd refuses this user and password');
  if (/no leader/.test(text))
    return new EtcdError('no_leader', 'this etcd member has no leader: it is cut off, or etcd has no quorum');
  if (status === 7) return new EtcdError('forbidden', `etcd: ${said}`);
  if (status === 4) return new EtcdError('deadline', `etcd gave up: ${said}`);
  if (status === 12)
    return new EtcdError('not_etcd', `it speaks gRPC but knows no such call (${said}): is this an etcd v3 client URL?`);
  return new EtcdError('refused', `etcd: ${said}`);
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up now',
  ETIMEDOUT: 'no answer to the connection attempt',
};

const distrust = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

/** Makes an EtcdError of what a socket, TLS or HTTP/2 threw. */
export function errorOfConnection(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = messageOf(error);
  const known = unreachable[code];
  if (known !== undefined) return new EtcdError('unreachable', known, error);
  if (distrust.has(code)) {
    return new EtcdError('tls', `its certificate is not signed by the configured ca (${code})`, error);
  }
  if (code === 'CERT_HAS_EXPIRED') return new EtcdError('tls', 'its certificate has expired', error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new EtcdError('tls', `its certificate is for another host: ${text}`, error);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return new EtcdError('tls', 'it does not speak TLS: should the endpoint begin with http:// ?', error);
  }
  if (/ALERT_(BAD_CERTIFICATE|CERTIFICATE_REQUIRED|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN)/i.test(code)) {
    return new EtcdError('tls', `it refuses our client certificate, or wants one (${code})`, error);
  }
  if (/^ERR_(SSL|TLS|OSSL)|^CERT_|^UNABLE_TO_|KEY_VALUES_MISMATCH/.test(code))
    return new EtcdError('tls', `TLS: ${text}`, error);
  if (/^ERR_HTTP2_(ERROR|SESSION_ERROR|STREAM_ERROR)|^HPE_|^NGHTTP2/.test(code)) {
    return new EtcdError(
      'not_etcd',
      `it does not answer in sound HTTP/2 (${text}): is this an etcd v3 client URL?`,
      error,
    );
  }
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return new EtcdError('ended', `the connection was cut (${code})`, error);
  return new EtcdError('ended', text === '' ? code : text, error);
}
