// The models of Stolon without PostgreSQL, held against the order in which Stolon 0.17.0 does things, on real etcd: what the sentinel waits
// for, who leads, what stolonctl may do, and what stolon-proxy does on its own.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { startComposedStolon } from '../lab/stolon/composed.ts';
import { startSentinel } from '../lab/stolon/sentinel.ts';
import { type StolonProxy, startStolonProxy } from '../lab/stolon/stolon-proxy.ts';
import { watchClusterData } from '../lab/stolon/witness.ts';

const folder = temporaryFolder();
let etcd: EtcdLab;
const closing: (() => Promise<unknown>)[] = [];
const close = async () => {
  for (const end of closing.splice(0).reverse()) await end();
};

beforeAll(async () => {
  etcd = await startEtcd({ folder: folder.path, members: 1 });
});

afterAll(async () => {
  await close();
  await etcd?.stop();
  folder.remove();
});

const proxyOf = async (name: string): Promise<StolonProxy> => {
  const proxy = await startStolonProxy({ etcd, name });
  closing.push(() => proxy.kill());
  return proxy;
};

describe('the model of a Stolon cluster without PostgreSQL', () => {
  afterEach(close);

  const composed = async (name: string, spec = {}, automatic = false) => {
    const ports = await Promise.all([freePort(), freePort()]);
    const keepers = ports.map((port, index) => ({ uid: `keeper${index + 1}`, port }));
    const stolon = await startComposedStolon({ etcd, name, keepers, spec, automatic });
    closing.push(() => stolon.close());
    return stolon;
  };

  it('fails over again and again, each time when the proxy has acknowledged', async () => {
    const stolon = await composed('again', { proxyCheckInterval: '50ms', proxyTimeout: '2s' });
    const proxy = await proxyOf('again');
    await stolon.enable([proxy.uid]);
    for (let round = 0; round < 5; round += 1) {
      const { cleared, named } = await stolon.failover();
      expect(named).toMatchObject({ masterDbUid: cleared.to, acknowledgedBy: [proxy.uid] });
      expect(named.generation).toBe(cleared.generation + 1);
    }
    const kinds = stolon.history().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'cleared').length).toBe(5);
  });

  it('waits for a dead proxy until its record did not change for twice its timeout, then drops it', async () => {
    const stolon = await composed('dead', { proxyCheckInterval: '100ms', proxyTimeout: '500ms' });
    const [alive, dead] = [await proxyOf('dead'), await proxyOf('dead')];
    await stolon.enable([alive.uid, dead.uid]);
    // As Stolon does, a proxy publishes the greater of the timeout it had before (15 s at first) and the new one, once.
    await stolon.eventually(
      'the short timeout to be published',
      async () => (await stolon.proxies()).every(({ ProxyTimeout }) => ProxyTimeout === 500e6) || undefined,
    );
    await dead.kill();
    const cleared = await stolon.clear();
    const named = await stolon.name();
    const waiting = stolon.history().filter((event) => event.kind === 'waiting_for');
    expect(waiting.at(-1)).toMatchObject({ proxies: [dead.uid], generation: cleared.generation });
    expect(named.acknowledgedBy).toEqual([alive.uid]);
    const { proxy } = await stolon.enable([alive.uid]);
    expect(proxy.spec.masterDbUid).toBe(cleared.to);
    await stolon.until('the dead one to be dropped', ({ proxy: { spec } }) => spec.enabledProxies?.length === 1);
  });

  it('names the master though it is still in recovery: nothing in Stolon looks at that', async () => {
    const stolon = await composed('slow');
    const { dbs } = await stolon.clusterData();
    const standby = Object.values(dbs).find(({ spec }) => spec.role === 'standby');
    stolon.keeper(standby?.spec.keeperUID ?? '').hold(true);
    await stolon.clear();
    const { masterDbUid } = await stolon.name();
    const db = (await stolon.clusterData()).dbs[masterDbUid];
    expect(db?.status.currentGeneration).toBe((db?.generation ?? 0) - 1);
    stolon.keeper(standby?.spec.keeperUID ?? '').hold(false);
    await stolon.settle();
  });

  it('forgets a keeper on stolonctl removekeeper, but not the master, and finds one that lives again', async () => {
    const stolon = await composed('removed');
    const { dbs } = await stolon.clusterData();
    await expect(stolon.ctl.removeKeeper('keeper1')).rejects.toThrow("Can't remove");
    await stolon.ctl.removeKeeper('keeper2');
    const { keepers, dbs: left } = await stolon.clusterData();
    expect(Object.keys(keepers)).toEqual(['keeper1']);
    expect(Object.keys(left).length).toBe(1);
    await stolon.settle();
    const found = Object.values((await stolon.clusterData()).dbs).find(({ spec }) => spec.keeperUID === 'keeper2');
    expect(Object.keys(dbs)).not.toContain(found?.uid);
  });

  it('has a proxy that closes by itself when it can not check for proxyTimeout, and opens again after that', async () => {
    const stolon = await composed('watchdog', { proxyCheckInterval: '100ms', proxyTimeout: '500ms' });
    const proxy = await proxyOf('watchdog');
    await stolon.enable([proxy.uid]);
    const forwarding = () => eventually('the proxy to forward', () => proxy.destination());
    await forwarding();
    const [member] = etcd.members;
    member?.freeze();
    await eventually('the watchdog', () => proxy.history.find(({ kind }) => kind === 'watchdog'));
    expect([proxy.destination(), proxy.listening()]).toEqual([undefined, false]);
    member?.thaw();
    await forwarding();
    expect(proxy.listening()).toBe(true);
  });

  it('is led by another sentinel when the first has died and its lease has run out; the first check only records', async () => {
    const name = 'leaders';
    const witness = await watchClusterData({ etcd, name });
    closing.push(witness.close);
    const { puts } = witness;
    const stolon = await composed(name, { sleepInterval: '500ms', failInterval: '3s' }, true);
    const second = startSentinel({ etcd, name });
    closing.push(() => second.resign());
    await eventually(
      'both to stand for election',
      async () => (await stolon.store.candidates()).length === 2 || undefined,
    );
    expect([stolon.sentinel.leads(), second.leads()]).toEqual([true, false]);
    await stolon.sentinel.kill();
    const count = puts.length;
    await eventually('the second to put', () => puts.length > count + 1 || undefined);
    expect(second.history[0]?.kind).toBe('leads');
    const [last, first, next] = puts.slice(count - 1);
    expect({ ...first?.data, changeTime: '' }).toEqual({ ...last?.data, changeTime: '' });
    expect(next?.data.keepers).not.toEqual(first?.data.keepers);
    await stolon.ctl.failKeeper('keeper1');
    await eventually('the second to name a master', () => second.history.find(({ kind }) => kind === 'named'));
  });
});
