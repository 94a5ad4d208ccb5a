// A Stolon cluster as the status document tells of it, with plain values: keeper1 is the master, keeper2 a standby, keeper3 has no db.
import type { ClusterStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { fullStatus, memberOf, reason, serverOf } from './picture.ts';

const db = (dbUid: string, generation: number): ClusterStatus['members'][number]['stolon'] => ({
  dbUid,
  keeperHealthy: true,
  dbHealthy: true,
  generation,
  currentGeneration: generation,
  initMode: 'none',
  forceFail: false,
});

/** Registered, acknowledged and enabled, beside a stolon-proxy that has not acknowledged the newest generation. */
export const stolonSection: NonNullable<ClusterStatus['stolon']> = {
  clusterUid: '63b229f1',
  problem: null,
  generation: 4,
  generationAgeMs: 60_000,
  masterDbUid: '222ed171',
  statusMasterDbUid: '222ed171',
  sentinel: '3fd42359',
  writtenAgeMs: 2_300,
  sleepIntervalMs: 5_000,
  proxyCheckIntervalMs: 5_000,
  proxyTimeoutMs: 15_000,
  maxStandbyLagBytes: 1_232_896,
  proxies: [
    { uid: '5f2dd97f', generation: 4, enabled: true, own: true },
    { uid: 'de527100', generation: 3, enabled: true, own: false },
  ],
  registration: {
    uid: '5f2dd97f',
    acknowledgedGeneration: 4,
    acknowledgedAgeMs: 59_990,
    acknowledgedRevision: '4000',
    aliveAgeMs: 1_250,
    timeoutMs: 15_000,
    enabled: true,
    enabledSinceRevision: '3990',
    hindrance: null,
  },
};

const stolonCluster: ClusterStatus = {
  name: 'shop',
  source: { kind: 'stolon', prefix: 'stolon/cluster/shop/' },
  probing: true,
  view: {
    revision: '4711',
    confirmedAgeMs: 120,
    initialized: true,
    leadership: { kind: 'held', member: 'keeper1', revision: '4000', forMs: 60_000 },
    timeline: 2,
    paused: false,
    standbyCluster: false,
    failsafeMode: false,
    synchronousMode: 'off',
    ttlMs: 20_000,
    loopWaitMs: 5_000,
    plannedSwitch: null,
    problems: [],
  },
  stolon: stolonSection,
  members: [
    memberOf('keeper1', 'primary', { version: '15.4', stolon: db('222ed171', 3) }),
    memberOf('keeper2', 'standby', { version: '15.4', lagBytes: 4096, stolon: db('7c4f10aa', 2) }),
    memberOf('keeper3', 'unavailable', { address: null, role: 'uninitialized', lagBytes: null, probe: null }),
  ],
  services: [
    {
      name: 'primary',
      backend: 'shop_primary',
      role: 'primary',
      open: true,
      routing: true,
      reason: reason('write_open'),
      servers: [serverOf('keeper1', 'ready'), serverOf('keeper2', 'maint'), serverOf('keeper3', 'maint', null)],
    },
  ],
  alarms: [],
};

/** The same as `stolonCluster`, with another `stolon` section. */
export const stolonStatusWith = (
  stolon: ClusterStatus['stolon'],
  watchdog: StatusDocument['targets'][number]['watchdog'] = 'armed',
): StatusDocument => ({
  ...fullStatus,
  clusters: [{ ...stolonCluster, stolon }],
  targets: fullStatus.targets.map((target) => ({ ...target, problems: [], watchdog })),
});

export const stolonStatus: StatusDocument = stolonStatusWith(stolonSection);
