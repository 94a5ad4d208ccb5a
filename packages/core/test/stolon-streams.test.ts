// What each stream of a Stolon cluster comes to: the defined outcome of each case, in the order of events.
import { describe, expect, it } from 'vitest';
import { outcome } from './stolon-outcomes.ts';
import { modesOf, type StolonMode, stolonRecordingNames } from './stolon-recordings.ts';

const byRecord: StolonMode = { proof: 'record', as: undefined };
const byProbe: StolonMode = { proof: 'probe', as: undefined };

/** `30267 keeper2 maint no_leader`, of one service, without what stands at the start. */
function told(name: string, mode: StolonMode, service: 'primary' | 'replica', member?: string): readonly string[] {
  return outcome(name, mode)
    .changes.filter((change) => change.service === service && (member === undefined || change.member === member))
    .filter(({ t_ms }) => t_ms > 0)
    .map(({ t_ms, member: who, state, reason }) => `${t_ms} ${who} ${state} ${reason.code}`);
}

describe('a cluster in which nothing happens', () => {
  it.each(['steady', 'sentinel-change'])('%s: nothing changes, in no service and no mode', (name) => {
    for (const mode of modesOf(outcome(name, byRecord).recorded)) {
      expect([...told(name, mode, 'primary'), ...told(name, mode, 'replica')]).toEqual([]);
    }
  });

  it('is not touched by a change of parameters, though every db is behind its generation for a while', () => {
    for (const mode of modesOf(outcome('update-pgparameters', byRecord).recorded)) {
      const { changes } = outcome('update-pgparameters', mode);
      expect(changes.filter(({ t_ms }) => t_ms > 0)).toEqual([]);
    }
  });

  it('raises an alarm while no sentinel leads, and none in peace', () => {
    expect(outcome('sentinel-change', byProbe).alarms).toEqual(['15141 sentinel_silent', '26218 nothing']);
    expect(stolonRecordingNames.filter((name) => outcome(name, byRecord).alarms.length > 0)).toEqual([
      'format-version-2',
      'sentinel-change',
    ]);
  });
});

describe('stolonctl init', () => {
  it('opens for writing when the master is named, and for reading when a standby is complete', () => {
    expect(told('init', byProbe, 'primary', 'keeper1')).toEqual([
      '10075 keeper1 maint not_initialized',
      '25133 keeper1 maint no_leader',
      '30155 keeper1 maint leader_awaits_proof',
      '30174 keeper1 ready leader_proven',
    ]);
    expect(told('init', byRecord, 'replica', 'keeper2')).toEqual([
      '10075 keeper2 drain not_initialized',
      '25133 keeper2 drain replica_without_db',
      '40173 keeper2 maint replica_being_built',
      '55250 keeper2 ready replica_within_lag',
    ]);
  });

  it('of a standby cluster opens for reading only', () => {
    expect(told('standby-cluster', byProbe, 'primary', 'keeper2')).toEqual([
      '10082 keeper2 maint not_initialized',
      '25136 keeper2 maint standby_cluster',
    ]);
    expect(told('standby-cluster', byProbe, 'replica').slice(-2)).toEqual([
      '55193 keeper1 ready replica_within_lag',
      '55193 keeper3 ready replica_within_lag',
    ]);
  });

  it('with synchronous replication: in sync is who is wanted and told to be so', () => {
    expect(outcome('sync-init', byRecord).synchronous).toEqual(['70320 keeper1']);
  });
});

