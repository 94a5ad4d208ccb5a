import { describe, expect, it } from 'vitest';
import {
  ago,
  aSpec,
  aView,
  heldBy,
  now,
  primaryAt,
  reads,
  said,
  vacantAfter,
  withMember,
  writes,
} from '../../test/cluster.ts';
import { named, stolonCluster, stolonSpec, withdrawn } from '../../test/stolon-cluster.ts';
import type { DesiredBackend } from '../haproxy/desired.ts';
import { leavingDefaults, serversDefault } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import type { ClusterView } from '../model/view.ts';
import { decide } from '../routing/decide.ts';
import { closedServices, desiredOf, readsOnMaster, withoutMaster } from './desired-of.ts';

const withFallback = stolonSpec({ services: [writes, { ...reads, fallback: 'primary' }] });
const desired = (view: ClusterView, spec: ClusterSpec = withFallback) => desiredOf(decide(view, spec, now), view, spec);
const words = (backends: readonly DesiredBackend[], name: string) =>
  backends
    .find(({ backend }) => backend === name)
    ?.servers.map(({ member, state, ends }) => `${member} ${state}${ends === true ? ', sessions ended' : ''}`);

const onlyMaster = (changes: Partial<ClusterView> = {}): ClusterView => {
  const view = stolonCluster(changes);
  return { ...view, members: view.members.slice(0, 1) };
};

describe('what a read service shall hold', () => {
  it('ends the sessions on a Stolon master that was withdrawn: nobody stops it from taking writes', () => {
    expect(words(desired(onlyMaster()), 'demo_replica')).toEqual(['keeper1 ready']);
    expect(words(desired(onlyMaster({ leadership: withdrawn('keeper1') })), 'demo_replica')).toEqual([
      'keeper1 maint, sessions ended',
    ]);
  });

  it('ends those on an old master that runs on after another was named', () => {
    const view = stolonCluster({ leadership: named('keeper2') });
    expect(words(desired(view), 'demo_replica')?.[0]).toBe('keeper1 maint, sessions ended');
  });

  it('leaves those on standbys and on the master itself alone', () => {
    const view = stolonCluster();
    expect(words(desired(view), 'demo_replica')).toEqual(['keeper1 maint', 'keeper2 ready', 'keeper3 ready']);
  });

  it('ends those on a second server that takes writes where nobody manages them', () => {
    const saysPrimary = { role: 'primary', probe: said(primaryAt(ago(100))) } as const;
    const view = withMember(aView({ source: 'postgres', leadership: vacantAfter('n1') }), 'n2', saysPrimary);
    const spec = aSpec({ services: [writes, reads] });
    const held = { ...view, leadership: heldBy('n1') };
    expect(words(desired(view, spec), 'demo_replica')?.slice(0, 2)).toEqual([
      'n1 maint, sessions ended',
      'n2 maint, sessions ended',
    ]);
    expect(words(desired(held, spec), 'demo_replica')?.[0]).toBe('n1 maint');
  });

  it('ends those on a server that claims to be primary without authority, with Patroni too', () => {
    const view = withMember(aView({ leadership: heldBy('n2') }), 'n1', { probe: said(primaryAt(ago(100))) });
    expect(words(desired(view, aSpec()), 'demo_replica')?.[0]).toBe('n1 maint, sessions ended');
  });

  it('ends them whatever the table of leaving says, and on both lines of the server', () => {
    const drains = {
      ...reads,
      leaving: { ...leavingDefaults, role_lost: 'drain', absent: 'drain' },
      servers: { ...serversDefault, backupName: '{member}-fb' },
    } as const;
    const spec = stolonSpec({ services: [writes, drains] });
    const held = desired(onlyMaster({ leadership: withdrawn('keeper1') }), spec);
    expect(held.find(({ backend }) => backend === 'demo_replica')?.servers[0]).toMatchObject({
      state: 'maint',
      ends: true,
    });
    for (const { lines } of held.flatMap(({ servers }) => servers)) {
      expect(lines ?? { own: 'maint', backup: 'maint' }).toEqual({ own: 'maint', backup: 'maint' });
    }
  });
});

describe('what becomes of a line that stands for nobody any more', () => {
  const removed = (backend: string) => desired(aView(), aSpec()).find((one) => one.backend === backend)?.removed;

  it('is for the table to say in a read service, and never left to drain where it could be written to', () => {
    expect(removed('demo_replica')).toEqual({ leaving: 'drain_then_kill', drainTimeoutMs: 60_000 });
    expect(removed('demo_primary')?.leaving).toBe('kill');
  });

  it('is nothing where a read service is closed because nothing could be read', () => {
    const [write, read] = closedServices([writes, reads]);
    expect(write).toMatchObject({
      backend: 'demo_primary',
      exclusive: true,
      servers: [],
      removed: { leaving: 'kill' },
    });
    expect(read).toMatchObject({ backend: 'demo_replica', exclusive: false, servers: [] });
    expect(read?.removed).toBeUndefined();
  });
});

describe('a Stolon proxy that leaves', () => {
  it('lets go of the master in every service, and leaves reads from standbys as they are', () => {
    const alone = withoutMaster(desired(onlyMaster()), withFallback, 'keeper1');
    expect(words(alone, 'demo_primary')).toEqual([]);
    expect(words(alone, 'demo_replica')).toEqual(['keeper1 maint, sessions ended']);
    const sound = withoutMaster(desired(stolonCluster()), withFallback, 'keeper1');
    expect(words(sound, 'demo_replica')).toEqual(['keeper1 maint, sessions ended', 'keeper2 ready', 'keeper3 ready']);
  });

  it('knows which read services lead to the master', () => {
    expect(readsOnMaster(desired(onlyMaster()), 'keeper1')).toEqual(['demo_replica']);
    expect(readsOnMaster(desired(stolonCluster()), 'keeper1')).toEqual([]);
  });
});
