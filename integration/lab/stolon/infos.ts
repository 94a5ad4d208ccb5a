// What keepers, proxies and sentinels tell about themselves in Stolon 0.17.0: records under a lease, new with each put.
import { randomBytes } from 'node:crypto';
import type { BinaryVersion, TimelineHistory } from './cluster-data.ts';
import { holding, listOf, plain, struct } from './go-json.ts';

/** 4 random bytes in hex: uids of dbs, proxies and sentinels, and each infoUID. */
export const newUid = (): string => randomBytes(4).toString('hex');

export interface KeeperInfo {
  /** New with each put: by that the sentinel sees life. */
  infoUID: string;
  uid: string;
  clusterUID: string;
  /** New with each start of the keeper. */
  bootUUID: string;
  postgresBinaryVersion: BinaryVersion;
  postgresState?: PostgresState | undefined;
  canBeMaster?: boolean | undefined;
  canBeSynchronousReplica?: boolean | undefined;
}

export interface PostgresState {
  /** Of the db; undefined while there is none. */
  uid?: string | undefined;
  /** The generation of the db that has been carried out. */
  generation?: number | undefined;
  listenAddress: string;
  port: string;
  healthy?: boolean | undefined;
  systemID?: string | undefined;
  timelineID?: number | undefined;
  /** A position in the log as a number of bytes. */
  xLogPos?: number | undefined;
  timelinesHistory?: TimelineHistory[] | undefined;
  pgParameters?: Record<string, string> | undefined;
  synchronousStandbys: string[] | null;
  olderWalFile?: string | undefined;
}

export interface ProxyInfo {
  infoUID: string;
  UID: string;
  /** The proxy generation that the proxy has acknowledged. */
  Generation: number;
  /** Nanoseconds. */
  ProxyTimeout: number;
}

const timeline = struct(...plain('timelineID?', 'switchPoint?', 'reason?'));
const postgresState = struct(
  ...plain('uid?', 'generation?', 'listenAddress?', 'port?', 'healthy?', 'systemID?', 'timelineID?', 'xLogPos?'),
  holding('timelinesHistory?', listOf(timeline)),
  ...plain('pgParameters?', 'synchronousStandbys', 'olderWalFile?'),
);
const keeperInfo = struct(
  ...plain('infoUID?', 'uid?', 'clusterUID?', 'bootUUID?'),
  holding('postgresBinaryVersion', struct(...plain('Maj', 'Min'))),
  holding('postgresState~', postgresState),
  ...plain('canBeMaster~', 'canBeSynchronousReplica~'),
);
const proxyInfo = struct(...plain('infoUID', 'UID', 'Generation', 'ProxyTimeout'));

export const keeperInfoJson = (info: KeeperInfo): string => keeperInfo(info);
export const proxyInfoJson = (info: ProxyInfo): string => proxyInfo(info);
export const sentinelInfoJson = (uid: string): string => struct(...plain('UID'))({ UID: uid });

/** Read what components of the same format wrote; the shape is trusted. */
export const parseKeeperInfo = (text: string): KeeperInfo => JSON.parse(text) as KeeperInfo;
export const parseProxyInfo = (text: string): ProxyInfo => {
  const info = JSON.parse(text) as Partial<ProxyInfo>;
  return {
    infoUID: info.infoUID ?? '',
    UID: info.UID ?? '',
    Generation: info.Generation ?? 0,
    ProxyTimeout: info.ProxyTimeout ?? 0,
  };
};
