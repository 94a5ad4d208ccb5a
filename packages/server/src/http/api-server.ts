// Where the API listens, through changes of the configuration and of the certificate. A listener is replaced only where it has to be.
//
//   listening ──another certificate──▶ listening (open connections stay)
//       └──another address, TLS on or off, clients' certificates asked for or not──▶ closed ──▶ listening anew, or, where that fails, as before
import type { RequestListener } from 'node:http';
import type { HttpSpec } from '@pgrouted/core/config/config';
import type { Clock } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import { CertificateWatch, signatureOf } from './certificate-watch.ts';
import { type Listener, listen } from './listener.ts';
import { readTls, type TlsMaterial } from './tls.ts';

export interface ApiServerOptions {
  readonly spec: HttpSpec;
  readonly handle: RequestListener;
  readonly clock: Clock;
  readonly log: Log;
}

/** A spec whose certificate, if it has one, has been read. */
interface Ready {
  readonly spec: HttpSpec;
  readonly tls: TlsMaterial | undefined;
  /** The files as they were before they were read. */
  readonly seen: string;
}

export class ApiServer {
  readonly #o: ApiServerOptions;
  #now: Ready;
  #listener: Listener;
  #watch: CertificateWatch | undefined;

  /** Throws Failure: the certificate is not good (`config`), the address can't be had (`failed`). */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const first = prepared(options.spec);
    const listener = await listen({ at: first.spec, tls: first.tls, handle: options.handle });
    return new ApiServer(options, first, listener);
  }

  private constructor(options: ApiServerOptions, now: Ready, listener: Listener) {
    this.#o = options;
    this.#now = now;
    this.#listener = listener;
    this.#watchFiles();
  }

  get url(): string {
    return this.#listener.url;
  }

  /** When the certificate runs out; undefined without TLS. */
  get notAfter(): Date | undefined {
    return this.#now.tls?.notAfter;
  }

  /** Takes what has changed, in the files of the certificate too. Throws Failure, and goes on as before. */
  async reconfigure(spec: HttpSpec): Promise<void> {
    const before = this.#now;
    if (JSON.stringify(spec.tls) === JSON.stringify(before.spec.tls) && sameAddress(spec, before.spec)) {
      this.#watch?.lookNow();
      this.#now = { ...this.#now, spec };
      return;
    }
    const next = prepared(spec);
    if (sameAddress(spec, before.spec) && isReplaceable(next, before)) this.#listener.renew(next.tls);
    else await this.#move(next, before);
    this.#now = next;
    this.#watchFiles();
  }

  async close(): Promise<void> {
    this.#watch?.stop();
    await this.#listener.close();
  }

  /** Another port or host: the new one is had before the old one is given up. The same: it has to be given up first. */
  async #move(next: Ready, before: Ready): Promise<void> {
    const { handle, log } = this.#o;
    const old = this.#listener;
    const clashes = next.spec.port === before.spec.port && next.spec.port !== 0;
    if (clashes) await old.close();
    try {
      this.#listener = await listen({ at: next.spec, tls: next.tls, handle });
    } catch (error) {
      if (clashes) this.#listener = await listen({ at: before.spec, tls: before.tls, handle });
      throw error;
    }
    if (!clashes) await old.close();
    log.info({ url: this.url }, 'pgrouted listens');
  }

  #watchFiles(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    const { spec, tls, seen } = this.#now;
    if (spec.tls === undefined || tls === undefined) return;
    this.#warnOfAge(tls);
    this.#watch = new CertificateWatch({
      spec: spec.tls,
      read: seen,
      clock: this.#o.clock,
      log: this.#o.log,
      take: (material) => {
        this.#listener.renew(material);
        this.#now = { ...this.#now, tls: material };
        this.#warnOfAge(material);
      },
    });
    this.#watch.start();
  }

  #warnOfAge({ notAfter }: TlsMaterial): void {
    if (notAfter > this.#o.clock.wall()) return;
    this.#o.log.warn(
      { notAfter: notAfter.toISOString() },
      'HTTPS: the certificate has run out; clients will refuse it',
    );
  }
}

function prepared(spec: HttpSpec): Ready {
  const seen = spec.tls === undefined ? '' : signatureOf(spec.tls);
  return { spec, seen, tls: spec.tls === undefined ? undefined : readTls(spec.tls) };
}

const sameAddress = (a: HttpSpec, b: HttpSpec): boolean => a.host === b.host && a.port === b.port;

/** Whether a listener that has the one can be given the other. */
const isReplaceable = (a: Ready, b: Ready): a is Ready & { readonly tls: TlsMaterial } =>
  a.tls !== undefined && b.tls !== undefined && (a.tls.clientCa === undefined) === (b.tls.clientCa === undefined);
