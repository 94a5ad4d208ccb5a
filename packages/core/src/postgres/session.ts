// One connection to PostgreSQL by node-postgres: opened along a plan, asked, ended at once when the server ends it. Has no clock: deadlines are its owner's.
//
//   opening ──▶ open ──▶ over        every way out of `opening` and `open` is told once: `failed` or `ended`
//      └──────────────────▲          after `destroy` or `close` nothing is told any more
import { isIP, Socket } from 'node:net';
import { createSecureContext, type ConnectionOptions as NodeTlsOptions, type SecureContext } from 'node:tls';
import pg from 'pg';
import { certificateNameProblem } from './certificate-name.ts';
import { ConnectionProblem, mayTryOtherWay, offersNoTls } from './failure.ts';
import type { ConnectionOptions, ConnectionPlan } from './options.ts';
import { sharedLookup } from './shared-lookup.ts';
import type { TlsOptions } from './tls-options.ts';

export interface SessionEvents {
  readonly opened: () => void;
  /** It could not be opened: one error for each way tried. */
  readonly failed: (errors: readonly unknown[]) => void;
  /** It was open and is no more; a question that was under way has no answer. */
  readonly ended: (error: unknown) => void;
  /** The rows of the last statement; each is an array of values. */
  readonly answered: (rows: readonly unknown[]) => void;
  /** The server refused the question, the session stays. */
  readonly refused: (error: unknown) => void;
}

export class Session {
  readonly #events: SessionEvents;
  readonly #plan: ConnectionPlan;
  readonly #errors: unknown[] = [];
  #state: 'opening' | 'open' | 'over' = 'opening';
  #socket: Socket | undefined;
  #client: pg.Client | undefined;
  #resolved = false;
  #reached = false;