describe('a failover', () => {
  it('closes with the withdrawal and opens when the promoted master is named', () => {
    const [withdrawn, ...later] = told('failover', byProbe, 'primary').filter((line) => !line.includes('drain'));
    expect(withdrawn).toBe('30267 keeper1 maint no_leader');
    expect(later).toContain('30267 keeper2 maint former_leader');
    expect(later).toContain('35308 keeper1 ready leader_proven');
  });

  it('by clusterdata alone opens when the new master has carried out its promotion', () => {
    expect(told('failover', byRecord, 'primary', 'keeper1')).toEqual([
      '30267 keeper1 maint no_leader',
      '35290 keeper1 maint leader_record_not_converged',
      '45318 keeper1 ready leader_proven_by_record',
    ]);
  });

  it('takes a master that comes back for reading only when it is built anew', () => {
    expect(told('failover', byRecord, 'replica', 'keeper2')).toEqual([
      '30267 keeper2 maint replica_role',
      '45318 keeper2 drain replica_without_db',
      '85410 keeper2 maint replica_being_built',
      '100448 keeper2 ready replica_within_lag',
    ]);
  });

  it('by stolonctl failkeeper cuts off a master that still runs, and says that it still runs', () => {
    expect(told('failkeeper', byProbe, 'primary', 'keeper1').slice(0, 2)).toEqual([
      '5250 keeper1 maint former_leader',
      '10258 keeper1 maint not_leader',
    ]);
    expect(outcome('failkeeper', byProbe).alarms).toEqual(['11020 two_primaries', '30849 nothing']);
  });

  it('reads from the new master while both standbys are built anew', () => {
    expect(told('failkeeper', byRecord, 'replica', 'keeper2')).toEqual([
      '5250 keeper2 maint replica_role',
      '10258 keeper2 maint leader_takes_no_reads',
      '20266 keeper2 ready fallback_to_primary',
      '35290 keeper2 drain leader_takes_no_reads',
    ]);
  });

  it('waits with Stolon for a proxy that has died', () => {
    const alive: StolonMode = { proof: 'probe', as: 'fd802060' };
    expect(told('failover-dead-proxy', alive, 'primary', 'keeper2')).toEqual([
      '30284 keeper2 maint no_leader',
      '60379 keeper2 maint leader_awaits_proof',
      '60385 keeper2 maint proxy_not_acknowledged',
      '62116 keeper2 ready leader_proven',
    ]);
  });

  it('is never followed by a proxy that has died', () => {
    const dead: StolonMode = { proof: 'probe', as: '6cb9185e' };
    expect(told('failover-dead-proxy', dead, 'primary', 'keeper2')).toEqual([
      '30284 keeper2 maint no_leader',
      '60379 keeper2 maint leader_awaits_proof',
      '60385 keeper2 maint proxy_not_registered',
    ]);
  });
});

describe('stolonctl promote of a standby cluster', () => {
  it('opens when PostgreSQL is promoted: nobody is named anew', () => {
    expect(told('standby-cluster-promote', byProbe, 'primary', 'keeper3')).toEqual([
      '3000 keeper3 maint leader_in_recovery',
      '9741 keeper3 ready leader_proven',
    ]);
  });

  it('by clusterdata alone opens when the promotion is carried out', () => {
    expect(told('standby-cluster-promote', byRecord, 'primary', 'keeper3').at(-1)).toBe(
      '20228 keeper3 ready leader_proven_by_record',
    );
  });
});

describe('another format version', () => {
  it('closes for writing at once, leaves reads alone, and says so', () => {
    for (const mode of modesOf(outcome('format-version-2', byRecord).recorded)) {
      expect(told('format-version-2', mode, 'primary', 'keeper2')).toEqual(['3000 keeper2 maint format_version']);
      expect(told('format-version-2', mode, 'replica')).toEqual([]);
      expect(outcome('format-version-2', mode).alarms[0]).toBe('3000 format_version');
    }
  });
});

describe('a standby', () => {
  it('that falls behind leaves the reads, and comes back', () => {
    expect(told('standby-lag', byRecord, 'replica')).toEqual([
      '20220 keeper2 drain replica_lagging',
      '35272 keeper2 ready replica_within_lag',
    ]);
  });

  it('that is lost leaves the reads when Stolon knows, and with a probe at once', () => {
    expect(told('standby-lost', byRecord, 'replica')).toEqual([
      '30360 keeper2 drain replica_keeper_unhealthy',
      '50426 keeper2 maint replica_db_unhealthy',
      '55446 keeper2 ready replica_within_lag',
    ]);
    expect(told('standby-lost', byProbe, 'replica')[0]).toBe('3000 keeper2 maint replica_down');
  });

  it('that was in sync and is lost hands that over to another', () => {
    expect(outcome('sync-standby-lost', byRecord).synchronous).toEqual(['0 keeper2', '45240 keeper3']);
    expect(told('sync-standby-lost', byRecord, 'replica')).toEqual([
      '30170 keeper2 drain replica_keeper_unhealthy',
      '80359 keeper2 maint replica_db_unhealthy',
      '90373 keeper2 ready replica_within_lag',
    ]);
  });
});
