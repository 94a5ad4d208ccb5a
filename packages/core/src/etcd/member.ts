// One etcd member: keeps one session to it, logged in, and a picture of how well it answers. Knows nothing of other members.
//
//   connecting ──SETTINGS, login──▶ ready ──session ends──▶ waiting ──50 ms .. cap──▶ connecting
//       └───────────failed────────────────────────────────────▲
//   renew(): a second session is made beside the ready one and takes its place once it is logged in
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Millis } from '../model/units.ts';
import type { Credentials } from './credentials.ts';
import { parseEndpoint, shownEndpoint } from './endpoint.ts';
import { EtcdError, errorOfConnection, isGarbage } from './errors.ts';
import { type Method, rangeMethod } from './messages.ts';
import { SilenceGuard } from './silence.ts';
import { type Login, Token } from './token.ts';
import { type Exchange, Session } from './transport.ts';

export interface MemberOptions {
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly login: Login | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const connectTimeoutMs = 1_000;
/** A session whose place was taken may end its running calls for this long. */
const retireMs = 2_000;
const firstBackoffMs = 50;
const lastBackoffMs = 500;
/** What an operator has to mend is not retried in a hurry. */
const mendBackoffMs = 5_000;
/** Together the time in which a frozen member is dropped. */
const doubtMs = 800;
const giveUpMs = 400;

interface Line {
  readonly session: Session;
  readonly silence: SilenceGuard;
  readonly token: Token;
}

export class Member {
  /** As configured, without any user and password. */
  readonly endpoint: string;
  readonly #options: MemberOptions;
  readonly #listeners = new Set<() => void>();
  #line: Line | undefined;
  #opening: Session | undefined;
  #retry: Timer | undefined;
  /** A session whose place was taken; it may still end its running calls. */
  #retired: Session | undefined;
  #failures = 0;
  #warned: string | undefined;
  #error: string | undefined = 'not connected yet';
  #heardAt: Millis | undefined;
  #rttMs = 0;
  readonly #owed = new Set<{ readonly sentAt: Millis }>();
  #closed = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.endpoint = shownEndpoint(options.endpoint);
  }

  /** Begins to connect, and goes on for ever. */
  start(): void {
    void this.#connect();
  }

  get ready(): boolean {
    return this.#line !== undefined;
  }

  /** Why it is not ready, or what is wrong although it is; undefined: all is well. */
  get error(): string | undefined {
    return this.#error;
  }

  /** When anything last came from it. */
  get heardAt(): Millis | undefined {
    return this.#line?.session.heardAt ?? this.#heardAt;
  }

  /** How long its answers take, smoothed; 0 before the first. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /** True while it owes an answer for longer than a sound member would: ask another one first. */
  get slow(): boolean {
    const [oldest] = this.#owed;
    return oldest !== undefined && this.#options.clock.now() - oldest.sentAt > Math.max(100, 4 * this.#rttMs);
  }

