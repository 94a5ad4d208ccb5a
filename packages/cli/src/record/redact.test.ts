import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it.each([
    'n1',
    '',
    '7710220785090801964',
    '{"conn_url":"postgres://127.0.0.1:25121/postgres","api_url":"http://127.0.0.1:25111/patroni"}',
    '{"conn_url": "postgres://joe@[::1]:5432/postgres",  "role": "master" }',
    '{"conn_url":"postgres://10.0.0.1:5432/post@gres"}',
    '{"leader":"n1","sync_standby":null}',
    '[[1,67432712,"no recovery target specified","2026-11-20T11:55:37+00:00","n2"]]',
    '{"slots":{"n1":67282616}}',
    'http://example.org/path@home',
    '{"infoUID":"cdc03856","UID":"5f2dd97f","Generation":3,"ProxyTimeout":15000000000}',
    '{"xLogPos":9223372036854775807,"pgHBA":["host all all 10.0.0.0/8 md5"],"search_path":"\\"$user\\", public"}',
    '{"passfile":"/var/lib/postgresql/.pgpass","port":"5432","reason":"\\u003cnone\\u003e"}',
    '{"password":""}',
  ])('keeps %s byte for byte', (value) => {
    expect(redact(value)).toBe(value);
  });

  it.each([
    [
      '{"conn_url":"postgres://joe:s3cret@10.0.0.1:5432/postgres","role":"master"}',
      '{"conn_url":"postgres://***:***@10.0.0.1:5432/postgres","role":"master"}',
    ],
    ['postgres://joe:s3@cret@10.0.0.1/db?application_name=x', 'postgres://***:***@10.0.0.1/db?application_name=x'],
    ['postgres://joe:s3?c#r/et@10.0.0.1/db', 'postgres://***:***@10.0.0.1/db'],
    ['postgres://:s3cret@h/db', 'postgres://***:***@h/db'],
    ['postgres://h/db?password=s3cret&x=1', 'postgres://h/db?password=***&x=1'],
    [
      '{"a":{"b":[{"primary_conninfo":"host=h user=u password=\'s3 \\\\\'cret\' port=1"}]}}',
      '{"a":{"b":[{"primary_conninfo":"host=h user=u password=*** port=1"}]}}',
    ],
    ['host=h password=s3&cr;et"s3 port=1', 'host=h password=*** port=1'],
    ['host=h password = s3\\ cret port=1', 'host=h password = *** port=1'],
    ['PGPASSWORD=s3cret AWS_SECRET_ACCESS_KEY="s3 x" fetch', 'PGPASSWORD=*** AWS_SECRET_ACCESS_KEY=*** fetch'],
    ['fetch --secret-key=s3cret', 'fetch --secret-key=***'],
    [
      '["host all all all ldap ldapbindpasswd=\\"s3 cret\\" ldapport=389","host all all all radius radiussecrets=s3,s3x"]',
      '["host all all all ldap ldapbindpasswd=*** ldapport=389","host all all all radius radiussecrets=***"]',
    ],
    ['{"restore_command":"sshpass -p s3cret scp b:%f %p"}', '{"restore_command":"***"}'],
    ['{"authentication":{"password":"s3cret","username":"u"}}', '{"authentication":{"password":"***","username":"u"}}'],
    ['{"pass\\u0077ord":"s3cret"}', '{"pass\\u0077ord":"***"}'],
    ['{"aws_secret_access_key":"s3cret"}', '{"aws_secret_access_key":"***"}'],
    ['{"passwords":["s3cret",{"of":["s3"]},3333],"n":1}', '{"passwords":["***",{"of":["***"]},"***"],"n":1}'],
    ['{"password":  3333e3 , "n" : [ 1 ] }', '{"password":  "***" , "n" : [ 1 ] }'],
    ['{"inner":"{\\"password\\":\\"s3cret\\"}"}', '{"inner":"{\\"password\\":\\"***\\"}"}'],
    // No JSON, or a part of one.
    ['{"password":"s3cret', '{"password":"***"'],
    ['{password=s3cret}', '{password=***'],
  ])('takes the secret out of %s', (value, clean) => {
    expect(redact(value)).toBe(clean);
    expect(redact(value)).not.toMatch(/s3|333/);
  });

  it('keeps the form and every number of a record that it takes a secret out of', () => {
    const value =
      '{ "xLogPos": 9223372036854775807,\n "password" : "s3cret", "reason":"\\u003cnone\\u003e", "a": 1.0 }';
    expect(redact(value)).toBe(value.replace('s3cret', '***'));
  });
});
