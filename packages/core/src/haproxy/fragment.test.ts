// That HAProxy accepts the fragment is shown with the real one (integration/test/haproxy-fragment.test.ts).
import { describe, expect, it } from 'vitest';
import { type FragmentOptions, haproxyFragment } from './fragment.ts';

const options: FragmentOptions = {
  socket: '/run/haproxy/admin.sock',
  services: [
    { name: 'primary', backend: 'orders_primary', role: 'primary' },
    { name: 'replica', backend: 'orders_replica', role: 'replica', port: 6001 },
  ],
  members: [
    { name: 'pg1', host: '10.0.0.11', port: 5432 },
    { name: 'pg2', host: 'fe80::2', port: 5433 },
  ],
};
const linesOf = (text: string, word: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${word} `));

describe('the fragment', () => {
  it('has a listener and a backend for each service, and every server starts disabled', () => {
    const text = haproxyFragment(options);
    expect(linesOf(text, 'bind')).toEqual(['bind :5000', 'bind :6001']);
    expect(linesOf(text, 'default_backend')).toEqual([
      'default_backend orders_primary',
      'default_backend orders_replica',
    ]);
    expect(linesOf(text, 'server')).toEqual([
      'server pg1 10.0.0.11:5432 disabled',
      'server pg2 [fe80::2]:5433 disabled',
      'server pg1 10.0.0.11:5432 disabled',
      'server pg2 [fe80::2]:5433 disabled',
    ]);
    expect(linesOf(text, 'stats')[0]).toBe('stats socket /run/haproxy/admin.sock mode 660 level admin');
  });

  it('needs no forking and no script', () => {
    expect(haproxyFragment(options)).not.toMatch(/external-check|insecure-fork-wanted/);
  });

  it("loads HAProxy's own watchdog where it is asked to", () => {
    const text = haproxyFragment({ ...options, watchdogLua: '/usr/share/pgrouted/pgrouted-watchdog.lua' });
    expect(linesOf(text, 'lua-load')).toEqual(['lua-load /usr/share/pgrouted/pgrouted-watchdog.lua']);
    expect(text.indexOf('lua-load')).toBeLessThan(text.indexOf('frontend'));
    expect(linesOf(haproxyFragment(options), 'lua-load')).toEqual([]);
  });

  it('gives a member whose name HAProxy can not hold a number: it is found by its address', () => {
    const members = ['pg 1', 'server-1', 'x;\nglobal'].map((name, i) => ({ name, host: `10.0.0.${i}`, port: 5432 }));
    const text = haproxyFragment({ ...options, members, services: options.services.slice(0, 1) });
    expect(linesOf(text, 'server')).toEqual([
      'server server-2 10.0.0.0:5432 disabled',
      'server server-1 10.0.0.1:5432 disabled',
      'server server-3 10.0.0.2:5432 disabled',
    ]);
    expect(linesOf(text, 'global')).toEqual([]);
  });

  it('starts even if a host name does not resolve', () => {
    const members = [{ name: 'pg1', host: 'db1.example', port: 5432 }];
    expect(linesOf(haproxyFragment({ ...options, members }), 'server')[0]).toBe(
      'server pg1 db1.example:5432 disabled init-addr last,libc,none',
    );
  });

  const member = { name: 'm', host: '10.0.0.1', port: 5432 };
  const service = { name: 's', backend: 'b', role: 'primary' } as const;
  it.each<[string, Partial<FragmentOptions>]>([
    ['a host that is none', { members: [{ ...member, host: '10.0.0.1 check\n' }] }],
    ['a port that is none', { members: [{ ...member, port: 0 }] }],
    ['a port of a service that is none', { services: [{ ...service, port: 70_000 }] }],
    ['a backend name that is none', { services: [{ ...service, backend: 'a b' }] }],
    ['a relative socket path', { socket: 'admin.sock' }],
    ['a relative path of the watchdog', { watchdogLua: 'pgrouted-watchdog.lua' }],
    ['a path of the watchdog with a line end', { watchdogLua: '/a\nlua-load /b' }],
    ['a socket path with a space', { socket: '/run/a b' }],
    ['two services on one port', { services: [service, { ...service, backend: 'c' }] }],
    ['two services with one backend', { services: [service, { ...service, port: 5 }] }],
    ['two members of one name', { members: [member, member] }],
  ])('is refused for %s', (_, change) => {
    expect(() => haproxyFragment({ ...options, ...change })).toThrow();
  });
});
