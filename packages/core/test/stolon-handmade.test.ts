// Streams that no recording has, made by hand: what stolonctl does to a live cluster, clusterdata that goes back in time, and other prefixes.
import { describe, expect, it } from 'vitest';
import { type ProbeWord, type RecordedEvent, type RecordedProbe, replay } from '../src/replay/replay.ts';
import { stolonPrefix } from '../src/stolon/view.ts';
import { writes } from './cluster.ts';
import { stolonSpec } from './stolon-cluster.ts';
import {
  aKeeper,
  aMaster,
  aResync,
  aStandby,
  type Data,
  failOver,
  nameNew,
  proxyInfo,
  soundData,
} from './stolon-keys.ts';

/** A stream, told step by step: k1 is master and k2, k3 follow; the proxy p1 is registered and enabled. */
class Stream {
  readonly #prefix: string;
  readonly #events: RecordedEvent[] = [];
  readonly #probes: RecordedProbe[] = [];
  #data = soundData();
  #revision = 10;

  constructor(prefix = 'stolon/cluster/demo/') {
    this.#prefix = prefix;
    this.data(0).acknowledge(0, 2).pg(0, 'k1', 'primary').pg(0, 'k2', 'standby').pg(0, 'k3', 'standby');
  }

  /** clusterdata is written with these changes. */
  data(t_ms: number, ...changes: readonly ((data: Data) => void)[]): this {
    this.#data = structuredClone(this.#data);
    for (const change of changes) change(this.#data);
    return this.#put(t_ms, 'clusterdata', JSON.stringify(this.#data));
  }

  /** p1 publishes this generation. */
  acknowledge(t_ms: number, generation: number): this {
    return this.#put(t_ms, 'proxies/info/p1', proxyInfo('p1', generation));
  }

  pg(t_ms: number, node: string, value: ProbeWord): this {
    this.#probes.push({ t_ms, node, probe: 'pg', value });
    return this;
  }

  #put(t_ms: number, key: string, value: string): this {
    const init = t_ms === 0;
    this.#revision += 1;
    const event = {
      t_ms,
      type: 'put',
      key: this.#prefix + key,
      value,
      lease: '0',
      mod_revision: this.#revision,
    } as const;
    this.#events.push(init ? { ...event, init } : event);
    return this;
  }

  /** The changes in the write service, in one line each, of those members. */
  told(
    how: { readonly proof?: 'probe' | 'record'; readonly as?: string; readonly of?: string } = {},
  ): readonly string[] {
    return replay({
      cluster: stolonSpec({ services: [writes] }),
      prefix: this.#prefix,
      events: this.#events,
      probes: how.proof === 'record' ? undefined : this.#probes,
      as: how.as,
    })
      .filter(({ t_ms, member }) => t_ms > 0 && (how.of ?? member) === member)
      .map(({ t_ms, member, state, reason }) => `${t_ms} ${member} ${state} ${reason.code}`);
  }
}

describe('stolonctl removekeeper', () => {
  it('of a standby leaves the master alone and forgets the keeper after a failInterval', () => {
    const stream = new Stream().data(1_000, (data) => {
      delete data.keepers['k3'];
      delete data.dbs['db3'];
    });
    for (let t_ms = 6_000; t_ms <= 26_000; t_ms += 5_000) stream.data(t_ms);
    expect(stream.told()).toEqual(['21000 k3 maint member_forgotten']);
  });
});

describe('stolonctl init over a live cluster', () => {
  const again = (data: Data): void => {
    data.cluster.uid = '0badcafe';
    data.cluster.status = { phase: 'initializing' };
    data.keepers = {};
    data.dbs = {};
    data.proxy = { spec: {}, status: {} };
  };
  const normal = (data: Data): void => {
    data.keepers = { k1: aKeeper(), k2: aKeeper(), k3: aKeeper() };
    data.dbs = { dbA: { ...aMaster('k2'), generation: 2 } };
    data.cluster.status = { phase: 'normal', master: 'dbA' };
  };
  const named = (data: Data): void => {
    data.proxy = { generation: 1, spec: { masterDbUid: 'dbA' }, status: {} };
  };
  const enabled = (data: Data): void => {
    data.proxy = { generation: 2, spec: { masterDbUid: 'dbA', enabledProxies: ['p1'] }, status: {} };
  };
  const stream = () =>
    new Stream()
      .data(1_000, again)
      .pg(2_000, 'k1', 'down')
      .pg(2_000, 'k2', 'down')
      .pg(15_000, 'k2', 'primary')
      .data(20_000, normal)
      .data(25_000, named)
      .data(30_000, enabled);

  it('closes at once, and opens on the master of the new cluster', () => {
    expect(stream().told()).toEqual([
      '1000 k1 maint member_forgotten',
      '1000 k2 maint member_forgotten',
      '1000 k3 maint member_forgotten',
      '20000 k1 maint no_leader',
      '20000 k2 maint no_leader',
      '20000 k3 maint no_leader',
      '25000 k1 maint not_leader',
      '25000 k2 maint leader_awaits_proof',
      '25000 k3 maint not_leader',
      expect.stringMatching(/^250[012]\d k2 ready leader_proven$/),
    ]);
  });

  it('does not take what was acknowledged before, under the same generation, for an acknowledgement', () => {
    const unheard = stream();
    expect(unheard.acknowledge(35_000, 1).told({ as: 'p1', of: 'k2' }).at(-1)).toMatch(
      /k2 maint proxy_not_acknowledged$/,
    );
    expect(unheard.acknowledge(40_000, 2).told({ as: 'p1', of: 'k2' }).at(-1)).toBe('40000 k2 ready leader_proven');
  });
});

