// The token that etcd gives for user and password, for one session. Knows how to get another one when etcd has forgotten it.
import { EtcdError, errorOfConnection, messageOf } from './errors.ts';
import { authenticateMethod } from './messages.ts';
import type { Session } from './transport.ts';

export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Logging in makes the server compute a slow password hash. */
const loginDeadlineMs = 3_000;

export class Token {
  readonly #session: Session;
  readonly #login: Login | undefined;
  #text = '';
  #renewal: Promise<void> | undefined;

  private constructor(session: Session, login: Login | undefined) {
    this.#session = session;
    this.#login = login;
  }

  /** Logs in, if there is a login. Rejects with EtcdError. */
  static async get(session: Session, login: Login | undefined): Promise<Token> {
    const token = new Token(session, login);
    if (login !== undefined) await token.renew('');
    return token;
  }

  /** Empty: calls are made without one. */
  get text(): string {
    return this.#text;
  }

  /** Logs in anew, unless that was done since `used` was the token; calls that lost the same token share one login. Rejects with EtcdError. */
  renew(used: string): Promise<void> {
    if (this.#text !== used) return Promise.resolve();
    this.#renewal ??= this.#logIn().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #logIn(): Promise<void> {
    if (this.#login === undefined) {
      throw new EtcdError('denied', 'etcd wants a user and a password, and none is configured');
    }
    try {
      const options = { deadlineMs: loginDeadlineMs, token: '' };
      const text = await this.#session.call(authenticateMethod, this.#login, options);
      // It goes into a header of every call.
      if (!/^[\x21-\x7e]{1,8192}$/.test(text)) {
        throw new EtcdError('garbled', 'it answers a login with something that is no token');
      }
      this.#text = text;
    } catch (error) {
      // A cluster that asks for no password takes us as well as one that does.
      if (messageOf(error).includes('authentication is not enabled')) return;
      throw errorOfConnection(error);
    }
  }
}
