// The certificates of test/fixtures/certificates/names.json are self-signed and differ in nothing but their names.
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import certificates from '../../test/fixtures/certificates/names.json' with { type: 'json' };
import { certificateNameProblem } from './certificate-name.ts';

const problem = (host: string, name: keyof typeof certificates): string | undefined =>
  certificateNameProblem(host, new X509Certificate(certificates[name]));

describe('certificateNameProblem', () => {
  it.each([
    ['db1.example.com', 'dnsNames'],
    ['DB1.Example.COM', 'dnsNames'],
    ['db7.pg.example.com', 'dnsNames'],
    ['db1.example.com', 'commonNameOnly'],
    ['db1.example.com', 'wildcardCommonName'],
    ['127.0.0.1', 'ipNames'],
    ['2001:db8::1', 'ipNames'],
    ['127.0.0.1', 'ipWrittenAsDns'],
    ['127.0.0.1', 'ipInCommonName'],
    // Only names of the host's own type rule the Common Name out.
    ['db1.example.com', 'ipNames'],
    ['db1.example.com', 'otherNamesOnly'],
  ] as const)('takes %s from %s', (host, name) => {
    expect(problem(host, name)).toBeUndefined();
  });

  it.each([
    ['other.example', 'dnsNames'],
    ['pg.example.com', 'dnsNames'],
    ['a.b.pg.example.com', 'dnsNames'],
    ['.pg.example.com', 'dnsNames'],
    ['db2.example.com', 'commonNameOnly'],
    ['evil.example', 'commonNameOnly'],
    ['127.0.0.2', 'ipNames'],
    ['127.0.0.1', 'dnsNames'],
    ['127.0.0.1', 'commonNameOnly'],
    ['evil.example', 'otherNamesOnly'],
    ['evil.example', 'forgedText'],
  ] as const)('refuses %s from %s', (host, name) => {
    expect(problem(host, name)).toContain(`not for ${host}`);
  });

  it('says what the certificate is for', () => {
    expect(problem('pg9', 'dnsNames')).toBe("the server's certificate is for db1.example.com and 1 more, not for pg9");
  });
});
