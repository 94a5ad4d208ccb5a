// The store here is a fake: it fails, answers late or not at all on purpose, which a real etcd can't be made to do at a chosen put. The way
// through a real etcd is tested in integration/.
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { aStolonView, withdrawn } from '../../test/stolon-view.ts';
import { silentLog } from '../model/log.ts';
import { revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import type { ProxyStore } from './proxy-record.ts';
import { Registration, type RegistrationEvent } from './registration.ts';

interface Put {
  readonly infoUID: string;
  readonly UID: string;
  readonly Generation: number;
  readonly ProxyTimeout: number;
}

class FakeStore implements ProxyStore {
  readonly puts: Put[] = [];
  readonly leases: number[] = [];
  readonly keys = new Map<string, { value: string; modRevision: ReturnType<typeof revision>; lease: string }>();
  /** How the next writes go: `lost` is done, but its answer never comes. */
  faults: ('refused' | 'lost')[] = [];
  #revision = 1;

  async grantLease(ttlS: number): Promise<{ readonly lease: string }> {
    this.leases.push(ttlS);
    return { lease: String(this.leases.length) };
  }

  write: ProxyStore['write'] = async (writes, conditions) => {
    const fault = this.faults.shift();
    if (fault === 'refused') throw new Error('etcd is away');
    for (const { key, modRevision } of conditions) {
      const found = this.keys.get(key);
      if ((found?.modRevision ?? revision(0)) !== modRevision) {
        return { done: false, found: found === undefined ? [] : [found] };
      }
    }
    this.#revision += 1;
    for (const write of writes) {
      if (write.type === 'delete') this.keys.delete(write.key);
      else {
        const { key, value, lease } = write;
        this.keys.set(key, { value, lease, modRevision: revision(this.#revision) });
        this.puts.push(JSON.parse(value));
      }
    }
    if (fault === 'lost') throw new Error('no answer');
    return { done: true, revision: revision(this.#revision) };
  };
}

let clock: ManualClock;
let store: FakeStore;
let view: ClusterView | undefined;
let holds: string | undefined;
let events: RegistrationEvent[];
let uids: number;

beforeEach(() => {
  clock = new ManualClock();
  store = new FakeStore();
  view = aStolonView({ generation: 3 });
  holds = undefined;
  events = [];
  uids = 0;
});

const register = (): Registration => {
  const registration = new Registration({
    prefix: 'stolon/cluster/demo/',
    clock,
    log: silentLog,
    newUid: () => (uids++).toString(16).padStart(8, '0'),
    keeper: {
      store,
      look: () => (view === undefined ? undefined : { view, holds }),
      onEvent: (event) => events.push(event),
    },
  });
  registration.wake();
  return registration;
};

const generations = (): readonly number[] => store.puts.map(({ Generation }) => Generation);

describe('a registration as a Stolon proxy', () => {
  it('writes its record below proxies/info, each time with a new infoUID and a new lease', async () => {
    register();
    await clock.pass(10_000);
    expect([...store.keys.keys()]).toEqual(['stolon/cluster/demo/proxies/info/00000000']);
    expect(store.puts.map(({ UID, ProxyTimeout }) => [UID, ProxyTimeout])).toEqual(
      Array.from({ length: 3 }, () => ['00000000', 15_000_000_000]),
    );
    expect(new Set(store.puts.map(({ infoUID }) => infoUID)).size).toBe(3);
    expect(store.leases).toEqual([30, 30, 30]);
    expect([...store.keys.values()].map(({ lease }) => lease)).toEqual(['3']);
  });

  it('says nothing before anything is decided', async () => {
    view = undefined;
    register();
    await clock.pass(20_000);
    expect(store.puts).toEqual([]);
  });

  it('acknowledges a new generation at once when HAProxy has let go, not at the next regular put', async () => {
    const registration = register();
    await clock.pass(1_000);
    view = aStolonView({ generation: 4, generationSeenAt: clock.now() }, withdrawn);
    holds = '3 sessions remain';
    registration.wake();
    await clock.pass(1_000);
    expect(generations()).toEqual([3]);
    expect(registration.state()).toMatchObject({ hindrance: '3 sessions remain', acknowledged: { generation: 3 } });

    holds = undefined;
    registration.wake();
    await clock.pass(0);
    expect(generations()).toEqual([3, 4]);
    expect(registration.state()).toMatchObject({ hindrance: undefined, acknowledged: { generation: 4 } });
    expect(events.at(-1)).toEqual({ kind: 'acknowledged', generation: 4, sinceSeenMs: 1_000 });
  });

  it('shows Stolon that it lives, with the generation before, as long as HAProxy holds on', async () => {
    const registration = register();
    await clock.pass(1_000);
    view = aStolonView({ generation: 4, generationSeenAt: clock.now() }, withdrawn);
    holds = 'HAProxy does not answer';
    registration.wake();
    await clock.pass(20_000);
    expect(generations()).toEqual([3, 3, 3, 3, 3]);
  });

  it('takes cadence and timeout from the spec once a put was done', async () => {
    view = aStolonView({ checkIntervalMs: 500, proxyTimeoutMs: 1_500 });
    const registration = register();
    await clock.pass(0);
    expect(registration.state().timeoutMs).toBe(1_500);
    await clock.pass(1_000);
    expect(store.puts.map(({ ProxyTimeout }) => ProxyTimeout)).toEqual([15_000_000_000, 1_500_000_000, 1_500_000_000]);
    expect(store.leases).toEqual([30, 20, 20]);
  });

  it('counts itself alive from the sending of the last put that was done', async () => {
    const registration = register();
    await clock.pass(0);
    const firstAt = clock.now();
    store.faults = Array.from({ length: 40 }, () => 'refused');
    await clock.pass(9_000);
    expect(registration.state().aliveAt).toBe(firstAt);
    expect(events.filter(({ kind }) => kind === 'failing')).toHaveLength(1);
    await clock.pass(10_000);
    expect(events.map(({ kind }) => kind)).toContain('working');
    expect(registration.state().aliveAt).toBeGreaterThan(firstAt + 9_000);
  });

  it('has acknowledged a generation since the first put that did, and is registered since the first put of an unbroken row', async () => {
    const registration = register();
    await clock.pass(0);
    const firstAt = clock.now();
    await clock.pass(10_000);
    expect(registration.state()).toMatchObject({ acknowledged: { at: firstAt }, registeredAt: firstAt });
    expect(registration.state().aliveAt).toBeGreaterThan(firstAt);

    view = { ...aStolonView({ generation: 4, generationSeenAt: clock.now() }), revision: revision(110) };
    registration.wake();
    await clock.pass(1_000);
    expect(registration.state().acknowledged?.at).toBeGreaterThan(firstAt);
    expect(registration.state().registeredAt).toBe(firstAt);

    store.faults = Array.from({ length: 80 }, () => 'refused');
    await clock.pass(30_000);
    expect(registration.state().registeredAt).toBeGreaterThan(firstAt + 15_000);
  });

  it('remembers that it was enabled', async () => {
    const registration = register();
    await clock.pass(0);
    expect(registration.state().wasEnabled).toBe(false);
    view = aStolonView({ enabled: [{ uid: '00000000', since: revision(90) }] });
    registration.wake();
    view = aStolonView();
    registration.wake();
    expect(registration.state().wasEnabled).toBe(true);
  });

  it('finds out by the next put whether one without an answer was done', async () => {
    store.faults = ['lost'];
    const registration = register();
    await clock.pass(1_000);
    expect(generations()).toEqual([3, 3]);
    expect(registration.state().uid).toBe('00000000');
    expect(registration.state().acknowledged?.generation).toBe(3);
  });

  it('takes another uid if the first one is somebody else’s already', async () => {
    store.keys.set('stolon/cluster/demo/proxies/info/00000000', {
      value: '{}',
      modRevision: revision(1),
      lease: '0',
    });
    const registration = register();
    await clock.pass(0);
    expect(registration.state().uid).not.toBe('00000000');
    expect(store.keys.get('stolon/cluster/demo/proxies/info/00000000')?.value).toBe('{}');
    expect(store.keys.size).toBe(2);
  });

  it('is written again after its lease ran out while etcd was out of reach', async () => {
    const registration = register();
    await clock.pass(0);
    store.keys.clear();
    await clock.pass(5_000);
    expect(store.keys.size).toBe(1);
    expect(registration.state().acknowledged?.generation).toBe(3);
  });

  it('forgets what it acknowledged when etcd is set back to an earlier state', async () => {
    const registration = register();
    await clock.pass(0);
    view = { ...aStolonView({ generation: 3 }), revision: revision(20) };
    holds = 'held';
    registration.wake();
    expect(registration.state().acknowledged).toBeUndefined();
  });

  it('is unknown to Stolon until its first put was sent, and may be known even if no answer came', async () => {
    view = undefined;
    const registration = register();
    await clock.pass(1_000);
    expect(registration.mayBeKnown).toBe(false);
    view = aStolonView();
    store.faults = ['lost'];
    registration.wake();
    await clock.pass(0);
    expect(registration.mayBeKnown).toBe(true);
  });

  it('deletes its record when it leaves, and writes no more', async () => {
    const registration = register();
    await clock.pass(0);
    await registration.leave();
    registration.wake();
    await clock.pass(20_000);
    expect(store.keys.size).toBe(0);
    expect(store.puts).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('stays the same proxy for the controller that takes it over', async () => {
    const registration = register();
    await clock.pass(0);
    await registration.detach();
    await clock.pass(1_000);
    registration.attach({ store, look: () => view && { view, holds }, onEvent: (event) => events.push(event) });
    await clock.pass(4_000);
    expect(new Set(store.puts.map(({ UID }) => UID)).size).toBe(1);
    expect(store.puts).toHaveLength(2);
  });
});
