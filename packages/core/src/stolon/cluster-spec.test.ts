import { describe, expect, it } from 'vitest';
import { clusterSpecSchema, specFault, specOf } from './cluster-spec.ts';

const faultOf = (spec: object): string | undefined =>
  specFault(clusterSpecSchema.parse({ initMode: 'new', ...spec }))?.field;

describe('a cluster spec', () => {
  it("left empty has Stolon's defaults", () => {
    expect(
      specOf(clusterSpecSchema.parse({ initMode: 'new', pgHBA: null, additionalMasterReplicationSlots: null })),
    ).toEqual({
      sleepIntervalMs: 5_000,
      requestTimeoutMs: 10_000,
      failIntervalMs: 20_000,
      proxyCheckIntervalMs: 5_000,
      proxyTimeoutMs: 15_000,
      maxStandbyLagBytes: 1_232_896,
      synchronousReplication: false,
      role: 'master',
    });
  });

  it('holds durations as an operator may write them', () => {
    const spec = clusterSpecSchema.parse({ sleepInterval: '1.5s', failInterval: '1m', proxyCheckInterval: 0 });
    expect(specOf(spec)).toMatchObject({ sleepIntervalMs: 1_500, failIntervalMs: 60_000, proxyCheckIntervalMs: 0 });
  });

  it.each([
    {},
    { initMode: 'existing', existingConfig: { keeperUID: 'k1' } },
    { initMode: 'pitr', pitrConfig: { dataRestoreCommand: 'cp' } },
    { initMode: 'pitr', pitrConfig: { dataRestoreCommand: 'cp' }, role: 'standby', standbyConfig: {} },
    { minSynchronousStandbys: 0 },
    { sleepInterval: '0s' },
    { proxyCheckInterval: '14999ms' },
    { defaultSUReplAccessMode: 'strict' },
    { additionalMasterReplicationSlots: ['a_1'], pgHBA: ['host all all 10.0.0.0/8 md5'] },
  ])('is taken: %j', (spec) => {
    expect(faultOf(spec)).toBeUndefined();
  });

  it.each([
    ['initMode', { initMode: undefined }],
    ['initMode', { initMode: 'magic' }],
    ['initMode', { role: 'standby', standbyConfig: {} }],
    ['sleepInterval', { sleepInterval: '-1s' }],
    ['deadKeeperRemovalInterval', { deadKeeperRemovalInterval: '-1ns' }],
    ['proxyCheckInterval', { proxyCheckInterval: '15s' }],
    ['proxyCheckInterval', { proxyTimeout: '5s' }],
    ['maxStandbys', { maxStandbys: 0 }],
    ['maxStandbysPerSender', { maxStandbysPerSender: 0 }],
    ['maxSynchronousStandbys', { maxSynchronousStandbys: 0, minSynchronousStandbys: 0 }],
    ['maxSynchronousStandbys', { minSynchronousStandbys: 2 }],
    ['additionalMasterReplicationSlots', { additionalMasterReplicationSlots: ['A'] }],
    ['additionalMasterReplicationSlots', { additionalMasterReplicationSlots: ['stolon_a'] }],
    ['pgHBA', { pgHBA: ['a\nb'] }],
    ['existingConfig.keeperUID', { initMode: 'existing' }],
    ['existingConfig.keeperUID', { initMode: 'existing', existingConfig: {} }],
    ['pitrConfig.dataRestoreCommand', { initMode: 'pitr' }],
    ['pitrConfig.dataRestoreCommand', { initMode: 'pitr', pitrConfig: { dataRestoreCommand: '' } }],
    [
      'pitrConfig.recoveryTargetSettings',
      {
        initMode: 'pitr',
        role: 'standby',
        standbyConfig: {},
        pitrConfig: { dataRestoreCommand: 'cp', recoveryTargetSettings: {} },
      },
    ],
    ['defaultSUReplAccessMode', { defaultSUReplAccessMode: 'none' }],
    ['role', { role: 'slave' }],
    ['standbyConfig', { initMode: 'existing', existingConfig: { keeperUID: 'k1' }, role: 'standby' }],
  ])('is refused for %s: %j', (field, spec) => {
    expect(faultOf(spec)).toBe(field);
  });
});