describe('clusterdata that goes back in time', () => {
  const back = ({ proxy }: Data): void => {
    proxy.generation = 1;
  };

  it('with the same master goes on with it, once it has proven itself again', () => {
    const told = new Stream().data(1_000, back).pg(3_000, 'k3', 'standby').told();
    expect(told).toEqual([
      '1000 k1 drain leader_awaits_proof',
      expect.stringMatching(/^10[0-4]\d k1 ready leader_proven$/),
    ]);
  });

  it('with the same master, by clusterdata alone, awaits what is written from then on', () => {
    expect(new Stream().data(1_000, back).data(6_000).told({ proof: 'record' })).toEqual([
      '1000 k1 drain leader_record_not_converged',
      '6000 k1 ready leader_proven_by_record',
    ]);
  });

  it('as a proxy has to acknowledge again', () => {
    const told = new Stream().data(1_000, back).acknowledge(4_000, 1).told({ as: 'p1' });
    expect(told.slice(-2)).toEqual(['1001 k1 drain proxy_not_acknowledged', '4000 k1 ready leader_proven']);
  });

  it('to the master before fences the one that takes writes, and opens nothing that is not writable', () => {
    const stream = new Stream()
      .data(1_000, failOver)
      .pg(1_000, 'k1', 'down')
      .pg(5_000, 'k2', 'primary')
      .data(6_000, nameNew)
      .data(9_000, (data) => Object.assign(data, soundData()))
      .pg(15_000, 'k3', 'standby');
    const told = stream.told().filter((line) => !/ (k3|k1 maint leader_down)/.test(line));
    expect(told.filter((line) => line.includes('ready'))).toEqual([expect.stringMatching(/^60[0-2]\d k2 ready/)]);
    expect(told.find((line) => line.startsWith('9000 k2'))).toBe('9000 k2 maint not_leader');
  });
});

describe('masterDbUid', () => {
  it('that names no db closes, and opens again with one that does', () => {
    const stream = new Stream()
      .data(1_000, ({ proxy }) => {
        proxy.spec.masterDbUid = 'db9';
        proxy.generation = 3;
      })
      .data(6_000, ({ proxy }) => {
        proxy.spec.masterDbUid = 'db1';
        proxy.generation = 4;
      })
      .data(11_000);
    expect(stream.told({ of: 'k1' })).toEqual([
      '1000 k1 maint former_leader',
      '6000 k1 maint leader_awaits_proof',
      expect.stringMatching(/^60[0-2]\d k1 ready leader_proven$/),
    ]);
  });

  it('that names a standby db lets nobody in', () => {
    const stream = new Stream().data(1_000, ({ proxy }) => {
      proxy.spec.masterDbUid = 'db2';
      proxy.generation = 3;
    });
    expect(stream.data(11_000).told({ of: 'k2' }).at(-1)).toBe('1000 k2 maint leader_in_recovery');
    expect(stream.told({ of: 'k2', proof: 'record' })).toEqual(['1000 k2 maint leader_record_not_primary']);
    expect(stream.told({ of: 'k1' })[0]).toMatch(/^1000 k1 maint /);
  });

  it('of a db that was replaced under the same keeper has to be proven again', () => {
    const stream = new Stream().data(1_000, (data) => {
      data.dbs = { db7: { ...aMaster('k1'), generation: 1 }, db2: aStandby('k2'), db3: aResync('k3') };
      data.cluster.status.master = 'db7';
      data.proxy.spec.masterDbUid = 'db7';
      data.proxy.generation = 3;
    });
    expect(stream.data(6_000).told({ of: 'k1' })).toEqual([
      '1000 k1 maint leader_awaits_proof',
      expect.stringMatching(/^10[0-2]\d k1 ready leader_proven$/),
    ]);
  });
});

describe('a prefix', () => {
  it.each([
    ['orion/cluster', 'demo'],
    ['/stolon/cluster', 'demo'],
  ])('%s works as any other', (storePrefix, name) => {
    const stream = new Stream(stolonPrefix({ prefix: storePrefix, name }))
      .data(1_000, failOver)
      .acknowledge(1_500, 3)
      .pg(5_000, 'k2', 'primary')
      .data(6_000, nameNew)
      .acknowledge(7_000, 4);
    expect(stream.told({ of: 'k2' }).at(-1)).toMatch(/^60[0-2]\d k2 ready leader_proven$/);
    expect(stream.told({ of: 'k2', as: 'p1' }).at(-1)).toBe('7000 k2 ready leader_proven');
  });
});
