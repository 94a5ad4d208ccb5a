import { describe, expect, it } from 'vitest';
import { aMaster, type Data, soundData } from '../../test/stolon-keys.ts';
import { lsn } from '../model/units.ts';
import { type ClusterData, parseClusterData } from './clusterdata.ts';

function read(change: (data: Data) => void = () => {}) {
  const data = soundData();
  change(data);
  return parseClusterData(JSON.stringify(data));
}

function dataOf(change?: (data: Data) => void): ClusterData {
  const reading = read(change);
  if (!reading.ok || reading.value.kind !== 'data') throw new Error(JSON.stringify(reading));
  return reading.value.data;
}

describe('clusterdata', () => {
  it('tells who is master for the proxies, and apart from that who shall be', () => {
    expect(dataOf()).toMatchObject({
      clusterUid: '63b229f1',
      phase: 'normal',
      statusMaster: 'db1',
      masterDbUid: 'db1',
      proxyGeneration: 2,
      enabledProxies: ['p1', 'p2'],
    });
  });

  it('takes what Go leaves out for false, zero or nothing', () => {
    const data = dataOf((d) => {
      d.cluster.status = {};
      d.proxy = { spec: {}, status: {} };
      d.keepers = { k1: { status: {} } };
      d.dbs = { db1: { spec: { keeperUID: 'k1', synchronousStandbys: null }, status: { synchronousStandbys: null } } };
    });
    expect(data).toMatchObject({ phase: '', statusMaster: undefined, masterDbUid: undefined });
    expect(data).toMatchObject({ proxyGeneration: 0, enabledProxies: [] });
    expect(data.keepers.get('k1')).toEqual({
      ok: true,
      value: {
        healthy: false,
        forceFail: false,
        version: undefined,
        canBeMaster: true,
        canBeSynchronousReplica: true,
      },
    });
    expect(data.dbs.get('db1')).toEqual({
      keeperUid: 'k1',
      db: {
        ok: true,
        value: {
          keeperUid: 'k1',
          generation: 0,
          currentGeneration: 0,
          role: undefined,
          initMode: '',
          follows: undefined,
          synchronousStandbys: [],
          healthy: false,
          address: undefined,
          systemId: undefined,
          timeline: undefined,
          position: undefined,
          reportedSynchronousStandbys: [],
        },
      },
    });
  });

  it('may have null where Go has nothing', () => {
    const text =
      '{"formatVersion":1,"cluster":{"uid":"a","spec":{"initMode":"new"},"status":{}},"keepers":null,"dbs":null,"proxy":null}';
    expect(parseClusterData(text)).toMatchObject({ ok: true, value: { kind: 'data', data: { proxyGeneration: 0 } } });
  });

  it('holds positions as numbers, also those that a double can not hold exactly', () => {
    const at = (xLogPos: number) => dataOf((d) => (d.dbs = { db1: withStatus({ xLogPos }) })).dbs.get('db1')?.db;
    expect(at(50_668_608)).toMatchObject({ ok: true, value: { position: lsn(50_668_608n) } });
    expect(at(2 ** 63)).toMatchObject({ ok: true, value: { position: lsn(2n ** 63n) } });
    expect(at(1.5)).toMatchObject({ ok: false });
  });

  it.each([
    ['10.0.0.1', '5432', { host: '10.0.0.1', port: 5432 }],
    ['db1.example.org', '5433', { host: 'db1.example.org', port: 5433 }],
    ['2001:db8::1', '5432', { host: '2001:db8::1', port: 5432 }],
    ['fe80::1%eth0', '5432', { host: 'fe80::1%eth0', port: 5432 }],
    ['10.0.0.1', '', { host: '10.0.0.1', port: 5432 }],
    ['', '', undefined],
  ])('%j and port %j is an address', (listenAddress, port, address) => {
    const db = dataOf((d) => (d.dbs = { db1: withStatus({ listenAddress, port }) })).dbs.get('db1')?.db;
    expect(db).toMatchObject({ ok: true, value: { address } });
  });

  it.each([
    ['10.0.0.1', '0'],
    ['10.0.0.1', '65536'],
    ['10.0.0.1', 'x'],
    ['[2001:db8::1]', '5432'],
    ['a b', '5432'],
    ['a;shutdown sessions server x', '5432'],
    ['a\nset server x state ready', '5432'],
  ])('%j and port %j is none, and only that db can not be read', (listenAddress, port) => {
    const { dbs } = dataOf((d) => (d.dbs['db2'] = withStatus({ listenAddress, port })));
    expect(dbs.get('db2')).toMatchObject({
      keeperUid: 'k1',
      db: { ok: false, error: expect.stringMatching(/^status.listenAddress: /) },
    });
    expect(dbs.get('db1')?.db.ok).toBe(true);
  });

  it('ignores what it does not know', () => {
    expect(parseClusterData(JSON.stringify({ ...soundData(), extra: { a: 1 } }))).toMatchObject({ ok: true });
  });

  it('costs only the keeper or db in which something is wrong', () => {
    const text = JSON.stringify(soundData())
      .replace('"keepers":{"k1":{"status":{"healthy":true', '"keepers":{"k1":{"status":{"healthy":"yes"')
      .replace('"generation":2,"spec":{"keeperUID":"k2"', '"generation":"2","spec":{"keeperUID":"k2"');
    const reading = parseClusterData(text);
    if (!reading.ok || reading.value.kind !== 'data') throw new Error('not readable');
    const { keepers, dbs } = reading.value.data;
    expect([...keepers].map(([uid, keeper]) => `${uid} ${keeper.ok}`)).toEqual(['k1 false', 'k2 true', 'k3 true']);
    expect([...dbs].map(([uid, { db }]) => `${uid} ${db.ok}`)).toEqual(['db1 true', 'db2 false', 'db3 true']);
    expect(dbs.get('db2')).toMatchObject({ keeperUid: 'k2', db: { error: expect.stringMatching(/^generation: /) } });
  });

  it.each([0, 2, 17])('of format version %i is not read any further', (formatVersion) => {
    const odd = JSON.stringify({ formatVersion, cluster: 'something else', dbs: [] });
    const version = { ok: true, value: { kind: 'format_version', version: String(formatVersion) } };
    expect(parseClusterData(odd)).toEqual(version);
  });

  it('without a format version has version 0', () => {
    expect(parseClusterData('{}')).toEqual({ ok: true, value: { kind: 'format_version', version: '0' } });
  });

  it('with a spec that Stolon refuses names the field', () => {
    expect(read((d) => (d.cluster.spec['proxyTimeout'] = '5s'))).toEqual({
      ok: true,
      value: { kind: 'spec_invalid', field: 'proxyCheckInterval', error: 'must be less than proxyTimeout' },
    });
  });

  it.each([
    ['', 'empty'],
    ['{"formatVersion":1', 'not JSON (18 characters)'],
    ['[]', 'Invalid input'],
    ['{"formatVersion":"1"}', 'formatVersion: '],
    ['{"formatVersion":1,"cluster":null}', 'cluster: '],
    [replaced('"uid":"63b229f1"', '"uid":""'), 'cluster.uid: '],
    [replaced('"uid":"63b229f1"', '"uid":"a\\nb"'), 'cluster.uid: control characters'],
    [replaced('"masterDbUid":"db1"', '"masterDbUid":7'), 'proxy.spec.masterDbUid: '],
    [replaced('"masterDbUid":"db1"', `"masterDbUid":"${'x'.repeat(257)}"`), 'proxy.spec.masterDbUid: '],
    [replaced('"proxy":{"generation":2', '"proxy":{"generation":"2"'), 'proxy.generation: '],
    [replaced('"initMode":"new"', '"initMode":"new","sleepInterval":5'), 'cluster.spec.sleepInterval: '],
    [replaced('"initMode":"new"', '"initMode":"new","sleepInterval":"5 s"'), 'cluster.spec.sleepInterval: no duration'],
    [replaced('"phase":"normal"', '"phase":true'), 'cluster.status.phase: '],
  ])('like %.60s can not be read, and the error names the field', (text, error) => {
    expect(parseClusterData(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) });
  });

  it('never repeats its text in an error', () => {
    const text = replaced('"phase":"normal"', '"phase":{"s3cret":1}');
    expect(JSON.stringify(parseClusterData(text))).not.toContain('s3cret');
  });

  it('can not be made to change what is no part of it', () => {
    const text = replaced('"dbs":{', '"dbs":{"__proto__":{"polluted":1},"constructor":{"spec":{"keeperUID":"k1"}},');
    const reading = parseClusterData(text);
    expect(reading).toMatchObject({ ok: true });
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

function withStatus(status: Partial<ReturnType<typeof aMaster>['status']>) {
  const db = aMaster('k1');
  return { ...db, status: { ...db.status, ...status } };
}

function replaced(part: string, by: string): string {
  const text = JSON.stringify(soundData());
  if (!text.includes(part)) throw new Error(`no ${part}`);
  return text.replace(part, by);
}
