import { describe, expect, it } from 'vitest';
import { addressOf } from './address.ts';

describe('addressOf', () => {
  it.each([
    ['postgres://127.0.0.1:25121/postgres', '127.0.0.1', 25121],
    ['postgresql://db1.example.org/postgres', 'db1.example.org', 5432],
    ['postgres://[2001:db8::1]:5433/postgres', '2001:db8::1', 5433],
    ['postgres://[fe80::1%eth0]/postgres', 'fe80::1%eth0', 5432],
    ['postgres://user:s3cret@10.0.0.1:5432/postgres', '10.0.0.1', 5432],
    ['postgres://host_with_underscore:5432', 'host_with_underscore', 5432],
    ['postgres://10.0.0.1:5432,10.0.0.2:5433/postgres?target_session_attrs=read-write', '10.0.0.1', 5432],
    ['postgres://,10.0.0.2:5433/postgres', '10.0.0.2', 5433],
    ['postgres://10.0.0.1:5432/postgres?application_name=http://10.0.0.1:8008/patroni', '10.0.0.1', 5432],
  ])('%s', (url, host, port) => {
    expect(addressOf(url)).toEqual({ host, port });
  });

  it.each([
    [''],
    ['http://10.0.0.1:5432/'],
    ['postgres:///postgres'],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/postgres'],
    ['postgres://10.0.0.1:0/'],
    ['postgres://10.0.0.1:65536/'],
    ['postgres://10.0.0.1:54x2/'],
    ['postgres://2001:db8::1/postgres'],
    ['postgres://[2001:db8::1/postgres'],
    ['postgres://a b:5432/'],
    ['postgres://a;shutdown sessions server x:5432/'],
    ['postgres://a\nset server x state ready:5432/'],
    [`postgres://${'a'.repeat(10_000)}:5432/`],
  ])('has no address in %j', (url) => {
    expect(addressOf(url)).toBeUndefined();
  });
});
