// Writes the keys that Patroni writes, by the etcd3 package: an independent client, so that what pgrouted reads was not written by its own
// code. For tests where only the records matter; the real Patroni is in patroni.ts.
import { readFileSync } from 'node:fs';
import { Etcd3 } from 'etcd3';
import type { EtcdTls } from './etcd.ts';

export interface RecordedMember {
  readonly name: string;
  readonly port: number;
}

export interface Records {
  readonly prefix: string;
  readonly put: (key: string, value: string) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  /** A whole healthy cluster, led by the first member. */
  readonly bootstrap: (members: readonly RecordedMember[], config?: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly member: (member: RecordedMember, change?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** What a graceful switchover writes: key deleted, key put, then the records of both. */
  readonly switchTo: (to: RecordedMember, from: RecordedMember) => Promise<void>;
  readonly close: () => void;
}

/** `auth`: where etcd wants to know who writes; `tls`: where it wants to see a certificate. */
export function patroniRecords(
  endpoints: readonly string[],
  scope: string,
  namespace = '/service',
  auth?: { readonly username: string; readonly password: string },
  tls?: EtcdTls,
): Records {
  const client = new Etcd3({
    hosts: [...endpoints],
    // grpc-js asks for a server by its address where it has no name, which Node 26 refuses.
    grpcOptions: {
      'grpc.enable_http_proxy': 0,
      ...(tls === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
    },
    ...(auth === undefined ? {} : { auth }),
    ...(tls === undefined ? {} : { credentials: credentialsOf(tls) }),
  });
  const prefix = `${namespace}/${scope}/`;
  let timeline = 1;
  let position = 67_108_864;
  const put: Records['put'] = async (key, value) => {
    await client.put(prefix + key).value(value);
  };
  const remove: Records['remove'] = async (key) => {
    await client.delete().key(prefix + key);
  };
  const member: Records['member'] = ({ name, port }, change = {}) => {
    position += 8;
    return put(
      `members/${name}`,
      JSON.stringify({
        conn_url: `postgres://127.0.0.1:${port}/postgres`,
        api_url: `http://127.0.0.1:${port + 1}/patroni`,
        state: 'running',
        role: 'replica',
        version: '3.0.2',
        xlog_location: position,
        timeline,
        ...change,
      }),
    );
  };
  return {
    prefix,
    put,
    remove,
    member,
    bootstrap: async (members, config = {}) => {
      await put('initialize', '7710219912996130783');
      await put('config', JSON.stringify({ ttl: 30, loop_wait: 10, retry_timeout: 10, ...config }));
      const [first, ...others] = members;
      if (first === undefined) return;
      await put('leader', first.name);
      for (const other of others) await member(other);
      // As Patroni's loop does: first the position, then the member's record.
      await put('status', JSON.stringify({ optime: position }));
      await member(first, { role: 'master' });
    },
    switchTo: async (to, from) => {
      await remove('leader');
      await put('leader', to.name);
      timeline += 1;
      await member(to, { role: 'master' });
      await member(from, { role: 'replica' });
    },
    close: () => client.close(),
  };
}

const credentialsOf = ({ ca, client }: EtcdTls) => ({
  rootCertificate: readFileSync(ca),
  privateKey: readFileSync(client.key),
  certChain: readFileSync(client.cert),
});
