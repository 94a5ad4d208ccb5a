import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { sharedLookup } from './shared-lookup.ts';

type Done = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** A resolver that answers when it is told to. */
class Resolver {
  readonly asked: string[] = [];
  readonly #waiting: Done[] = [];

  readonly resolve = (hostname: string, _options: object, done: Done): void => {
    this.asked.push(hostname);
    this.#waiting.push(done);
  };

  answer(error: NodeJS.ErrnoException | null, ...addresses: string[]): void {
    this.#waiting.shift()?.(
      error,
      addresses.map((address) => ({ address, family: 4 })),
    );
  }
}

describe('the lookup of host names', () => {
  const told: unknown[] = [];
  const tell = (...words: unknown[]): void => {
    told.push(words);
  };

  it('asks once for a name while somebody waits for it, and anew after that', () => {
    const resolver = new Resolver();
    const lookup = sharedLookup(resolver.resolve);
    told.length = 0;
    lookup('db1', { all: true }, tell);
    lookup('db1', { all: true }, tell);
    lookup('db2', {}, tell);
    expect(resolver.asked).toEqual(['db1', 'db2']);
    resolver.answer(null, '10.0.0.1', '10.0.0.2');
    const both = [
      { address: '10.0.0.1', family: 4 },
      { address: '10.0.0.2', family: 4 },
    ];
    expect(told).toEqual([
      [null, both],
      [null, both],
    ]);
    resolver.answer(null, '10.0.0.3');
    expect(told[2]).toEqual([null, '10.0.0.3', 4]);
    lookup('db1', { all: true }, tell);
    expect(resolver.asked).toEqual(['db1', 'db2', 'db1']);
  });

  it('tells the error to all who wait, also where there is no address at all', () => {
    const resolver = new Resolver();
    const lookup = sharedLookup(resolver.resolve);
    told.length = 0;
    lookup('db1', {}, tell);
    lookup('db1', {}, tell);
    const error = Object.assign(new Error('getaddrinfo EAI_AGAIN db1'), { code: 'EAI_AGAIN' });
    resolver.answer(error);
    expect(told).toEqual([
      [error, ''],
      [error, ''],
    ]);
    lookup('db1', {}, tell);
    resolver.answer(null);
    expect(told[2]).toEqual([new Error('db1 has no address'), '']);
  });
});
