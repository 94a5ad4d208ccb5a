import { describe, expect, it } from 'vitest';
import { clusterDataJson, newClusterData, parseClusterData } from './cluster-data.ts';
import { keeperInfoJson, parseKeeperInfo, parseProxyInfo, proxyInfoJson, sentinelInfoJson } from './infos.ts';

const time = '2026-11-20T10:02:30.267000113Z';
const afterClearing = [
  `{"formatVersion":1,"changeTime":"${time}","cluster":{"uid":"63b229f1","generation":1,"changeTime":"${time}","spec":{"sleepInterval":"5s",`,
  `"additionalWalSenders":null,"additionalMasterReplicationSlots":null,"initMode":"new","pgParameters":{"max_connections":"100"},"pgHBA":null,`,
  `"automaticPgRestart":null},"status":{"phase":"normal","master":"222ed171"}},"keepers":{"keeper1":{"uid":"keeper1","generation":1,`,
  `"changeTime":"${time}","spec":{},"status":{"healthy":true,"lastHealthyTime":"${time}","bootUUID":"87b0b125-ec1d-4da0-a6eb-8c9ebd69fe29",`,
  `"postgresBinaryVersion":{"Maj":15,"Min":4},"canBeMaster":true,"canBeSynchronousReplica":true}}},"dbs":{"222ed171":{"uid":"222ed171",`,
  `"generation":3,"changeTime":"${time}","spec":{"keeperUID":"keeper1","requestTimeout":"10s","maxStandbys":20,"additionalWalSenders":5,`,
  `"additionalReplicationSlots":null,"initMode":"none","pgParameters":{"max_connections":"100"},"pgHBA":null,"role":"master","followers":[],`,
  `"synchronousStandbys":null,"externalSynchronousStandbys":null},"status":{"healthy":true,"currentGeneration":2,"listenAddress":"10.0.0.11",`,
  `"port":"5432","systemdID":"7575835178962671673","timelineID":1,"xLogPos":50668608,"synchronousStandbys":null,`,
  `"olderWalFile":"000000010000000000000001"}}},"proxy":{"generation":3,"changeTime":"${time}",`,
  `"spec":{"enabledProxies":["5f2dd97f","de527100"]},"status":{}}}`,
].join('');

describe('the documents that this lab writes', () => {
  it('are those of Stolon, byte for byte', () => {
    expect(clusterDataJson(parseClusterData(afterClearing))).toBe(afterClearing);
    const keeper =
      '{"infoUID":"d55ec1a5","uid":"keeper1","clusterUID":"93b05a04","bootUUID":"9a9a80fd-ea7b-4bf5-aeb5-61a421636369",' +
      '"postgresBinaryVersion":{"Maj":15,"Min":4},"postgresState":{"listenAddress":"10.0.0.11","port":"5432",' +
      '"synchronousStandbys":null},"canBeMaster":true,"canBeSynchronousReplica":true}';
    expect(keeperInfoJson(parseKeeperInfo(keeper))).toBe(keeper);
    const proxy = '{"infoUID":"cdc03856","UID":"5f2dd97f","Generation":3,"ProxyTimeout":15000000000}';
    expect(proxyInfoJson(parseProxyInfo(proxy))).toBe(proxy);
    expect(sentinelInfoJson('3fd42359')).toBe('{"UID":"3fd42359"}');
  });

  it('begin as stolonctl init puts them', () => {
    expect(clusterDataJson(newClusterData('93b05a04', { initMode: 'new' }, '2026-11-20T10:00:01.5Z'))).toBe(
      '{"formatVersion":1,"changeTime":"0001-01-01T00:00:00Z","cluster":{"uid":"93b05a04","generation":1,' +
        '"changeTime":"2026-11-20T10:00:01.5Z","spec":{"additionalWalSenders":null,"additionalMasterReplicationSlots":null,' +
        '"initMode":"new","pgHBA":null,"automaticPgRestart":null},"status":{"phase":"initializing"}},"keepers":{},"dbs":{},' +
        '"proxy":{"changeTime":"0001-01-01T00:00:00Z","spec":{},"status":{}}}',
    );
  });
});
