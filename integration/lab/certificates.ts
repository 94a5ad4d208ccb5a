// Certificates for tests and benchmarks, made by the openssl program: one authority, servers on loopback, clients.
// Keys are thrown away with the folder that they lie in.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Path of the authority's own certificate. */
  readonly ca: string;
  /**
   * Signs a new pair for 127.0.0.1, ::1 and localhost, good as server and as client, and puts it in place file by file, each whole
   * at once, as certificate tools do. The same name again: a rotation.
   */
  readonly issue: (name: string) => KeyPair;
  /** Writes a revocation list that names these certificates and all that were revoked before; gives its path. */
  readonly revoke: (...certs: readonly string[]) => string;
}

/** A new authority whose files lie in `folder` (made if missing). */
export function makeAuthority(folder: string, commonName = 'pgrouted test authority'): Authority {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    `/CN=${commonName}`,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
  );
  writeFileSync(
    at('ext'),
    'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n',
  );
  return {
    ca: at('ca.crt'),
    issue: (name) => {
      const pair = { cert: at(`${name}.crt`), key: at(`${name}.key`) };
      openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${pair.key}.new`, '-out', at(`${name}.csr`));
      const sign = [
        '-CA',
        at('ca.crt'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        at('ext'),
      ];
      openssl('x509', '-req', '-in', at(`${name}.csr`), ...sign, '-out', `${pair.cert}.new`);
      renameSync(`${pair.key}.new`, pair.key);
      renameSync(`${pair.cert}.new`, pair.cert);
      return pair;
    },
    revoke: (...certs) => {
      const settings = `database=${at('revoked')}\ndefault_md=sha256\ndefault_crl_days=2\n`;
      writeFileSync(at('ca.conf'), `[ca]\ndefault_ca=own\n[own]\n${settings}`);
      writeFileSync(at('revoked'), '', { flag: 'a' });
      const own = ['-config', at('ca.conf'), '-cert', at('ca.crt'), '-keyfile', at('ca.key')];
      for (const cert of certs) openssl('ca', ...own, '-revoke', cert);
      openssl('ca', ...own, '-gencrl', '-out', at('ca.crl'));
      return at('ca.crl');
    },
  };
}
