// TLS as libpq means it: which files are used, what is checked, what is refused. PostgreSQL manual, "SSL Support" of libpq.
// Reads files through the surroundings; knows neither sockets nor Node's TLS.
import type { ProbeSpec } from '../model/spec.ts';
import type { FileReading, Surroundings } from './surroundings.ts';

export type SslMode = NonNullable<ProbeSpec['sslmode']>;

export interface TlsOptions {
  /** `nothing`: only encrypts. `chain`: signed by a known root. `host`: and for the host that we meant. */
  readonly verify: 'nothing' | 'chain' | 'host';
  /** PEM; undefined with a `verify` other than `nothing`: the roots that Node brings. */
  readonly roots: string | undefined;
  /** Revocation lists, one PEM text each; empty: none is looked at. */
  readonly revoked: readonly string[];
  /** PEM of the client's certificate chain and key, both or none. */
  readonly client:
    | { readonly cert: string; readonly key: string; readonly certFile: string; readonly keyFile: string }
    | undefined;
}

/** A problem is a sentence that says what to do; TLS isn't possible then. */
export type TlsAnswer =
  | { readonly kind: 'tls'; readonly tls: TlsOptions; readonly warnings: readonly string[] }
  | { readonly kind: 'impossible'; readonly problem: string };

/** Where systems keep the roots that `sslrootcert=system` means, first found wins. */
const systemRootFiles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

export function tlsOptions(spec: ProbeSpec, mode: SslMode, around: Surroundings): TlsAnswer {
  const roots = rootCertificates(spec, mode, around);
  if (roots.kind === 'impossible') return roots;
  const client = clientCertificate(spec, around);
  if (client.kind === 'impossible') return client;
  // libpq checks the chain whenever it has a root file, whatever the mode; without one it checks nothing.
  const verify = roots.kind === 'none' ? 'nothing' : mode === 'verify-full' ? 'host' : 'chain';
  const lists = roots.kind === 'none' ? { revoked: [], warnings: [] } : revocationLists(spec, around);
  return {
    kind: 'tls',
    tls: {
      verify,
      roots: roots.kind === 'pem' ? roots.pem : undefined,
      revoked: lists.revoked,
      client: client.kind === 'pair' ? client.pair : undefined,
    },
    warnings: [...(roots.kind === 'none' && roots.warning !== undefined ? [roots.warning] : []), ...lists.warnings],
  };
}

/** True when the configuration or the environment says `sslrootcert=system`, which allows no mode but verify-full. */
export const usesSystemRoots = (spec: ProbeSpec, { env }: Surroundings): boolean =>
  (spec.sslrootcert || env['PGSSLROOTCERT']) === 'system';

type Impossible = { readonly kind: 'impossible'; readonly problem: string };
const impossible = (problem: string): Impossible => ({ kind: 'impossible', problem });

type Roots =
  | { readonly kind: 'pem'; readonly pem: string }
  | { readonly kind: 'node' }
  | { readonly kind: 'none'; readonly warning: string | undefined }
  | Impossible;

function rootCertificates(spec: ProbeSpec, mode: SslMode, around: Surroundings): Roots {
  if (usesSystemRoots(spec, around)) {
    for (const path of [around.env['SSL_CERT_FILE'], ...systemRootFiles]) {
      const file = path ? around.readFile(path) : undefined;
      if (file?.kind === 'file') return { kind: 'pem', pem: file.text };
    }
    return { kind: 'node' };
  }
  const named = spec.sslrootcert || around.env['PGSSLROOTCERT'];
  const path = named || defaultFile(around, 'root.crt');
  const file: FileReading = path === undefined ? { kind: 'missing' } : around.readFile(path);
  if (file.kind === 'file') {
    if (/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(file.text)) return { kind: 'pem', pem: file.text };
    return impossible(`root certificate file ${path} holds no PEM certificate`);
  }
  if (file.kind === 'unreadable') return impossible(`root certificate file ${path} can't be read: ${file.error}`);
  if (file.kind === 'not-a-file') return impossible(`root certificate file ${path} is no file`);
  // libpq takes a file that it can't even look at for one that is not there.
  const absent = file.kind === 'out-of-reach' ? `is out of reach (${file.error})` : 'does not exist';
  if (mode === 'verify-ca' || mode === 'verify-full') {
    const where =
      path === undefined
        ? 'there is no home folder to look for root.crt in'
        : `root certificate file ${path} ${absent}`;
    return impossible(
      `${where}: provide it (sslrootcert, which may be 'system'), or choose an sslmode that doesn't verify`,
    );
  }
  return {
    kind: 'none',
    warning: named ? `root certificate file ${named} ${absent}: the server is not verified` : undefined,
  };
}

/** A list that can't be used is passed over, as libpq does; unlike libpq it is told, where somebody named it. */
function revocationLists(
  spec: ProbeSpec,
  around: Surroundings,
): { readonly revoked: readonly string[]; readonly warnings: readonly string[] } {
  const named = spec.sslcrl || around.env['PGSSLCRL'];
  const path = named || defaultFile(around, 'root.crl');
  const file: FileReading = path === undefined ? { kind: 'missing' } : around.readFile(path);
  const lists = file.kind === 'file' ? file.text.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g) : null;
  if (lists !== null) return { revoked: lists, warnings: [] };
  const isQuiet = path === undefined || (!named && file.kind !== 'file');
  return {
    revoked: [],
    warnings: isQuiet ? [] : [`revocation list ${path} can't be used: nothing is looked up in it`],
  };
}

type ClientPair =
  | { readonly kind: 'pair'; readonly pair: NonNullable<TlsOptions['client']> }
  | { readonly kind: 'none' }
  | Impossible;

function clientCertificate(spec: ProbeSpec, around: Surroundings): ClientPair {
  const certFile = spec.sslcert || around.env['PGSSLCERT'] || defaultFile(around, 'postgresql.crt');
  const cert: FileReading = certFile === undefined ? { kind: 'missing' } : around.readFile(certFile);
  // A missing certificate is no error: the server may ask for none.
  if (cert.kind === 'missing' || certFile === undefined) return { kind: 'none' };
  if (cert.kind !== 'file') return impossible(`client certificate file ${certFile} can't be read: ${whyNot(cert)}`);
  const keyFile = spec.sslkey || around.env['PGSSLKEY'] || defaultFile(around, 'postgresql.key');
  const key: FileReading = keyFile === undefined ? { kind: 'missing' } : around.readFile(keyFile);
  if (keyFile === undefined || key.kind === 'missing') {
    return impossible(
      `client certificate ${certFile} is there, but not its private key ${keyFile ?? '(no home folder)'}`,
    );
  }
  if (key.kind !== 'file') return impossible(`private key file ${keyFile} can't be read: ${whyNot(key)}`);
  // Root's own keys may be readable by a group (ssl-cert); anybody else's by nobody but the owner.
  const forbidden = key.ownerId === 0 ? 0o037 : 0o077;
  if ((key.mode & forbidden) !== 0) {
    const rule = 'permissions must be u=rw (0600) or less, or u=rw,g=r (0640) or less if owned by root';
    return impossible(`private key file ${keyFile} has group or world access: ${rule}`);
  }
  return { kind: 'pair', pair: { cert: cert.text, key: key.text, certFile, keyFile } };
}

const whyNot = (file: FileReading): string =>
  file.kind === 'unreadable' || file.kind === 'out-of-reach' ? file.error : 'it is no regular file';

const defaultFile = ({ home }: Surroundings, name: string): string | undefined =>
  home === undefined ? undefined : `${home}/.postgresql/${name}`;
