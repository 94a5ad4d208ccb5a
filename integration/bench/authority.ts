// Who held the leader key when: an independent watch (the etcd3 package) on the key that Patroni keeps.
import { Etcd3 } from 'etcd3';
import { nowMs } from './instant.ts';

export interface Authority {
  /** Undefined: nobody. Instants of `nowMs`, when the event was received. */
  readonly holder: string | undefined;
  readonly from: number;
}

export interface AuthorityWatch {
  readonly history: () => readonly Authority[];
  /** Who held the key at that instant; undefined: nobody, or not known. */
  readonly holderAt: (instant: number) => string | undefined;
  readonly close: () => Promise<void>;
}

export async function watchAuthority(endpoints: readonly string[], leaderKey: string): Promise<AuthorityWatch> {
  const client = new Etcd3({ hosts: [...endpoints], grpcOptions: { 'grpc.enable_http_proxy': 0 } });
  const history: Authority[] = [{ holder: (await client.get(leaderKey).string()) ?? undefined, from: nowMs() }];
  const watcher = await client.watch().key(leaderKey).create();
  watcher.on('put', ({ value }) => history.push({ holder: value.toString(), from: nowMs() }));
  watcher.on('delete', () => history.push({ holder: undefined, from: nowMs() }));
  return {
    history: () => history,
    holderAt: (instant) => history.findLast(({ from }) => from <= instant)?.holder,
    close: async () => {
      await watcher.cancel();
      client.close();
    },
  };
}