  constructor(plan: ConnectionPlan, events: SessionEvents) {
    this.#plan = plan;
    this.#events = events;
    if (plan.problem !== undefined) this.#errors.push(new ConnectionProblem(plan.problem));
    // Not before the constructor's caller holds the session.
    queueMicrotask(() => this.#attempt(0));
  }

  /** True while it waits for a TCP connection to a known address: nothing is lost by starting anew. */
  get knocking(): boolean {
    return this.#state === 'opening' && this.#resolved && !this.#reached;
  }

  /**
   * Not before `opened`, and not before the last question was answered or refused.
   * `form`: values as node-postgres reads them, or as PostgreSQL writes them.
   */
  ask(text: string, form: 'values' | 'text' = 'values'): void {
    const types = form === 'text' ? { types: { getTypeParser: () => asWritten } } : {};
    this.#client?.query({ text, rowMode: 'array', ...types }).then(
      (result: unknown) => {
        if (this.#state === 'open') this.#events.answered(lastRows(result));
      },
      (error: unknown) => {
        const staysOpen = error instanceof pg.DatabaseError && !error.code?.startsWith('57P');
        if (!staysOpen) this.#lost(error);
        else if (this.#state === 'open') this.#events.refused(error);
      },
    );
  }

  /** Cuts the connection without a word. */
  destroy(): void {
    this.#state = 'over';
    this.#socket?.destroy();
  }

  /** Says goodbye first, so that the server's log stays quiet; waits for nobody. */
  close(): void {
    const { client, socket } = { client: this.#client, socket: this.#socket };
    const wasOpen = this.#state === 'open';
    this.#state = 'over';
    if (!wasOpen || client === undefined) {
      socket?.destroy();
      return;
    }
    client.end().catch(() => {});
    setImmediate(() => socket?.destroy());
  }

  #attempt(index: number): void {
    if (this.#state === 'over') return;
    const options = this.#plan.attempts[index];
    if (options === undefined) {
      this.#fail();
      return;
    }
    const socket = options.host.startsWith('/') ? new Socket() : new SocketTo(options.host);
    this.#socket = socket;
    this.#resolved = isIP(options.host) !== 0;
    this.#reached = false;
    socket.once('lookup', () => {
      this.#resolved = true;
    });
    socket.once('connect', () => {
      this.#reached = true;
    });
    let outcome: 'none' | 'open' | 'failed' = 'none';
    const end = (error: unknown): void => {
      if (outcome === 'open') this.#lost(error);
      if (outcome !== 'none') return;
      outcome = 'failed';
      socket.destroy();
      if (this.#state !== 'opening') return;
      const isLast = index + 1 >= this.#plan.attempts.length;
      // That a server offers no TLS where none is asked for (prefer) is nothing to report.
      if (isLast || !offersNoTls(error)) this.#errors.push(error);
      if (isLast || !mayTryOtherWay(error, options.tls !== undefined && this.#reached)) this.#fail();
      else this.#attempt(index + 1);
    };
    try {
      const client = new pg.Client(clientConfig(options, socket));
      this.#client = client;
      client.on('error', end);
      client.connect().then(() => {
        if (outcome !== 'none') return;
        outcome = 'open';
        if (this.#state !== 'opening') return;
        this.#state = 'open';
        this.#events.opened();
      }, end);
    } catch (error) {
      end(error);
    }
  }

  #fail(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'over';
    this.#events.failed(this.#errors);
  }

  #lost(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'over';
    this.#socket?.destroy();
    this.#events.ended(error);
  }
}

const lookup = sharedLookup();

/** Connects to this host, whatever name it is told. */
class SocketTo extends Socket {
  readonly #host: string;

  constructor(host: string) {
    super();
    this.#host = host;
  }

  override connect(port: unknown): this {
    return super.connect({ host: this.#host, port: Number(port), lookup });
  }
}

const asWritten = (value: string | Buffer): string => value.toString();

/** Several statements give an array of results. */
function lastRows(result: unknown): readonly unknown[] {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  return last instanceof pg.Result ? last.rows : [];
}

function clientConfig(options: ConnectionOptions, socket: Socket): pg.ClientConfig {
  const { serverName, port, user, database, password, applicationName, tls } = options;
  return {
    // By this name node-postgres greets the server (SNI, unless it is an address); where the socket connects to is the socket's own matter.
    host: serverName,
    port,
    user,
    database,
    // Always a function: else node-postgres looks for a password by itself.
    password: () => {
      if (password) return password;
      throw new ConnectionProblem('the server asks for a password and none is known: set password or passfile');
    },
    application_name: applicationName,
    ...(options.options === undefined ? {} : { options: options.options }),
    sslnegotiation: 'postgres',
    ssl: tls === undefined ? false : nodeTls(tls, serverName),
    // libpq's channel_binding=prefer. Without TLS the flag would claim that the server can't.
    enableChannelBinding: tls !== undefined,
    stream: () => socket,
  };
}

function nodeTls(tls: TlsOptions, host: string): NodeTlsOptions {
  return {
    secureContext: secureContext(tls),
    rejectUnauthorized: tls.verify !== 'nothing',
    checkServerIdentity: (_, certificate) => {
      const problem = tls.verify === 'host' ? certificateNameProblem(host, certificate) : undefined;
      return problem === undefined ? undefined : new ConnectionProblem(problem);
    },
  };
}

const contexts = new WeakMap<TlsOptions, SecureContext>();

/** Parsed certificates; parsing costs more than a connection, and a plan is used again and again. */
function secureContext(tls: TlsOptions): SecureContext {
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const { roots, revoked, client } = tls;
  try {
    const made = createSecureContext({
      ...(roots === undefined ? {} : { ca: roots }),
      ...(revoked.length === 0 ? {} : { crl: [...revoked] }),
      ...(client === undefined ? {} : { cert: client.cert, key: client.key }),
    });
    contexts.set(tls, made);
    return made;
  } catch (error) {
    const files =
      client === undefined ? 'the root certificates' : `${client.certFile}, ${client.keyFile} or the root certificates`;
    throw new ConnectionProblem(`${files} can't be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
