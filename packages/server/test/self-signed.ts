// Certificates for unit tests, which have no openssl: self-signed, for localhost and 127.0.0.1, put together byte by byte (RFC 5280, DER).
import { generateKeyPairSync, sign } from 'node:crypto';

export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

type Bytes = Uint8Array;

const der = (tag: number, ...parts: readonly Bytes[]): Bytes => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Bytes[]): Bytes => der(0x30, ...parts);
const oid = (hex: string): Bytes => der(0x06, Buffer.from(hex, 'hex'));
const text = (tag: number, value: string): Bytes => der(tag, Buffer.from(value));
const time = (date: Date): Bytes => text(0x18, `${date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`);

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
const subjectAltName = sequence(
  oid('551d11'),
  der(0x04, sequence(text(0x82, 'localhost'), der(0x87, Buffer.from([127, 0, 0, 1])))),
);
// basicConstraints: it is its own authority.
const isAuthority = sequence(oid('551d13'), der(0x04, sequence(der(0x01, Buffer.from([255])))));

/** A new key and a certificate for it that names `commonName`. */
export function selfSigned(commonName: string, notAfter = new Date('2099-01-01T00:00:00Z')): PemPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(der(0x31, sequence(oid('550403'), text(0x0c, commonName))));
  const facts = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(time(new Date('2020-01-01T00:00:00Z')), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subjectAltName, isAuthority)),
  );
  const signature = sign('sha256', facts, privateKey);
  const whole = sequence(facts, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines =
    Buffer.from(whole)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
