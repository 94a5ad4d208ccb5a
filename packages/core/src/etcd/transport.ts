// One HTTP/2 session to one etcd member: calls and streams in gRPC's form. It never reconnects and never retries; when anything is wrong
// with the connection as a whole it ends, says why, and leaves no socket behind. Proxies named in the environment are not used.
//
//   connecting ──SETTINGS──▶ ready ──error, GOAWAY, destroy()──▶ ended
//       └──────────error, no SETTINGS in time, destroy()──────────▲
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../model/clock.ts';
import type { Millis } from '../model/units.ts';
import type { Endpoint } from './endpoint.ts';
import { EtcdError, errorOfConnection, messageOf } from './errors.ts';
import { FrameReader, frame, headerError, statusError } from './grpc.ts';
import type { Method } from './messages.ts';

/** Room for this many bytes that were not yet asked for, so that a big list needs no round trip for each 64 kB. */
const windowBytes = 1 << 20;

export interface SessionOptions {
  readonly endpoint: Endpoint;
  /** Used when the endpoint is https. */
  readonly tls: SecureContextOptions;
  readonly clock: Clock;
  /** Until the first HTTP/2 SETTINGS frame: TCP accepts for a frozen process, only this shows that one is there. */
  readonly connectTimeoutMs: number;
}

/** A running call or stream. */
export interface Exchange {
  /** Ends it from our side; its `onEnd` is not called any more. */
  readonly cancel: () => void;
}

interface ExchangeOptions {
  readonly path: string;
  readonly first: Uint8Array;
  /** False: more could be sent, so the peer must not take the first message for the last. */
  readonly last: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly onMessage: (message: Buffer) => void;
  /** Once. Undefined: the peer ended it and all was well. */
  readonly onEnd: (error: EtcdError | undefined) => void;
}

export class Session {
  /** Settles when the peer has shown that it speaks HTTP/2, or with the EtcdError that ended the attempt. */
  readonly ready: Promise<void>;
  /** Resolves, once, with what ended the session. */
  readonly ended: Promise<EtcdError>;
  readonly #clock: Clock;
  readonly #authority: string;
  readonly #socket: Socket;
  readonly #http: ClientHttp2Session;
  #heardAt: Millis;
  #spoke = false;
  #end: EtcdError | undefined;
  #announceEnd: (error: EtcdError) => void = () => {};

