import { describe, expect, it } from 'vitest';
import { passwordFromFile } from './passfile.ts';
import type { FileReading } from './surroundings.ts';

const subject = { host: 'db1', port: 5432, database: 'postgres', user: 'probe' };
const file = (text: string, mode = 0o600): FileReading => ({ kind: 'file', text, mode, ownerId: 1000 });
const passwordIn = (text: string, more: Partial<typeof subject> = {}): string | undefined =>
  passwordFromFile('/p', file(text), { ...subject, ...more }).password;

describe('passwordFromFile', () => {
  it('takes the first line that matches, not the best', () => {
    expect(passwordIn('*:*:*:*:first\ndb1:5432:postgres:probe:exact\n')).toBe('first');
  });

  it.each([
    ['db1:5432:postgres:probe:secret', 'secret'],
    ['db1:*:*:probe:secret', 'secret'],
    ['db1:5432:postgres:probe:secret\r\n', 'secret'],
    ['#db1:5432:postgres:probe:old\ndb1:5432:postgres:probe:new', 'new'],
    ['db1:5432:postgres:probe:with\\:colon and \\\\ backslash', 'with:colon and \\ backslash'],
    ['db1:5432:postgres:probe:secret:and a remark', 'secret'],
    ['db1:5432:postgres:probe:trailing\\', 'trailing\\'],
    ['db1:5432:postgres:probe: blanks count ', ' blanks count '],
    ['db\\1:5432:postgres:probe:escaped', 'escaped'],
  ])('reads %j', (text, password) => {
    expect(passwordIn(text)).toBe(password);
  });

  it.each([
    'db2:5432:postgres:probe:secret',
    'db1:5433:postgres:probe:secret',
    'db1:5432:other:probe:secret',
    'db1:5432:postgres:other:secret',
    'DB1:5432:postgres:probe:secret',
    'db*:5432:postgres:probe:secret',
    '\\*:5432:postgres:probe:secret',
    ' db1:5432:postgres:probe:secret',
    'db1:5432:postgres:probe',
    'db1:5432',
    '',
  ])('finds nothing in %j', (text) => {
    expect(passwordIn(text)).toBeUndefined();
  });

  it('finds names that hold colons and stars, escaped', () => {
    expect(passwordIn('2001\\:db8\\:\\:1:5432:postgres:a\\*b:secret', { host: '2001:db8::1', user: 'a*b' })).toBe(
      'secret',
    );
  });

  it('calls the default socket folder localhost', () => {
    expect(passwordIn('localhost:5432:postgres:probe:secret', { host: '/var/run/postgresql' })).toBe('secret');
    expect(passwordIn('localhost:5432:postgres:probe:secret', { host: '/srv/pg' })).toBeUndefined();
  });

  it.each([0o640, 0o604, 0o620, 0o601, 0o644])('ignores a file of mode %o with a warning', (mode) => {
    const answer = passwordFromFile('/home/p/.pgpass', file('*:*:*:*:secret', mode), subject);
    expect(answer.password).toBeUndefined();
    expect(answer.warning).toContain('/home/p/.pgpass has group or world access');
  });

  it('says nothing of a missing file, and why another can not be used', () => {
    expect(passwordFromFile('/p', { kind: 'missing' }, subject)).toEqual({ password: undefined, warning: undefined });
    expect(passwordFromFile('/p', { kind: 'not-a-file' }, subject).warning).toContain('is not a plain file');
    expect(passwordFromFile('/p', { kind: 'unreadable', error: 'EACCES' }, subject).warning).toContain('EACCES');
  });
});
