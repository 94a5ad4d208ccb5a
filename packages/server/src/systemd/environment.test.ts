// What a service manager's environment asks for.
import { describe, expect, it } from 'vitest';
import { takeNotifying } from './environment.ts';

const socket = '/run/systemd/notify';

describe('what systemd asks for', () => {
  it.each<[what: string, env: Record<string, string>, asked: ReturnType<typeof takeNotifying>]>([
    ['nothing, where nobody named a socket', { WATCHDOG_USEC: '10000000' }, undefined],
    ['to be told', { NOTIFY_SOCKET: socket }, { socket, watchdogMs: undefined }],
    ['to be told by an abstract name', { NOTIFY_SOCKET: '@n' }, { socket: '@n', watchdogMs: undefined }],
    ['a sign of life', { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '10000000' }, { socket, watchdogMs: 10_000 }],
    [
      'a sign of life of us',
      { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '500000', WATCHDOG_PID: '42' },
      { socket, watchdogMs: 500 },
    ],
    [
      "somebody else's sign of life",
      { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '500000', WATCHDOG_PID: '41' },
      { socket, watchdogMs: undefined },
    ],
    ['no sign of life every 0 us', { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '0' }, { socket, watchdogMs: undefined }],
    ['what is no number', { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '10s' }, { socket, watchdogMs: undefined }],
  ])('is %s', (_, env, asked) => {
    const given = { ...env, HOME: '/' };
    expect(takeNotifying(given, 42)).toEqual(asked);
    expect(given).toEqual({ HOME: '/' });
  });
});
