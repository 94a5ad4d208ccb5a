// Many Patroni clusters that are nothing but records in etcd, and the HAProxies that carry them: for tests and benchmarks of what grows with their number. Records
// are written by the etcd3 package, HAProxy is asked by the lab's own client.
import { Etcd3 } from 'etcd3';
import type { HaproxyPaths } from './haproxy.ts';
import { configHead } from './haproxy.ts';

/** Three in each cluster. */
export const memberNames = ['n1', 'n2', 'n3'] as const;
export type MemberName = (typeof memberNames)[number];

export const scopeOf = (index: number): string => `c${String(index).padStart(4, '0')}`;

/** etcd takes 128 operations in one transaction. */
const IN_ONE = 120;

export interface ManyClusters {
  /** Writes whole healthy clusters, led by `n1`. */
  readonly bootstrap: (indexes: readonly number[]) => Promise<void>;
  /** What a switchover leaves: the leader key, and after that the records of all on the new timeline. Resolves when etcd has taken both. */
  readonly moveTo: (index: number, to: MemberName) => Promise<void>;
  /** A member's record as its loop writes it again and again. */
  readonly beat: (index: number, member: MemberName, leader: MemberName) => Promise<void>;
  readonly remove: (index: number) => Promise<void>;
  readonly close: () => void;
}

export function manyClusters(endpoints: readonly string[], namespace = '/service'): ManyClusters {
  const client = new Etcd3({ hosts: [...endpoints], grpcOptions: { 'grpc.enable_http_proxy': 0 } });
  let timeline = 1;
  let position = 67_108_864;
  const record = (index: number, member: MemberName, leader: MemberName): readonly [string, string] => {
    position += 8;
    const port = 20_000 + 10 * (index % 1_000) + memberNames.indexOf(member);
    return [
      `${namespace}/${scopeOf(index)}/members/${member}`,
      JSON.stringify({
        conn_url: `postgres://127.0.0.1:${port}/postgres`,
        api_url: 'http://127.0.0.1:8008/patroni',
        state: 'running',
        role: member === leader ? 'master' : 'replica',
        version: '3.0.2',
        xlog_location: position,
        timeline,
      }),
    ];
  };
  const write = async (puts: readonly (readonly [string, string])[]): Promise<void> => {
    await client
      .if('\0', 'Version', '==', 0)
      .then(...puts.map(([key, value]) => client.put(key).value(value)))
      .commit();
  };
  return {
    bootstrap: async (indexes) => {
      const inBatches = async (all: readonly (readonly [string, string])[]): Promise<void> => {
        for (let from = 0; from < all.length; from += IN_ONE) await write(all.slice(from, from + IN_ONE));
      };
      await inBatches(
        indexes.flatMap((index) => {
          const key = (name: string): string => `${namespace}/${scopeOf(index)}/${name}`;
          return [
            [key('initialize'), '7710219912996130783'],
            [key('config'), JSON.stringify({ ttl: 30, loop_wait: 10, retry_timeout: 10 })],
            [key('leader'), 'n1'],
            [key('status'), JSON.stringify({ optime: 67_108_864 })],
          ] as const;
        }),
      );
      // A record proves a promotion only if it was written after the leader key.
      await inBatches(indexes.flatMap((index) => memberNames.map((member) => record(index, member, 'n1'))));
    },
    moveTo: async (index, to) => {
      if (index === 0) timeline += 1;
      await write([[`${namespace}/${scopeOf(index)}/leader`, to]]);
      await write(memberNames.map((member) => record(index, member, to)));
    },
    beat: (index, member, leader) => write([record(index, member, leader)]),
    remove: async (index) => {
      await client.delete().prefix(`${namespace}/${scopeOf(index)}/`);
    },
    close: () => client.close(),
  };
}

/** A write and a read backend for each of these clusters, all servers `disabled`. */
export const manyBackends =
  (indexes: readonly number[]) =>
  (paths: HaproxyPaths): string =>
    [
      ...configHead({ adminSocket: paths.adminSocket, level: 'admin', globalOptions: [], checkTimeout: '400ms' }),
      ...indexes.flatMap((index) =>
        ['primary', 'replica'].flatMap((service) => [
          `backend ${scopeOf(index)}-${service}`,
          ...memberNames.map(
            (member, at) => `    server ${member} 127.0.0.1:${20_000 + 10 * (index % 1_000) + at} disabled`,
          ),
        ]),
      ),
      '',
    ].join('\n');

/** Who takes connections in each backend, by `show servers state`. */
export function takers(answer: string): ReadonlyMap<string, readonly string[]> {
  const byBackend = new Map<string, string[]>();
  for (const line of answer.split('\n')) {
    const [, backend, , server, , operState, adminState] = line.split(' ');
    if (backend === undefined || server === undefined || operState === undefined) continue;
    const inBackend = byBackend.get(backend) ?? [];
    byBackend.set(backend, inBackend);
    if (Number(operState) !== 0 && (Number(adminState) & 0x3b) === 0) inBackend.push(server);
  }
  return byBackend;
}
