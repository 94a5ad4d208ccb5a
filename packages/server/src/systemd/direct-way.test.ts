// Each message a datagram, and what happens when one does not go out.
import type { Clock } from '@pgrouted/core/model/clock';
import { millis } from '@pgrouted/core/model/units';
import { beforeEach, describe, expect, it } from 'vitest';
import { addressOf, datagramsTo } from './datagram.ts';
import { DirectWay } from './direct-way.ts';
import { Outbox } from './outbox.ts';

const sent: string[] = [];
const lines: string[] = [];
let works = true;
let later: (() => void) | undefined;
let outbox: Outbox;
let way: DirectWay;

const say = (_: unknown, message: string) => void lines.push(message);
const clock: Clock = {
  now: () => millis(0),
  wall: () => new Date(0),
  after: (_, run) => {
    later = run;
    return { cancel: () => {} };
  },
};

beforeEach(() => {
  sent.length = 0;
  lines.length = 0;
  works = true;
  later = undefined;
  outbox = new Outbox();
  const log = { debug: say, info: say, warn: say, error: say };
  way = new DirectWay({ socket: '/run/notify', outbox, clock, log }, (text) => {
    if (works) sent.push(text);
    return works;
  });
});

describe('the direct way to systemd', () => {
  it('sends each message at once, a line for each of its assignments', () => {
    outbox.step('reloading', ['MONOTONIC_USEC=7']);
    outbox.step('ready');
    outbox.status('fine');
    way.wake();
    expect(sent).toEqual(['RELOADING=1\nMONOTONIC_USEC=7', 'READY=1\nSTATUS=fine']);
    expect(lines).toEqual([]);
  });

  it('tries again a little later what did not go out, and says so once', () => {
    works = false;
    outbox.step('ready');
    way.wake();
    later?.();
    outbox.status('fine');
    way.wake();
    expect(sent).toEqual([]);
    works = true;
    later?.();
    expect(sent).toEqual(['READY=1\nSTATUS=fine']);
    expect(lines).toEqual([
      'systemd could not be told how pgrouted is; it is tried again',
      'systemd is told again how pgrouted is',
    ]);
    outbox.status('still fine');
    way.wake();
    expect(sent).toHaveLength(2);
  });
});

describe('the address of a socket', () => {
  it.each<[name: string, address: string | undefined]>([
    ['/run/n', '\x01\0/run/n\0'],
    ['@n', '\x01\0\0n'],
    ['vsock:2:1234', undefined],
    [`/${'n'.repeat(108)}`, undefined],
  ])('of %s', (name, address) => {
    expect(addressOf(name)?.toString('latin1')).toBe(address);
  });

  it("leads nowhere in a Node of somebody's own: there the shell is the way", () => {
    expect(datagramsTo('/run/n')).toBeUndefined();
  });
});
