// What goes out, in which order, and what is told once more.
import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

let outbox: Outbox;
const all = () => {
  const messages: (readonly string[])[] = [];
  for (let next = outbox.take(); next !== undefined; next = outbox.take()) messages.push(next);
  return messages;
};

beforeEach(() => {
  outbox = new Outbox();
});

describe('the outbox', () => {
  it('is empty while there is nothing to tell', () => {
    expect(all()).toEqual([]);
  });

  it('puts what is there into one message', () => {
    outbox.alive();
    outbox.status('orders: pg1 takes writes');
    outbox.step('ready');
    expect(all()).toEqual([['READY=1', 'STATUS=orders: pg1 takes writes', 'WATCHDOG=1']]);
  });

  it('tells each step, in order, and of status and sign of life the newest only', () => {
    outbox.step('reloading', ['MONOTONIC_USEC=7']);
    outbox.step('ready');
    outbox.status('one');
    outbox.status('two');
    outbox.alive();
    outbox.alive();
    expect(all()).toEqual([
      ['RELOADING=1', 'MONOTONIC_USEC=7', 'WATCHDOG=1'],
      ['READY=1', 'STATUS=two'],
    ]);
  });

  it('tells a status once', () => {
    outbox.status('one');
    expect(all()).toEqual([['STATUS=one']]);
    outbox.status('one');
    expect(all()).toEqual([]);
  });

  it('makes one line of a status', () => {
    outbox.status('one\n\ttwo\r\nREADY=1');
    expect(all()).toEqual([['STATUS=one two READY=1']]);
  });

  it('tells what stands once more when the way was lost, but no sign of life of before', () => {
    outbox.step('reloading', ['MONOTONIC_USEC=7']);
    outbox.step('ready');
    outbox.status('one');
    all();
    outbox.alive();
    outbox.lost();
    expect(all()).toEqual([['READY=1', 'STATUS=one']]);
  });

  it('has nothing to tell once more where nothing was told', () => {
    outbox.alive();
    outbox.lost();
    expect(all()).toEqual([]);
  });
});
