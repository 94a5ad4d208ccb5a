import { describe, expect, it } from 'vitest';
import { lsn } from '../model/units.ts';
import {
  parseConfig,
  parseFailover,
  parseFailsafe,
  parseHistory,
  parseMember,
  parseOptime,
  parseStatus,
  parseSync,
} from './records.ts';

const errorOf = (result: { readonly ok: boolean; readonly error?: string }): string | undefined => result.error;

describe('a member record', () => {
  const record = {
    conn_url: 'postgres://127.0.0.1:25121/postgres',
    api_url: 'http://127.0.0.1:25111/patroni',
    state: 'running',
    role: 'replica',
    version: '4.1.4',
    tags: { nofailover: true, zone: 'b', failover_priority: 2 },
    pending_restart: true,
    pending_restart_reason: { max_connections: { old_value: '60', new_value: '70' } },
    xlog_location: 210567808,
    replay_lsn: 210561096,
    receive_lsn: 210567808,
    replication_state: 'streaming',
    timeline: 4,
    pause: true,
    something_new: [1, 2, 3],
  };
  const parse = (changes: object = {}) => parseMember(JSON.stringify({ ...record, ...changes }));

  it('of 4.1 is read with all that routing looks at', () => {
    expect(parse()).toEqual({
      ok: true,
      value: {
        address: { host: '127.0.0.1', port: 25121 },
        role: 'replica',
        stateText: 'running',
        running: true,
        version: '4.1.4',
        timeline: 4,
        position: lsn(210567808),
        receivePosition: lsn(210567808),
        replayPosition: lsn(210561096),
        replicationState: 'streaming',
        tags: { noloadbalance: false, nofailover: true, nosync: false, custom: { zone: 'b', failover_priority: 2 } },
        pendingRestart: true,
        pauseSeen: true,
        checkpointPending: false,
      },
    });
  });

  it.each([
    ['master', 'primary'],
    ['primary', 'primary'],
    ['promoted', 'promoting'],
    ['replica', 'replica'],
    ['standby_leader', 'standby_leader'],
    ['demoted', 'demoted'],
    ['uninitialized', 'uninitialized'],
    ['something of 5.0', 'unknown'],
    ['constructor', 'unknown'],
  ])('with role %s is %s', (role, expected) => {
    expect(parse({ role })).toMatchObject({ value: { role: expected } });
  });

  it.each(['starting', 'stopped', 'restart failed (timeout)', 'something of 5.0', 'RUNNING'])(
    'in state %s does not run',
    (state) => {
      expect(parse({ state })).toMatchObject({ value: { running: false, stateText: state } });
    },
  );

  it('of a PostgreSQL that is down has no position and no timeline', () => {
    const parsed = parseMember(JSON.stringify({ conn_url: 'postgres://a/', state: 'stopped', role: 'demoted' }));
    expect(parsed).toMatchObject({ value: { position: undefined, timeline: undefined, version: undefined } });
    expect(parse({ timeline: 0 })).toMatchObject({ value: { timeline: undefined } });
  });

  it('of a new leader tells that the first checkpoint is awaited', () => {
    expect(parse({ checkpoint_after_promote: false })).toMatchObject({ value: { checkpointPending: true } });
  });

  it.each([
    [true, true],
    ['yes', true],
    ['off', false],
    [0, false],
    [null, false],
    [{ any: 'thing' }, true],
  ])('with the tag noloadbalance %j counts as %s', (noloadbalance, expected) => {
    expect(parse({ tags: { noloadbalance } })).toMatchObject({ value: { tags: { noloadbalance: expected } } });
  });

  it('in the form of Governor is an address and nothing else', () => {
    const governor = parseMember(
      'postgres://u:p@10.0.0.1:5432/postgres?application_name=http://10.0.0.1:8008/governor',
    );
    expect(governor).toMatchObject({
      value: { address: { host: '10.0.0.1', port: 5432 }, role: 'unknown', running: false },
    });
  });

  it.each([
    ['', 'empty'],
    ['{', 'not JSON (1 characters)'],
    ['[]', 'Invalid input: expected object, received array'],
    ['{}', 'conn_url: Invalid input: expected string, received undefined'],
    ['postgres:///', 'URL without a host and port to connect to'],
  ])('%j can not be read: %s', (text, error) => {
    expect(errorOf(parseMember(text))).toBe(error);
  });

  it.each([
    [{ state: 1 }, 'state'],
    [{ role: null }, 'role'],
    [{ xlog_location: '1' }, 'xlog_location'],
    [{ xlog_location: -1 }, 'xlog_location'],
    [{ xlog_location: 1.5 }, 'xlog_location'],
    [{ timeline: 'x' }, 'timeline'],
    [{ conn_url: 'nonsense' }, 'conn_url'],
    [{ state: 'run\nning' }, 'state'],
    [{ tags: 'noloadbalance' }, 'tags'],
  ])('with %j can not be read, and the error names the field', (changes, field) => {
    expect(errorOf(parse(changes))).toMatch(new RegExp(`^${field}: `));
  });

  it('never repeats its text in an error', () => {
    expect(errorOf(parse({ conn_url: 'nonsense with s3cret' }))).not.toContain('s3cret');
    expect(errorOf(parseMember('{"password": "s3cret"'))).not.toContain('s3cret');
  });
});