  /** Calls `listener` whenever a new session is ready; streams belong on the newest one. Returns how to stop. */
  onReady(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One call. Rejects with EtcdError; `not_connected` at once when no session is up. A lost token is renewed once. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    deadlineMs: number,
  ): Promise<Response> {
    const line = this.#line;
    if (line === undefined) throw new EtcdError('not_connected', this.#error ?? 'not connected');
    const used = line.token.text;
    try {
      return await this.#ask(line, method, request, deadlineMs);
    } catch (error) {
      const problem = errorOfConnection(error);
      if (problem.code !== 'token_lost') throw problem;
      await line.token.renew(used);
      return await this.#ask(line, method, request, deadlineMs);
    }
  }

  /** Opens a stream on the newest session; `onEnd` follows when there is none. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    handlers: { readonly onMessage: (response: Response) => void; readonly onEnd: (error: EtcdError) => void },
  ): Exchange {
    const line = this.#line;
    if (line !== undefined) return line.session.stream(method, request, { ...handlers, token: line.token.text });
    let canceled = false;
    queueMicrotask(() => {
      if (!canceled) handlers.onEnd(new EtcdError('not_connected', this.#error ?? 'not connected'));
    });
    return { cancel: () => (canceled = true) };
  }

  /** Logs in anew, because a stream was refused for its token. Rejects with EtcdError. */
  async renewToken(): Promise<void> {
    const token = this.#line?.token;
    await token?.renew(token.text);
  }

  /** A new session with the certificates as they are now; the old one serves until the new one does. */
  async renew(): Promise<void> {
    if (this.#opening !== undefined) return;
    this.#retry?.cancel();
    await this.#connect();
  }

  /** Ends the session because of what came through it; a new attempt follows. */
  drop(reason: EtcdError): void {
    this.#line?.session.destroy(reason);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#listeners.clear();
    const reason = new EtcdError('closed', 'closed');
    this.#opening?.destroy(reason);
    this.#line?.session.destroy(reason);
    this.#retired?.destroy(reason);
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const { clock, credentials, endpoint, login } = this.#options;
    let line: Line;
    try {
      const session = new Session({
        endpoint: parseEndpoint(endpoint),
        tls: credentials.read(),
        clock,
        connectTimeoutMs,
      });
      this.#opening = session;
      await session.ready;
      line = { session, silence: this.#silenceGuard(session), token: await Token.get(session, login) };
      if (session.end !== undefined) throw session.end;
    } catch (error) {
      this.#opening?.destroy(errorOfConnection(error));
      this.#opening = undefined;
      this.#failed(errorOfConnection(error));
      return;
    }
    const old = this.#line;
    this.#opening = undefined;
    this.#line = line;
    this.#settled();
    void line.session.ended.then((error) => this.#lost(line, error));
    for (const listener of [...this.#listeners]) listener();
    if (old !== undefined) {
      const reason = new EtcdError('ended', 'a newer session has taken its place');
      this.#retired?.destroy(reason);
      this.#retired = old.session;
      const timer = clock.after(retireMs, () => old.session.destroy(reason));
      void old.session.ended.then(() => timer.cancel());
    }
  }

  #lost(line: Line, error: EtcdError): void {
    line.silence.stop();
    this.#heardAt = line.session.heardAt;
    if (this.#line !== line) return;
    this.#line = undefined;
    if (this.#opening === undefined) this.#failed(error);
  }

  #failed(error: EtcdError): void {
    if (this.#closed) return;
    const { clock, log } = this.#options;
    this.#error = error.message;
    if (this.#warned !== error.message) {
      this.#warned = error.message;
      log.warn({ endpoint: this.endpoint, code: error.code, err: error.message }, 'etcd member is not usable');
    }
    const toBeMended = error.code === 'denied' || error.code === 'tls' || isGarbage(error);
    const growingMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** this.#failures);
    const delayMs = toBeMended && this.#failures > 3 ? mendBackoffMs : growingMs;
    this.#failures += 1;
    // While an older session still serves, only its end or the next change of the files leads to another attempt.
    if (this.#line === undefined) {
      this.#retry?.cancel();
      this.#retry = clock.after(delayMs, () => void this.#connect());
    }
  }

  #settled(): void {
    this.#error = undefined;
    this.#rttMs = 0;
    this.#owed.clear();
  }

  async #ask<Request, Response>(
    line: Line,
    method: Method<Request, Response>,
    request: Request,
    deadlineMs: number,
  ): Promise<Response> {
    const { clock } = this.#options;
    const sentAt = clock.now();
    const answered = line.silence.expect();
    const debt = { sentAt };
    this.#owed.add(debt);
    try {
      const response = await line.session.call(method, request, { deadlineMs, token: line.token.text });
      const tookMs = clock.now() - sentAt;
      this.#rttMs = this.#rttMs === 0 ? tookMs : this.#rttMs + (tookMs - this.#rttMs) / 8;
      // Only an answer makes a session a good one: then the next trouble begins with a short wait, and is told again.
      if (this.#warned !== undefined) this.#options.log.info({ endpoint: this.endpoint }, 'etcd member answers again');
      this.#warned = undefined;
      this.#failures = 0;
      return response;
    } catch (error) {
      const problem = errorOfConnection(error);
      if (isGarbage(problem)) line.session.destroy(problem);
      throw problem;
    } finally {
      answered();
      this.#owed.delete(debt);
    }
  }

  #silenceGuard(session: Session): SilenceGuard {
    return new SilenceGuard({
      clock: this.#options.clock,
      heardAt: () => session.heardAt,
      doubtMs,
      giveUpMs,
      // From its own memory, so a member without a leader answers too; so does one that refuses us this key.
      askAnything: () => {
        const anything = { key: Buffer.of(0), rangeEnd: undefined, serializable: true, keysOnly: true };
        session.call(rangeMethod, anything, { deadlineMs: giveUpMs, token: '' }).catch(() => {});
      },
      onSilent: () =>
        session.destroy(new EtcdError('silent', `no sign of life for ${doubtMs + giveUpMs} ms, although asked`)),
    });
  }
}
