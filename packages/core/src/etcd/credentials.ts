// The certificate files of the connection to etcd: read when a connection is made, watched for change in between.
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { EtcdSpec } from '../model/spec.ts';
import { EtcdError, messageOf } from './errors.ts';

export class Credentials {
  readonly #files: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
  #seen: string;

  constructor(spec: Pick<EtcdSpec, 'ca' | 'cert' | 'key'>) {
    this.#files = { ca: spec.ca, cert: spec.cert, key: spec.key };
    this.#seen = this.#signature();
  }

  /** False: there are no files, and nothing can change. */
  get any(): boolean {
    return this.#paths().length > 0;
  }

  /** Reads the files as they are now. Throws EtcdError `tls` with the path when one can't be read. */
  read(): SecureContextOptions {
    const { ca, cert, key } = this.#files;
    return {
      ...(ca === undefined ? {} : { ca: readPem('ca', ca) }),
      ...(cert === undefined ? {} : { cert: readPem('cert', cert) }),
      ...(key === undefined ? {} : { key: readPem('key', key) }),
    };
  }

  /** Whether a file has changed since the last call (or since the start). A few `stat` calls, so it may be asked every few seconds. */
  changed(): boolean {
    const now = this.#signature();
    if (now === this.#seen) return false;
    this.#seen = now;
    return true;
  }

  #paths(): readonly string[] {
    return [this.#files.ca, this.#files.cert, this.#files.key].filter((path) => path !== undefined);
  }

  /** Follows links, so a swapped directory link (as Kubernetes and certbot do it) is a change too. */
  #signature(): string {
    return this.#paths()
      .map((path) => {
        const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
        return stat === undefined ? 'missing' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
      })
      .join();
  }
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new EtcdError('tls', `can't read etcd's ${what} file: ${messageOf(error)}`, error);
  }
}
