// Certificates are renewed while the daemon runs: looks at their files every few seconds and hands over what they hold once they have settled.
// What is broken is logged, once, and not handed over: the certificate before stays in use.
//
//   same ──a file differs──▶ changing ──as at the look before──▶ read: taken, or refused with an error in the log ──▶ same
import { statSync } from 'node:fs';
import type { TlsSpec } from '@pgrouted/core/config/config';
import type { Clock, Timer } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import { errorCode, errorText } from '../failure.ts';
import { readTls, type TlsMaterial } from './tls.ts';

/** Some `stat` calls each time. A pair of files is not replaced at one instant, so it takes two looks that see the same. */
const lookEveryMs = 2_000;

export interface CertificateWatchOptions {
  readonly spec: TlsSpec;
  /** What `signatureOf` said before the files were read. */
  readonly read: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Gets what the files hold now. */
  readonly take: (material: TlsMaterial) => void;
}

export class CertificateWatch {
  readonly #o: CertificateWatchOptions;
  #taken: string;
  #last: string;
  #timer: Timer | undefined;

  /** Looking begins with `start`. */
  constructor(options: CertificateWatchOptions) {
    this.#o = options;
    this.#taken = options.read;
    this.#last = options.read;
  }

  start(): void {
    if (this.#o.spec.kind === 'files') this.#timer = this.#o.clock.after(lookEveryMs, () => this.#look());
  }

  /** Looks now, and takes what is there at once: somebody says that it is complete. */
  lookNow(): void {
    const now = signatureOf(this.#o.spec);
    this.#last = now;
    if (now !== this.#taken) this.#read(now);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const now = signatureOf(this.#o.spec);
    if (now !== this.#taken && now === this.#last) this.#read(now);
    this.#last = now;
    this.start();
  }

  #read(now: string): void {
    this.#taken = now;
    const { spec, log, take } = this.#o;
    try {
      const material = readTls(spec);
      take(material);
      log.info({ notAfter: material.notAfter.toISOString() }, 'HTTPS: the certificate was renewed');
    } catch (error) {
      log.error({ err: errorText(error) }, 'HTTPS: the new certificate was not taken; the one before stays in use');
    }
  }
}

/** Another one as soon as a file is another. Follows links, so a swapped folder link (as Kubernetes and certbot do it) is a change too. */
export function signatureOf(spec: TlsSpec): string {
  return spec.kind === 'inline' ? '' : [spec.cert, spec.key, spec.clientCa ?? ''].map(signatureOfFile).join();
}

function signatureOfFile(path: string): string {
  try {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    // Reading it tells why, in words.
    return errorCode(error) ?? 'unknown';
  }
}
