import { describe, expect, it } from 'vitest';
import { failOver, nameNew, proxyInfo, StolonKeys } from '../../test/stolon-keys.ts';
import { type RecordedRegistration, recordedRegistration } from './recorded-registration.ts';

/** What the proxy p1 makes of each view of a store. */
function played(store: StolonKeys) {
  let registration: RecordedRegistration | undefined;
  return () => {
    registration = recordedRegistration(store.view, 'p1', registration, store.now);
    return registration;
  };
}

describe('a recorded registration', () => {
  it('without a record has acknowledged nothing', () => {
    const store = StolonKeys.listed();
    expect(played(store)()).toMatchObject({ uid: 'p1', startedAt: store.now, timeoutMs: 15_000 });
    expect(played(store)()?.acknowledged).toBeUndefined();
    expect(played(store)()?.aliveAt).toBeUndefined();
  });

  it('found with the generation that is told has acknowledged it', () => {
    const store = StolonKeys.listed(undefined, { 'proxies/info/p1': proxyInfo('p1', 2) });
    expect(played(store)()).toMatchObject({
      aliveAt: store.now,
      acknowledged: { clusterUid: '63b229f1', generation: 2, viewRevision: store.revision, at: store.now },
    });
  });

  it('lives from put to put, whatever else is written', () => {
    const store = StolonKeys.listed(undefined, { 'proxies/info/p1': proxyInfo('p1', 2) });
    const look = played(store);
    const first = look();
    store.wait(1_000).write();
    expect(look()).toBe(first);
    store.wait(1_000).put({ 'proxies/info/p1': proxyInfo('p1', 2, 'ffffffff') });
    expect(look()).toMatchObject({ aliveAt: store.now, startedAt: first?.startedAt });
  });

  it('acknowledges a new generation with the put that holds it, not with one that was under way', () => {
    const store = StolonKeys.listed(undefined, { 'proxies/info/p1': proxyInfo('p1', 2) });
    const look = played(store);
    look();
    store.write(failOver);
    store.write(nameNew);
    const named = store.revision;
    store.put({ 'proxies/info/p1': proxyInfo('p1', 3) });
    expect(look()?.acknowledged).toMatchObject({ generation: 3, viewRevision: named - 1n });
    store.put({ 'proxies/info/p1': proxyInfo('p1', 4) });
    expect(look()?.acknowledged).toMatchObject({ generation: 4, viewRevision: store.revision });
  });

  it('ends with its record', () => {
    const store = StolonKeys.listed(undefined, { 'proxies/info/p1': proxyInfo('p1', 2) });
    const look = played(store);
    look();
    store.put({ 'proxies/info/p1': undefined });
    expect(look()).toMatchObject({ recordRevision: undefined });
    expect(look()?.aliveAt).toBeUndefined();
  });
});
