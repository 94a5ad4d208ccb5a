import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it.each([
    'n1',
    '',
    '7710220785090801964',
    '{"conn_url":"postgres://127.0.0.1:25121/postgres","api_url":"http://127.0.0.1:25111/patroni"}',
    '{"conn_url": "postgres://joe@[::1]:5432/postgres",  "role": "master" }',
    '{"leader":"n1","sync_standby":null}',
    '[[1,67432712,"no recovery target specified","2026-11-20T11:55:37+00:00","n2"]]',
    '{"slots":{"n1":67282616}}',
    'http://example.org/path@home',
  ])('keeps %s byte for byte', (value) => {
    expect(redact(value)).toBe(value);
  });

  it.each([
    [
      '{"conn_url":"postgres://joe:s3cret@10.0.0.1:5432/postgres","role":"master"}',
      '{"conn_url":"postgres://***:***@10.0.0.1:5432/postgres","role":"master"}',
    ],
    ['postgres://joe:s3@cret@10.0.0.1/db?application_name=x', 'postgres://***:***@10.0.0.1/db?application_name=x'],
    ['postgres://:s3cret@h/db', 'postgres://***:***@h/db'],
    ['postgres://h/db?password=s3cret&x=1', 'postgres://h/db?password=***&x=1'],
    [
      '{"a":{"b":[{"primary_conninfo":"host=h user=u password=\'s3 \\\\\'cret\' port=1"}]}}',
      '{"a":{"b":[{"primary_conninfo":"host=h user=u password=*** port=1"}]}}',
    ],
    ['{"restore_command":"PGPASSWORD=s3cret fetch %f"}', '{"restore_command":"PGPASSWORD=*** fetch %f"}'],
    ['{"authentication":{"password":"s3cret","username":"u"}}', '{"authentication":{"password":"***","username":"u"}}'],
    ['{"aws_secret_access_key":"s3cret"}', '{"aws_secret_access_key":"***"}'],
    ['{"password":""}', '{"password":""}'],
  ])('takes the secret out of %s', (value, clean) => {
    expect(redact(value)).toBe(clean);
    expect(redact(value)).not.toContain('s3');
  });
});
