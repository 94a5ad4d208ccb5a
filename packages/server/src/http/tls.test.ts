import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../test/self-signed.ts';
import { exitCodes } from '../failure.ts';
import { readTls } from './tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgrouted-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const mine = selfSigned('mine', new Date('2031-02-03T04:05:06Z'));
const other = selfSigned('other');
const cert = file('mine.crt', mine.cert);
const key = file('mine.key', mine.key);
const files = (change: { cert?: string; key?: string; clientCa?: string } = {}) => ({
  kind: 'files' as const,
  cert,
  key,
  clientCa: undefined,
  ...change,
});

describe('the certificate of the API', () => {
  it('is read from files, with whoever signs the certificates of clients', () => {
    const clientCa = file('clients.crt', other.cert);
    expect(readTls(files({ clientCa }))).toEqual({
      ...mine,
      clientCa: other.cert,
      notAfter: new Date('2031-02-03T04:05:06Z'),
    });
  });

  it("stands in PgRoute66's own configuration as text", () => {
    expect(readTls({ kind: 'inline', certPem: mine.cert, keyPem: mine.key })).toMatchObject(mine);
  });

  it('may be a chain, of which the first is ours', () => {
    const chain = file('chain.crt', `${mine.cert}${other.cert}`);
    expect(readTls(files({ cert: chain })).cert).toBe(`${mine.cert}${other.cert}`);
  });

  it.each<[what: string, change: Parameters<typeof files>[0], message: RegExp]>([
    [
      'a missing file',
      { cert: join(folder, 'nope') },
      /^http\.tls\.cert: \S+nope: there is no such file; put it there/,
    ],
    ['a folder', { key: folder }, /^http\.tls\.key: \S+: it is a folder/],
    [
      'no certificate',
      { cert: file('junk', 'junk') },
      /^http\.tls\.cert: \S+junk: it holds no certificate; it has to be PEM/,
    ],
    [
      'no key',
      { key: file('nokey', mine.cert) },
      /^http\.tls\.key: \S+nokey: it holds no private key; it has to be PEM/,
    ],
    [
      'a key of another certificate',
      { key: file('other.key', other.key) },
      /^http\.tls\.key: \S+other\.key: it is not the key of the certificate in http\.tls\.cert: \S+mine\.crt; give two/,
    ],
    [
      'no certificate of an authority',
      { clientCa: file('noca', '') },
      /^http\.tls\.client_ca: \S+noca: it holds no certificate/,
    ],
  ])('is refused: %s', (_, change, message) => {
    expect(() => readTls(files(change))).toThrow(
      expect.objectContaining({ exitCode: exitCodes.config, message: expect.stringMatching(message) }),
    );
  });

  it('is refused with an encrypted key, by how to decrypt it', () => {
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'prime256v1',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' },
    }).privateKey;
    expect(() => readTls(files({ key: file('encrypted.key', encrypted) }))).toThrow(/it is encrypted.*openssl pkey/);
  });

  it('never tells anything of the key', () => {
    const half = mine.key.slice(0, 120);
    const wrong = () => readTls({ kind: 'inline', certPem: mine.cert, keyPem: half });
    expect(wrong).toThrow(/^ssl\.b64key: it holds no private key/);
    expect(wrong).not.toThrow(half.slice(30, 60));
  });
});
