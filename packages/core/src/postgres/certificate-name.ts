// Whether a server's certificate names the host that we meant, by libpq's rules (sslmode=verify-full), which differ from a browser's.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** What of a certificate the name check looks at. */
export interface CertificateNames {
  /** The certificate in DER form. */
  readonly raw: Uint8Array;
}

/**
 * Undefined when the certificate is for `host`, else the sentence that says what it is for.
 * Names of the host's own type (DNS or IP) in subjectAltName decide; only without any of these the Common Name is looked at (PostgreSQL 15 and later).
 */
export function certificateNameProblem(host: string, { raw }: CertificateNames): string | undefined {
  const certificate = new X509Certificate(raw);
  const names = alternativeNames(certificate.subjectAltName ?? '');
  const dnsNames = names.filter(({ type }) => type === 'DNS').map(({ value }) => value);
  const ipNames = names.filter(({ type }) => type === 'IP Address').map(({ value }) => value);
  const hostIsIp = isIP(host) !== 0;
  if (dnsNames.some((name) => nameMatches(name, host))) return undefined;
  if (hostIsIp && certificate.checkIP(host) !== undefined) return undefined;
  const sameType = hostIsIp ? ipNames : dnsNames;
  const commonName = sameType.length === 0 ? commonNameOf(certificate) : undefined;
  if (commonName !== undefined && nameMatches(commonName, host)) return undefined;
  const examined = [...dnsNames, ...ipNames, ...(commonName === undefined ? [] : [commonName])];
  if (examined.length === 0) return `the server's certificate names no host (wanted: ${host})`;
  const more = examined.length > 1 ? ` and ${examined.length - 1} more` : '';
  return `the server's certificate is for ${examined[0]}${more}, not for ${host}`;
}

/** Equal without regard to case, or `*.` standing for exactly one label at the start. */
function nameMatches(pattern: string, host: string): boolean {
  const [lowerPattern, lowerHost] = [pattern.toLowerCase(), host.toLowerCase()];
  if (lowerPattern.includes('\0')) return false;
  if (lowerPattern === lowerHost) return true;
  if (!lowerPattern.startsWith('*.') || lowerPattern.length < 3 || isIP(host) !== 0) return false;
  const suffix = lowerPattern.slice(1);
  const label = lowerHost.slice(0, -suffix.length);
  return lowerHost.endsWith(suffix) && label !== '' && !label.includes('.');
}

/** The first Common Name of the subject (Node prints one attribute per line). */
function commonNameOf(certificate: X509Certificate): string | undefined {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1];
}

/** Node's text form: `DNS:a.example, IP Address:127.0.0.1`; a value with special characters stands in JSON quotes. */
function alternativeNames(text: string): readonly { readonly type: string; readonly value: string }[] {
  const entries = text.match(/[^,:"\s][^,:"]*:(?:"(?:\\.|[^"\\])*"|[^,"]*)/g) ?? [];
  return entries.map((entry) => {
    const colon = entry.indexOf(':');
    const value = entry.slice(colon + 1);
    return { type: entry.slice(0, colon).trim(), value: value.startsWith('"') ? unquoted(value) : value };
  });
}

function unquoted(value: string): string {
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
