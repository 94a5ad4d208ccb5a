// The certificate of the HTTPS listener: read, and checked before anything relies on it. Every error names the key of the configuration, the file and
// what to do; no text holds anything of a private key.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsSpec } from '@pgrouted/core/config/config';
import { errorCode, errorText, exitCodes, Failure } from '../failure.ts';

/** PEM texts that belong together. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients; undefined: clients show none. */
  readonly clientCa: string | undefined;
  /** When the certificate runs out. */
  readonly notAfter: Date;
}

interface Pem {
  /** For messages: `http.tls.cert: /etc/pgrouted/tls.crt`. */
  readonly name: string;
  readonly text: string;
}

/** Throws Failure (`config`). */
export function readTls(spec: TlsSpec): TlsMaterial {
  if (spec.kind === 'inline') {
    return checked({ name: 'ssl.b64cert', text: spec.certPem }, { name: 'ssl.b64key', text: spec.keyPem }, undefined);
  }
  return checked(
    readPem('http.tls.cert', spec.cert),
    readPem('http.tls.key', spec.key),
    spec.clientCa === undefined ? undefined : readPem('http.tls.client_ca', spec.clientCa),
  );
}

function readPem(key: string, path: string): Pem {
  const name = `${key}: ${path}`;
  try {
    return { name, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const why: Record<string, string> = {
      ENOENT: 'there is no such file; put it there, or name another',
      EACCES: 'it may not be read by this user; make it readable for the user that pgrouted runs as',
      EISDIR: 'it is a folder; name a PEM file',
    };
    throw wrong(name, why[errorCode(error) ?? ''] ?? errorText(error));
  }
}

function checked(cert: Pem, key: Pem, clientCa: Pem | undefined): TlsMaterial {
  const certificate = certificateOf(cert);
  if (clientCa !== undefined) certificateOf(clientCa);
  if (!certificate.checkPrivateKey(privateKeyOf(key)))
    throw wrong(key.name, `it is not the key of the certificate in ${cert.name}; give two that were made together`);
  try {
    createSecureContext({ cert: cert.text, key: key.text, ca: clientCa?.text });
  } catch (error) {
    throw wrong(cert.name, `OpenSSL does not take it: ${errorText(error)}`);
  }
  return { cert: cert.text, key: key.text, clientCa: clientCa?.text, notAfter: new Date(certificate.validTo) };
}

/** The first one in the text: of a chain, the server's own. */
function certificateOf({ name, text }: Pem): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw wrong(name, 'it holds no certificate; it has to be PEM, which begins with -----BEGIN CERTIFICATE-----');
  }
}

function privateKeyOf({ name, text }: Pem): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const isEncrypted = errorCode(error) === 'ERR_MISSING_PASSPHRASE' || text.includes('ENCRYPTED');
    throw wrong(
      name,
      isEncrypted
        ? 'it is encrypted, and nobody is there to give the passphrase; write it without one (openssl pkey -in KEY -out KEY)'
        : 'it holds no private key; it has to be PEM, such as begins with -----BEGIN PRIVATE KEY-----',
    );
  }
}

const wrong = (name: string, what: string): Failure => new Failure(exitCodes.config, `${name}: ${what}`);