  constructor(options: SessionOptions) {
    const { endpoint, clock } = options;
    this.#clock = clock;
    this.#heardAt = clock.now();
    this.#authority = `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
    this.ended = new Promise((resolve) => {
      this.#announceEnd = resolve;
    });
    const tcp = { host: endpoint.host, port: endpoint.port, noDelay: true, keepAlive: true };
    const servername = isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {};
    this.#socket = endpoint.secure
      ? // Said, since an environment with NODE_TLS_REJECT_UNAUTHORIZED=0 would let anybody be etcd otherwise.
        connectTls({ ...tcp, ...options.tls, ...servername, ALPNProtocols: ['h2'], rejectUnauthorized: true })
      : connectTcp(tcp);
    this.#socket.setNoDelay(true);
    this.#http = connectHttp2(`${endpoint.secure ? 'https' : 'http'}://${this.#authority}`, {
      createConnection: () => this.#socket,
      settings: { enablePush: false, initialWindowSize: windowBytes },
    });
    const patience = clock.after(options.connectTimeoutMs, () => {
      this.destroy(new EtcdError('connect_timeout', `no HTTP/2 answer within ${options.connectTimeoutMs} ms`));
    });
    this.ready = new Promise((resolve, reject) => {
      this.#http.once('remoteSettings', () => {
        patience.cancel();
        this.#spoke = true;
        this.#heardAt = clock.now();
        this.#http.setLocalWindowSize(windowBytes);
        resolve();
      });
      void this.ended.then((error) => {
        patience.cancel();
        reject(error);
      });
    });
    this.ready.catch(() => {});
    const failed = (error: unknown) => this.destroy(this.#withHint(errorOfConnection(error), endpoint.secure));
    this.#socket.on('error', failed);
    this.#http.on('error', failed);
    this.#http.on('goaway', (code) => this.destroy(new EtcdError('ended', `it ended the connection (GOAWAY ${code})`)));
    this.#http.on('close', () => failed(new EtcdError('ended', 'it closed the connection')));
  }

  /** When anything last came from the peer on a call or a stream. */
  get heardAt(): Millis {
    return this.#heardAt;
  }

  get end(): EtcdError | undefined {
    return this.#end;
  }

  /** One question, one answer. Rejects with EtcdError; after `deadlineMs` with `deadline`. */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: { readonly deadlineMs: number; readonly token: string },
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      let answer: { readonly value: Response } | undefined;
      const exchange = this.#exchange({
        path: method.path,
        first: method.encode(request),
        last: true,
        // A member without a leader then says so at once, where it would else let us wait for seconds.
        headers: {
          ...tokenHeader(options.token),
          hasleader: 'true',
          'grpc-timeout': `${Math.ceil(options.deadlineMs)}m`,
        },
        onMessage: (message) => {
          answer = { value: method.decode(message) };
        },
        onEnd: (error) => {
          timer.cancel();
          if (error !== undefined) reject(error);
          else if (answer === undefined) reject(new EtcdError('garbled', 'an answer without a message'));
          else resolve(answer.value);
        },
      });
      const timer = this.#clock.after(options.deadlineMs, () => {
        exchange.cancel();
        reject(new EtcdError('deadline', `no answer within ${Math.round(options.deadlineMs)} ms`));
      });
    });
  }

  /** One question, many answers, until either side ends it. `onEnd` comes once, never before this returns, not after `cancel()`. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: {
      readonly token: string;
      readonly onMessage: (response: Response) => void;
      readonly onEnd: (error: EtcdError) => void;
    },
  ): Exchange {
    return this.#exchange({
      path: method.path,
      first: method.encode(request),
      last: false,
      headers: tokenHeader(options.token),
      onMessage: (message) => options.onMessage(method.decode(message)),
      onEnd: (error) => options.onEnd(error ?? new EtcdError('ended', 'etcd ended the stream')),
    });
  }

  /** Ends everything now, the socket included. The first reason is the one that counts. */
  destroy(reason: EtcdError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#http.destroy();
    this.#socket.destroy();
    this.#announceEnd(reason);
  }

  /** A peer that hangs up before a word often expects the other kind of connection; it has no way to say so. */
  #withHint(error: EtcdError, secure: boolean): EtcdError {
    if (error.code !== 'ended' || this.#spoke) return error;
    const hint = secure ? 'does it want a client certificate?' : 'should the endpoint begin with https:// ?';
    return new EtcdError('ended', `${error.message} before it spoke HTTP/2: ${hint}`, error);
  }

  #request({ path, headers }: ExchangeOptions): ClientHttp2Stream | EtcdError {
    if (this.#end !== undefined || this.#http.destroyed || this.#http.closed) {
      return this.#end ?? new EtcdError('ended', 'the connection is closing');
    }
    try {
      return this.#http.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
    } catch (error) {
      // A token that can't be a header, for one.
      return new EtcdError('garbled', `the call could not be made: ${messageOf(error)}`, error);
    }
  }

  #exchange(options: ExchangeOptions): Exchange {
    let over = false;
    const finish = (error: EtcdError | undefined) => {
      if (over) return;
      over = true;
      options.onEnd(error);
    };
    const stream = this.#request(options);
    if (stream instanceof EtcdError) {
      queueMicrotask(() => finish(stream));
      return { cancel: () => (over = true) };
    }
    const cancel = () => {
      over = true;
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const fail = (error: EtcdError) => {
      finish(error);
      cancel();
    };
    const frames = new FrameReader();
    let outcome: { readonly error: EtcdError | undefined } | undefined;
    let drained = false;
    // Trailers and the last piece of data reach us in no certain order: the call is over when both are here.
    const settle = () => {
      if (outcome !== undefined && (drained || outcome.error !== undefined)) finish(outcome.error);
    };
    const heard = () => {
      this.#heardAt = this.#clock.now();
    };
    stream.on('response', (headers) => {
      heard();
      const error = headerError(headers[':status'], headers);
      if (error !== undefined) fail(error);
      else if (headers['grpc-status'] !== undefined) outcome = { error: statusError(headers) };
      settle();
    });
    stream.on('data', (chunk: Buffer) => {
      heard();
      if (over) return;
      try {
        for (const message of frames.push(chunk)) if (!over) options.onMessage(message);
      } catch (error) {
        fail(errorOfConnection(error));
      }
    });
    stream.on('trailers', (trailers) => {
      heard();
      outcome = { error: statusError(trailers) };
      settle();
    });
    stream.on('end', () => {
      drained = true;
      settle();
    });
    stream.on('error', (error) => finish(this.#end ?? errorOfConnection(error)));
    stream.on('close', () => {
      drained = true;
      settle();
      finish(this.#end ?? new EtcdError('ended', 'the answer broke off'));
    });
    if (options.last) stream.end(frame(options.first));
    else stream.write(frame(options.first));
    return { cancel };
  }
}

const tokenHeader = (token: string): Readonly<Record<string, string>> => (token === '' ? {} : { token });
