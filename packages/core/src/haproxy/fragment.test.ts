// That HAProxy accepts the fragment is shown with the real one (integration/test/haproxy-fragment.test.ts).
import { describe, expect, it } from 'vitest';
import { serversDefault } from '../model/service.ts';
import { type FragmentOptions, haproxyFragment } from './fragment.ts';

const options: FragmentOptions = {
  socket: '/run/haproxy/admin.sock',
  services: [
    { name: 'primary', backends: ['orders_primary'], role: 'primary' },
    { name: 'replica', backends: ['orders_replica'], role: 'replica', port: 6001 },
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

  it('gives services without a port the next free one, and those with several backends one listener', () => {
    const text = haproxyFragment({
      ...options,
      services: [
        { name: 'a', backends: ['a1', 'a2'], role: 'primary' },
        { name: 'b', backends: ['b'], role: 'primary' },
        { name: 'c', backends: ['c'], role: 'sync', port: 5001 },
        { name: 'd', backends: ['d'], role: 'any' },
      ],
    });
    expect(linesOf(text, 'bind')).toEqual(['bind :5000', 'bind :5002', 'bind :5001', 'bind :5003']);
    expect(linesOf(text, 'backend')).toEqual(['backend a1', 'backend a2', 'backend b', 'backend c', 'backend d']);
    expect(linesOf(text, 'default_backend')).toEqual(['a1', 'b', 'c', 'd'].map((name) => `default_backend ${name}`));
  });

  const oneService = (
    service: Partial<FragmentOptions['services'][number]>,
    more: Partial<FragmentOptions> = {},
  ): string =>
    haproxyFragment({ ...options, ...more, services: [{ name: 'ro', backends: ['ro'], role: 'replica', ...service }] });

  it('leads to the pooler, and names lines as the service does', () => {
    const text = oneService({ serverPort: 6432, servers: { ...serversDefault, name: 'orders-{member}' } });
    expect(linesOf(text, 'server')).toEqual([
      'server orders-pg1 10.0.0.11:6432 disabled',
      'server orders-pg2 [fe80::2]:6432 disabled',
    ]);
  });

  it('has backup lines and spare lines where the service counts on them, and a check that needs no controller', () => {
    const text = oneService({ servers: { ...serversDefault, backupName: '{member}-fb', spares: 'spare' } });
    expect(linesOf(text, 'server')).toEqual([
      'server pg1 10.0.0.11:5432 check disabled',
      'server pg2 [fe80::2]:5433 check disabled',
      'server pg1-fb 10.0.0.11:5432 check backup disabled',
      'server pg2-fb [fe80::2]:5433 check backup disabled',
    ]);
    expect(linesOf(text, 'server-template')).toEqual(['server-template spare 1-4 0.0.0.0:5432 check disabled']);
    expect(linesOf(text, 'option')).toEqual(expect.arrayContaining(['option allbackups', 'option tcp-check']));
  });

  it('lets connections wait where the service does', () => {
    const text = oneService(
      { role: 'primary', hold: { waitMs: 15_000, most: 500 } },
      { holdLua: '/usr/share/pgrouted/pgrouted-hold.lua' },
    );
    expect(linesOf(text, 'lua-load')).toEqual(['lua-load /usr/share/pgrouted/pgrouted-hold.lua']);
    expect(linesOf(text, 'tcp-request')).toEqual([
      'tcp-request inspect-delay 30s',
      'tcp-request content lua.pgrouted_hold ro 15000 500',
    ]);
    expect(linesOf(text, 'timeout')).toContain('timeout queue 30s');
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('lets HAProxy ask pgrouted at %s about each server', (host, addr) => {
    const text = oneService({}, { failClosed: { host, port: 8080 } });
    expect(linesOf(text, 'http-check')).toEqual([
      `http-check connect addr ${addr} port 8080`,
      'http-check send meth GET uri-lf /haproxy/%[be_name]/%[srv_name] ver HTTP/1.1 hdr Host pgrouted',
      'http-check send-state',
      'http-check expect status 200',
    ]);
    expect(linesOf(text, 'server')).toEqual([
      'server pg1 10.0.0.11:5432 check disabled',
      'server pg2 [fe80::2]:5433 check disabled',
    ]);
    expect(text).not.toContain('shutdown-sessions');
  });

  const member = { name: 'm', host: '10.0.0.1', port: 5432 };
  const service = { name: 's', backends: ['b'], role: 'primary' } as const;
  it.each<[string, Partial<FragmentOptions>]>([
    ['a host that is none', { members: [{ ...member, host: '10.0.0.1 check\n' }] }],
    ['a port that is none', { members: [{ ...member, port: 0 }] }],
    ['a port of a service that is none', { services: [{ ...service, port: 70_000 }] }],
    ['a backend name that is none', { services: [{ ...service, backends: ['a b'] }] }],
    ['a service without a backend', { services: [{ ...service, backends: [] }] }],
    ['a relative socket path', { socket: 'admin.sock' }],
    ['a relative path of the watchdog', { watchdogLua: 'pgrouted-watchdog.lua' }],
    ['a path of the watchdog with a line end', { watchdogLua: '/a\nlua-load /b' }],
    ['a socket path with a space', { socket: '/run/a b' }],
    [
      'two services on one port',
      {
        services: [
          { ...service, port: 5 },
          { ...service, backends: ['c'], port: 5 },
        ],
      },
    ],
    ['two services with one backend', { services: [service, { ...service, port: 5 }] }],
    [
      'a backup line that is called as the line of another member',
      {
        services: [{ ...service, servers: { ...serversDefault, backupName: '{member}2' } }],
        members: [member, { ...member, name: 'm2' }],
      },
    ],
    ['a hold without its Lua', { services: [{ ...service, hold: { waitMs: 1, most: 1 } }] }],
    ['a port of the API that is none', { failClosed: { host: '127.0.0.1', port: 0 } }],
    ['a host of the API that is none', { failClosed: { host: 'a b', port: 1 } }],
    [
      'a name that HAProxy can not hold, where only names count',
      {
        services: [{ ...service, servers: { ...serversDefault, match: 'name' } }],
        members: [{ ...member, name: 'a b' }],
      },
    ],
    ['two members of one name', { members: [member, member] }],
  ])('is refused for %s', (_, change) => {
    expect(() => haproxyFragment({ ...options, ...change })).toThrow();
  });
});
