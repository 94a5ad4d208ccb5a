// An EtcdMirror under observation: all its changes are kept, and what it claims is held against what the test knows was committed.
import { EtcdClient, type EtcdClientOptions } from '@pgrouted/core/etcd/client';
import { EtcdMirror, type MirrorChange, type MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import type { Log } from '@pgrouted/core/model/log';
import type { EtcdSpec } from '@pgrouted/core/model/spec';
import { realClock } from './probing.ts';
import { eventually } from './process.ts';

export const etcdSpec = (endpoints: readonly string[], more: Partial<EtcdSpec> = {}): EtcdSpec => ({
  endpoints,
  ca: undefined,
  cert: undefined,
  key: undefined,
  user: undefined,
  password: undefined,
  ...more,
});

export interface ObservedMirror {
  readonly client: EtcdClient;
  readonly mirror: EtcdMirror;
  readonly changes: readonly MirrorChange[];
  /** Values by key as the events told them, in order; `undefined` for a delete. */
  readonly told: (key: string) => readonly (string | undefined)[];
  readonly value: (key: string) => string | undefined;
  /** Waits for the first snapshot for which `check` holds. */
  readonly until: (
    what: string,
    check: (snapshot: MirrorSnapshot) => boolean,
    patienceMs?: number,
  ) => Promise<MirrorSnapshot>;
  /** Waits until every member that is connected watches, and at least `count` do. */
  readonly watching: (count: number) => Promise<void>;
  /** Log lines at warn and error, for "it says so, and no secret". */
  readonly logged: readonly string[];
  readonly close: () => Promise<void>;
}

export function observeMirror(
  spec: EtcdSpec,
  options: {
    readonly prefix?: string;
    readonly proofIntervalMs?: number;
    readonly client?: Pick<EtcdClientOptions, 'certificateCheckMs'>;
  } = {},
): ObservedMirror {
  const logged: string[] = [];
  const keep = (fields: object, message: string) => logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: () => {}, info: () => {}, warn: keep, error: keep };
  const client = new EtcdClient({ spec, clock: realClock, log, ...options.client });
  const mirror = new EtcdMirror({
    client,
    prefix: options.prefix ?? '/service/orders/',
    clock: realClock,
    log,
    ...(options.proofIntervalMs === undefined ? {} : { proofIntervalMs: options.proofIntervalMs }),
  });
  const changes: MirrorChange[] = [];
  mirror.onChange((change) => changes.push(change));
  mirror.start();
  const events = () => changes.flatMap((change) => (change.kind === 'events' ? change.events : []));
  return {
    client,
    mirror,
    changes,
    logged,
    told: (key) =>
      events().flatMap((event) => {
        if (event.type === 'put') return event.kv.key === key ? [event.kv.value] : [];
        return event.key === key ? [undefined] : [];
      }),
    value: (key) => mirror.snapshot()?.entries.get(key)?.value,
    until: (what, check, patienceMs) =>
      eventually(
        what,
        () => {
          const snapshot = mirror.snapshot();
          return snapshot !== undefined && check(snapshot) ? snapshot : undefined;
        },
        patienceMs,
        2,
      ),
    watching: async (count) => {
      await eventually(
        `${count} watches`,
        () => {
          const members = mirror.status().members;
          const all = members.every((member) => member.watching || !member.connected);
          return (all && members.filter((member) => member.watching).length >= count) || undefined;
        },
        10_000,
        2,
      );
    },
    close: async () => {
      await mirror.close();
      await client.close();
    },
  };
}
