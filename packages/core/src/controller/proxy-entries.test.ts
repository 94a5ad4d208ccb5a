import { describe, expect, it } from 'vitest';
import { aStolonView, at, withdrawn } from '../../test/stolon-view.ts';
import type { ProxiesView, RegistrationState } from '../model/proxies.ts';
import { revision } from '../model/units.ts';
import { proxyChanges, registrationEntry } from './proxy-entries.ts';

const registration: RegistrationState = {
  uid: 'aaaa0001',
  startedAt: at(0),
  acknowledged: undefined,
  aliveAt: undefined,
  timeoutMs: 15_000,
  hindrance: undefined,
};
const enabled = [{ uid: 'aaaa0001', since: revision(90) }];
const withUs = (changes: Partial<ProxiesView> = {}) => aStolonView({ registration, ...changes });
const texts = (...[before, view]: Parameters<typeof proxyChanges>) =>
  proxyChanges(before, view).map(({ kind, text }) => `${kind}: ${text}`);

describe('the handshake in the journal', () => {
  it.each([
    ['the first look', undefined, withUs(), ['proxy: generation 3 of the proxies seen: the master is keeper1 (db d1)']],
    [
      'a master that is withdrawn',
      withUs(),
      aStolonView({ generation: 4, registration }, withdrawn),
      ['proxy: generation 4 of the proxies seen: the master is withdrawn, Stolon waits for its proxies'],
    ],
    [
      'this proxy enabled',
      withUs(),
      withUs({ generation: 4, enabled }),
      [
        'proxy: generation 4 of the proxies seen: enabled are aaaa0001',
        'proxy: Stolon has enabled this proxy (aaaa0001)',
      ],
    ],
    [
      'this proxy off the list',
      withUs({ enabled }),
      withUs({ generation: 4 }),
      [
        'proxy: generation 4 of the proxies seen: enabled are none',
        'proxy: Stolon has taken this proxy (aaaa0001) off its list',
      ],
    ],
    [
      'another cluster under the same name',
      withUs(),
      aStolonView({ clusterUid: 'c2', generation: 0 }, withdrawn),
      ['proxy: generation 0 of the proxies seen: another cluster (c2) under the same name, without a master'],
    ],
    ['nothing new', withUs(), withUs(), []],
  ])('tells of %s', (_, before, view, expected) => {
    expect(texts(before, view)).toEqual(expected);
  });

  it('tells of an acknowledgement with its milliseconds, and nothing of a renewal', () => {
    expect(
      registrationEntry('demo', 'aaaa0001', { kind: 'acknowledged', generation: 4, sinceSeenMs: 12.345 })?.text,
    ).toBe('generation 4 acknowledged as proxy aaaa0001, 12.3 ms after it was seen');
    expect(registrationEntry('demo', 'aaaa0001', { kind: 'renewed' })).toBeUndefined();
  });
});
