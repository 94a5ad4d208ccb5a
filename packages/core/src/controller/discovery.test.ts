// Which scopes below a namespace are clusters, and for how long: on a clock that stands still until the test moves it.
import { describe, expect, it } from 'vitest';
import { aSpec, reads, writes } from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import type { KeyValue } from '../etcd/messages.ts';
import type { ClusterSpec, DiscoverySpec } from '../model/spec.ts';
import { revision } from '../model/units.ts';
import { Discovery, type Found, withFound } from './discovery.ts';

const spec: DiscoverySpec = {
  namespace: '/service',
  include: [],
  exclude: [],
  probe: undefined,
  grace: 'auto',
  services: [
    { ...writes, backends: ['{cluster}-rw', '{cluster}-{cluster}'] },
    { ...reads, backends: ['{cluster}-ro'] },
  ],
};

/** A mirror of /service/ as far as discovery looks at it. */
class Mirror {
  readonly prefix = '/service/';
  started = false;
  readonly #keys = new Map<string, Set<string>>();
  #listener: ((names: ReadonlySet<string>) => void) | undefined;

  start(): void {
    this.started = true;
  }

  names(): readonly string[] | undefined {
    return this.started ? [...this.#keys.keys()] : undefined;
  }

  keys(name: string): ReadonlyMap<string, KeyValue> {
    const zero = { createRevision: revision(1), modRevision: revision(1), lease: '0' };
    return new Map(
      [...(this.#keys.get(name) ?? [])].map((key) => {
        const full = `${this.prefix}${name}/${key}`;
        return [full, { ...zero, key: full, value: '' }];
      }),
    );
  }

  onNames(listener: (names: ReadonlySet<string>) => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }

  put(name: string, ...keys: readonly string[]): void {
    this.#keys.set(name, new Set([...(this.#keys.get(name) ?? []), ...keys]));
    this.#listener?.(new Set([name]));
  }

  delete(name: string): void {
    this.#keys.delete(name);
    this.#listener?.(new Set([name]));
  }

  /** All is listed anew: only names that have keys are told. */
  relisted(without: string): void {
    this.#keys.delete(without);
    this.#listener?.(new Set(this.#keys.keys()));
  }
}

function stage(changes: Partial<DiscoverySpec> = {}) {
  const clock = new ManualClock();
  const mirror = new Mirror();
  let changed = 0;
  const discovery = new Discovery({
    spec: { ...spec, ...changes },
    mirror,
    clock,
    onChange: () => {
      changed += 1;
    },
  });
  const names = () => discovery.found.clusters.map(({ name }) => name);
  const refused = () => discovery.found.refused.map(({ facts: { scope } }) => scope);
  return { clock, mirror, discovery, names, refused, changed: () => changed };
}

describe('what is found below a namespace', () => {
  it('is what was there at the start, and what comes', () => {
    const { mirror, discovery, names, changed } = stage();
    mirror.put('one', 'initialize');
    discovery.start();
    expect(mirror.started).toBe(true);
    expect(names()).toEqual(['one']);
    mirror.put('another', 'config');
    expect(names()).toEqual(['another', 'one']);
    expect(changed()).toBe(2);
    mirror.put('one', 'leader', 'members/n1');
    expect(changed()).toBe(2);
  });

  it.each([
    ['initialize', true],
    ['config', true],
    ['members/n1', true],
    ['members/', false],
    ['leader', false],
    ['status', false],
    ['history', false],
    ['sync', false],
    ['initialize/x', false],
  ])('takes a scope with the key %s for a cluster: %s', (key, is) => {
    const { mirror, discovery, names } = stage();
    discovery.start();
    mirror.put('demo', key);
    expect(names()).toEqual(is ? ['demo'] : []);
  });

  it('takes the name of the scope for the cluster, and for {cluster} wherever it stands', () => {
    const { mirror, discovery } = stage();
    discovery.start();
    mirror.put('a.b', 'initialize');
    const [cluster] = discovery.found.clusters;
    expect(cluster).toMatchObject({ name: 'a.b', source: { kind: 'patroni', scope: 'a.b', namespace: '/service' } });
    expect(cluster?.services.map(({ backends }) => backends)).toEqual([['a.b-rw', 'a.b-a.b'], ['a.b-ro']]);
  });

  it('takes what is included and not excluded', () => {
    const { mirror, discovery, names } = stage({ include: ['prod-*', 'x.y'], exclude: ['*-test', 'prod-old'] });
    discovery.start();
    for (const name of ['prod-a', 'prod-old', 'prod-b-test', 'xzy', 'x.y', 'my-prod-c']) mirror.put(name, 'initialize');
    expect(names()).toEqual(['prod-a', 'x.y']);
  });

  it('refuses names that HAProxy can not bear, for as long as they are there', () => {
    const { mirror, discovery, names, refused, changed } = stage({ exclude: ['no thank you'] });
    discovery.start();
    const long = 'x'.repeat(65);
    for (const name of ['not a name', 'a;b', 'a\nb', long, 'no thank you']) mirror.put(name, 'initialize');
    expect(names()).toEqual([]);
    expect(refused()).toEqual(['a\nb', 'a;b', 'not a name', long]);
    expect(discovery.found.refused[0]).toMatchObject({ code: 'discovered_name_unusable' });
    const before = changed();
    mirror.delete('a;b');
    expect(refused()).not.toContain('a;b');
    expect(changed()).toBe(before + 1);
  });
});

describe('a cluster whose keys are all gone', () => {
  it('is the same cluster when it is back within a minute', async () => {
    const { clock, mirror, discovery, names, changed } = stage();
    discovery.start();
    mirror.put('demo', 'initialize');
    const [before] = discovery.found.clusters;
    mirror.delete('demo');
    await clock.pass(59_999);
    mirror.put('demo', 'leader');
    await clock.pass(600_000);
    expect(names()).toEqual(['demo']);
    expect(discovery.found.clusters[0]).toBe(before);
    expect(changed()).toBe(1);
  });

  it('is let go after a minute, and found anew when it comes back later', async () => {
    const { clock, mirror, discovery, names, changed } = stage();
    discovery.start();
    mirror.put('demo', 'initialize');
    mirror.delete('demo');
    await clock.pass(59_999);
    expect(names()).toEqual(['demo']);
    await clock.pass(1);
    expect(names()).toEqual([]);
    expect(changed()).toBe(2);
    mirror.put('demo', 'leader');
    expect(names()).toEqual([]);
    mirror.put('demo', 'members/n1');
    expect(names()).toEqual(['demo']);
    expect(changed()).toBe(3);
  });

  it('is given its minute from the last time that its keys went', async () => {
    const { clock, mirror, discovery, names } = stage();
    discovery.start();
    mirror.put('demo', 'initialize');
    mirror.delete('demo');
    await clock.pass(40_000);
    mirror.put('demo', 'initialize');
    mirror.delete('demo');
    await clock.pass(40_000);
    mirror.delete('demo');
    expect(names()).toEqual(['demo']);
    await clock.pass(20_000);
    expect(names()).toEqual([]);
  });

  it('is missed in a new list too', async () => {
    const { clock, mirror, discovery, names } = stage();
    discovery.start();
    mirror.put('demo', 'initialize');
    mirror.put('other', 'initialize');
    mirror.relisted('demo');
    await clock.pass(60_000);
    expect(names()).toEqual(['other']);
  });

  it('leaves no timer behind when nothing is looked for any more', () => {
    const { clock, mirror, discovery, changed } = stage();
    discovery.start();
    mirror.put('demo', 'initialize');
    mirror.delete('demo');
    discovery.stop();
    mirror.put('late', 'initialize');
    expect(clock.pending).toBe(0);
    expect(changed()).toBe(1);
  });
});

describe('all clusters', () => {
  const found = (...clusters: readonly ClusterSpec[]): Found => ({ clusters, refused: [] });
  const a = (name: string, backend: string, scope = name) =>
    aSpec({
      name,
      source: { kind: 'patroni', scope, namespace: '/service' },
      services: [{ ...writes, backends: [backend] }],
    });
  const nobody: ReadonlySet<string> = new Set();

  it('are those that are listed, before any that was found with the same name or the same records', () => {
    const listed = [a('one', 'b1'), a('mine', 'b2', 'two')];
    const all = withFound(listed, [found(a('one', 'b3'), a('two', 'b4'), a('three', 'b5'))], nobody);
    expect(all).toEqual({ clusters: [...listed, a('three', 'b5')], refused: [] });
  });

  it('are without one that was found and wants the backend of another: a listed one has it, then one that runs', () => {
    const taken = (scope: string, backend: string, cluster: string) => ({
      code: 'discovered_backend_taken',
      facts: { scope, backend, cluster },
    });
    const two = [found(a('x', 'b1'), a('y', 'b2')), found(a('z', 'b2'))];
    expect(withFound([a('one', 'b1')], two, nobody)).toMatchObject({
      clusters: [{ name: 'one' }, { name: 'y' }],
      refused: [taken('x', 'b1', 'one'), taken('z', 'b2', 'y')],
    });
    expect(withFound([a('one', 'b1')], two, new Set(['z']))).toMatchObject({
      clusters: [{ name: 'one' }, { name: 'z' }],
      refused: [taken('x', 'b1', 'one'), taken('y', 'b2', 'z')],
    });
  });
});
