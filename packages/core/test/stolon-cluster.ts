// Pictures of a Stolon cluster for tests of the judgement: three keepers, keeper1 named as master long ago, this router registered and enabled; at instant
// 100 s, to be changed where a test needs it. `passive` is the same cluster for a router that only reads.
import type { ProxiesView, RegistrationState, StolonMember } from '../src/model/proxies.ts';
import type { StoredClusterSpec } from '../src/model/spec.ts';
import { lsn, revision } from '../src/model/units.ts';
import { type ClusterView, type Leadership, type Member, noTags } from '../src/model/view.ts';
import { ago, aMember, aSpec, primaryAt, said, standbyAt } from './cluster.ts';

export const stolonSpec = (changes: Partial<StoredClusterSpec> = {}): StoredClusterSpec =>
  aSpec({
    source: { kind: 'stolon', name: 'demo', prefix: 'stolon/cluster', register: true, onStop: 'release' },
    ...changes,
  });

/** No probe is configured: clusterdata decides. */
export const byClusterData = stolonSpec({ probe: undefined });

export const aDb = (changes: Partial<StolonMember> = {}): StolonMember => ({
  dbUid: 'd9',
  keeperHealthy: true,
  dbHealthy: true,
  generation: 4,
  currentGeneration: 4,
  specRole: 'standby',
  initMode: 'none',
  follows: 'internal',
  forceFail: false,
  ...changes,
});

/** A keeper whose db is a standby. */
export const aKeeper = (name: string, changes: Partial<Member> = {}, db: Partial<StolonMember> = {}): Member =>
  aMember(name, {
    version: '15.4',
    tags: noTags,
    stolon: aDb({ dbUid: name.replace('keeper', 'd'), ...db }),
    ...changes,
  });

export const named = (member: string, changes: Partial<Extract<Leadership, { kind: 'held' }>> = {}): Leadership => ({
  kind: 'held',
  member,
  revision: revision(40),
  seenAt: ago(60_000),
  origin: 'named',
  recordProofSince: ago(50_000),
  proofGeneration: 3,
  ...changes,
});

export const withdrawn = (
  former: string | undefined,
  changes: Partial<Extract<Leadership, { kind: 'vacant' }>> = {},
): Leadership => ({ kind: 'vacant', former, revision: revision(60), seenAt: ago(50), graceful: false, ...changes });

/** Acknowledged and renewed 2 s ago, on a view that named keeper1 and enabled us. */
export const aRegistration = (changes: Partial<RegistrationState> = {}): RegistrationState => ({
  uid: 'aaaa0001',
  startedAt: ago(60_000),
  acknowledged: { clusterUid: 'c1', generation: 7, viewRevision: revision(58), at: ago(2_000) },
  aliveAt: ago(2_000),
  timeoutMs: 15_000,
  hindrance: undefined,
  ...changes,
});

export const someProxies = (changes: Partial<ProxiesView> = {}): ProxiesView => ({
  problem: undefined,
  clusterUid: 'c1',
  generation: 7,
  generationRevision: revision(45),
  generationSeenAt: ago(55_000),
  masterDbUid: 'd1',
  statusMasterDbUid: 'd1',
  enabled: [{ uid: 'aaaa0001', since: revision(45) }],
  proxies: [],
  sentinel: 's1',
  writtenAt: ago(3_000),
  sleepIntervalMs: 5_000,
  checkIntervalMs: 5_000,
  proxyTimeoutMs: 15_000,
  maxStandbyLagBytes: 1_232_896,
  registration: aRegistration(),
  ...changes,
});

export function stolonCluster(changes: Partial<ClusterView> = {}, proxies: Partial<ProxiesView> = {}): ClusterView {
  return {
    cluster: 'demo',
    source: 'stolon',
    revision: revision(60),
    confirmedAt: ago(100),
    initialized: true,
    leadership: named('keeper1'),
    members: [
      aKeeper(
        'keeper1',
        { role: 'primary', lagBytes: undefined, probe: said(primaryAt(ago(30_000)), primaryAt(ago(200))) },
        { specRole: 'master', follows: undefined },
      ),
      aKeeper('keeper2', { probe: said(standbyAt(ago(300))) }),
      aKeeper('keeper3', { probe: said(standbyAt(ago(400))) }),
    ],
    settings: {
      ttlMs: 20_000,
      loopWaitMs: 5_000,
      retryTimeoutMs: 10_000,
      maximumLagOnFailoverBytes: 1_232_896,
      synchronousMode: 'off',
      failsafeMode: false,
      standbyCluster: false,
      paused: false,
    },
    failsafeMembers: [],
    plannedSwitch: undefined,
    timeline: 3,
    problems: [],
    position: lsn(5_000),
    proxies: someProxies(proxies),
    ...changes,
  };
}

/** The same for a router that only reads. */
export const passive = (changes: Partial<ClusterView> = {}, proxies: Partial<ProxiesView> = {}): ClusterView =>
  stolonCluster(changes, { registration: undefined, ...proxies });