describe('config', () => {
  it('left empty means the defaults', () => {
    expect(parseConfig('{}')).toEqual({
      ok: true,
      value: {
        ttlMs: 30_000,
        loopWaitMs: 10_000,
        retryTimeoutMs: 10_000,
        maximumLagOnFailoverBytes: 1_048_576,
        synchronousMode: 'off',
        failsafeMode: false,
        standbyCluster: false,
        paused: false,
      },
    });
  });

  it.each([
    ['on', true],
    ['TRUE', true],
    ['Yes', true],
    ['1', true],
    [1, true],
    ['off', false],
    ['false', false],
    ['0', false],
    [null, false],
  ])('takes %j for %s', (word, expected) => {
    const parsed = parseConfig(JSON.stringify({ pause: word, failsafe_mode: word }));
    expect(parsed).toMatchObject({ value: { paused: expected, failsafeMode: expected } });
  });

  it.each([
    ['quorum', 'quorum'],
    [true, 'on'],
    ['off', 'off'],
  ])('has synchronous_mode %j', (synchronous_mode, expected) => {
    expect(parseConfig(JSON.stringify({ synchronous_mode }))).toMatchObject({ value: { synchronousMode: expected } });
  });

  it('reads numbers written as text', () => {
    expect(parseConfig('{"ttl":"20","loop_wait":5.5}')).toMatchObject({ value: { ttlMs: 20_000, loopWaitMs: 5_500 } });
  });

  it.each([
    [{ host: '10.9.9.9', port: 5432 }, true],
    [{ restore_command: 'cp' }, true],
    [{}, false],
    [{ host: '' }, false],
    [null, false],
  ])('with standby_cluster %j', (standby_cluster, expected) => {
    expect(parseConfig(JSON.stringify({ standby_cluster }))).toMatchObject({ value: { standbyCluster: expected } });
  });

  it.each([
    ['{'],
    ['[]'],
    ['{"pause":"perhaps"}'],
    ['{"ttl":-1}'],
    ['{"ttl":"x"}'],
    ['{"standby_cluster":"yes"}'],
    ['{"synchronous_mode":[]}'],
  ])('%s can not be read', (text) => {
    expect(parseConfig(text).ok).toBe(false);
  });
});

describe('the small records', () => {
  it.each([
    ['{"optime":67461992}', 67461992],
    ['{"optime":67282616,"slots":{"n1":67282616},"retain_slots":["n1"]}', 67282616],
    ['67461992', 67461992],
  ])('status %s', (text, bytes) => {
    expect(parseStatus(text)).toEqual({ ok: true, value: lsn(bytes) });
  });

  it('status without a position has none', () => {
    expect(parseStatus('{}')).toEqual({ ok: true, value: undefined });
    expect(parseStatus('{"optime":"x"}').ok).toBe(false);
  });

  it('optime/leader is a decimal number of any size', () => {
    expect(parseOptime('18446744073709551615')).toEqual({ ok: true, value: lsn(18446744073709551615n) });
    expect(parseOptime('0/16B3748').ok).toBe(false);
  });

  it.each([
    ['[]', undefined],
    ['[[1,67432712,"no recovery target specified","2026-11-20T11:55:37.676152+00:00","n2"]]', 2],
    ['[[1,84140856,"no recovery target specified"],[2,84216912,"x","2026-11-20T11:55:37+00:00"]]', 3],
  ])('history %s', (text, timeline) => {
    expect(parseHistory(text)).toEqual({ ok: true, value: timeline });
  });

  it('history of another form can not be read', () => {
    expect(['{}', '[["x"]]', '[1]', '[[0]]'].map((text) => parseHistory(text).ok)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it.each([
    ['{}', undefined],
    ['', undefined],
    ['{"leader":"n1","member":"n2"}', { from: 'n1', to: 'n2', scheduledAt: undefined }],
    ['{"member":"n2"}', { from: undefined, to: 'n2', scheduledAt: undefined }],
    [
      '{"leader":"n1","member":"n2","scheduled_at":"2026-11-20T12:09:50+00:00"}',
      { from: 'n1', to: 'n2', scheduledAt: '2026-11-20T12:09:50+00:00' },
    ],
    ['{"leader":"n1","member":null}', { from: 'n1', to: undefined, scheduledAt: undefined }],
    ['n1:n2', { from: 'n1', to: 'n2', scheduledAt: undefined }],
    ['n1', { from: 'n1', to: undefined, scheduledAt: undefined }],
    [':n2', { from: undefined, to: 'n2', scheduledAt: undefined }],
  ])('failover %j', (text, expected) => {
    expect(parseFailover(text)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ['{"leader":"n3","sync_standby":"n1, N2"}', ['n1', 'n2']],
    ['{"leader":"n3","sync_standby":null,"quorum":0}', []],
    ['{"leader":"n3","sync_standby":["n1"]}', ['n1']],
  ])('sync %s', (text, standbys) => {
    expect(parseSync(text)).toEqual({ ok: true, value: { leader: 'n3', standbys: new Set(standbys) } });
  });

  it('failsafe lists names', () => {
    expect(parseFailsafe('{"n2":"http://b/patroni","n1":"http://a/patroni"}')).toEqual({
      ok: true,
      value: ['n1', 'n2'],
    });
    expect(parseFailsafe('["n1"]').ok).toBe(false);
  });
});
