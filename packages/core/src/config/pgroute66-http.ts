// PgRoute66's `bind`, `port` and `ssl` -> where and how the API listens.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { HttpSpec, TlsSpec } from './config.ts';
import { base64 } from './pgroute66-host.ts';
import type { Notes } from './pgroute66-notes.ts';
import { httpDefault } from './schema.ts';

interface HttpKeys {
  readonly bind?: string | undefined;
  readonly port?: string | undefined;
  readonly ssl?: Readonly<Record<string, unknown>> | null | undefined;
}

/** As PgRoute66's: `localhost`, and 8080 or, with HTTPS, 8443. Availability is on, since PgRoute66 always answers it. */
export function httpOf({ bind, port, ssl }: HttpKeys, notes: Notes): HttpSpec {
  const tls = tlsOf(ssl ?? {}, notes);
  return {
    // `[::1]`, as Go needs it before a port.
    host: (bind ?? '').replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: portOf(port ?? '', notes) || (tls === undefined ? 8080 : 8443),
    tls,
    maxAgeMs: httpDefault.maxAgeMs,
    availability: true,
    control: httpDefault.control,
  };
}

/** 0: the default. */
function portOf(written: string, notes: Notes): number {
  const port = written === '' ? 0 : goNumber(written);
  if (port !== undefined && port >= 0 && port <= 65_535) return port;
  notes.complain(['port'], 'is no port', 'write a number from 1 to 65535');
  return 0;
}

/** A whole number as yaml.v2 takes it for one: with `_`, as 0x.., 0o.., 0b.. or 0.. (octal), and fractions cut off. */
function goNumber(written: string): number | undefined {
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/.exec(written.replaceAll('_', '')) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  if (!/^(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d*\.?\d+(e[+-]?\d+)?)$/i.test(octal)) return undefined;
  return Math.trunc(Number(octal)) * (sign === '-' ? -1 : 1);
}

function tlsOf(ssl: Readonly<Record<string, unknown>>, notes: Notes): TlsSpec | undefined {
  for (const key of Object.keys(ssl)) {
    if (key === 'b64cert' || key === 'b64key' || notes.isLoneKey(['ssl', key])) continue;
    const meant = /cert/i.test(key) ? 'b64cert' : /key/i.test(key) ? 'b64key' : undefined;
    notes.warn(['ssl', key], `is not used, as with PgRoute66${meant === undefined ? '' : `; the key is '${meant}'`}`);
  }
  const [cert, key] = [textOf(ssl['b64cert']), textOf(ssl['b64key'])];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const [there, missing] = cert === undefined ? ['b64key', 'b64cert'] : ['b64cert', 'b64key'];
    notes.warn(
      ['ssl'],
      `PLAIN HTTP: there is '${there}' and no '${missing}', and then PgRoute66 does without HTTPS; give both`,
    );
    return undefined;
  }
  return inline(cert, key, notes);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function inline(cert: string, key: string, notes: Notes): TlsSpec | undefined {
  const certPem = pem(cert, 'b64cert', (text) => new X509Certificate(text), 'a certificate', notes);
  const keyPem = pem(key, 'b64key', (text) => createPrivateKey(text), 'a private key without a passphrase', notes);
  if (certPem === undefined || keyPem === undefined) return undefined;
  if (new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem)))
    return { kind: 'inline', certPem, keyPem };
  notes.complain(
    ['ssl', 'b64key'],
    'is not the key of the certificate in b64cert',
    'give the two that belong together',
  );
  return undefined;
}

/** Never repeats what it was given, nor what OpenSSL says about it. */
function pem(
  written: string,
  key: string,
  open: (text: string) => unknown,
  what: string,
  notes: Notes,
): string | undefined {
  const bytes = base64(written);
  const complain = (message: string, remedy: string): undefined => void notes.complain(['ssl', key], message, remedy);
  if (!bytes.ok) return complain(bytes.message, bytes.remedy);
  const text = bytes.value.toString('utf8');
  try {
    open(text);
    return text;
  } catch {
    return complain(`does not hold ${what} in PEM form`, 'encode the PEM file with `base64 -w0 FILE`');
  }
}
