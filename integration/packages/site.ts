// A database server's own configuration, as a DBA writes it after the installation, and the records of a cluster as Patroni writes them.
// The members are not there: what is looked at is what pgrouted tells HAProxy, not what HAProxy then reaches.
import type { Machine } from './machine.ts';

export const members = ['pg1', 'pg2', 'pg3'] as const;
export type Member = (typeof members)[number];

const portOf = (member: Member): number => 15_432 + members.indexOf(member);

/** What goes into /etc/pgrouted/pgrouted.yaml: one cluster, and files where the unit lets it write. */
export const configuration = `etcd:
  endpoints: [http://127.0.0.1:2379]
clusters:
  - patroni: { scope: orders }
log:
  file: /var/log/pgrouted/pgrouted.log
journal:
  file: /var/lib/pgrouted/journal.jsonl
`;

const recordOf = (member: Member, leader: Member): string =>
  JSON.stringify({
    conn_url: `postgres://127.0.0.1:${portOf(member)}/postgres`,
    api_url: `http://127.0.0.1:${portOf(member) + 1000}/patroni`,
    state: 'running',
    role: member === leader ? 'primary' : 'replica',
    version: '4.0.4',
    xlog_location: 67_108_872,
    timeline: 1,
  });

/** Writes the keys of a healthy cluster with this leader, by etcdctl of the machine, leader first. */
export async function lead(machine: Machine, leader: Member): Promise<void> {
  const keys: readonly (readonly [string, string])[] = [
    ['leader', leader],
    ['initialize', '7710219912996130783'],
    ['config', JSON.stringify({ ttl: 30, loop_wait: 10, retry_timeout: 10 })],
    ['status', JSON.stringify({ optime: 67_108_872 })],
    ...members.map((member) => [`members/${member}`, recordOf(member, leader)] as const),
  ];
  const puts = keys.map(([key, value]) => `etcdctl put /service/orders/${key} '${value}'`);
  await machine.must(['set -e', ...puts].join('\n'), { env: { ETCDCTL_API: '3' } });
}

/** All administrative states but "disabled in the configuration", which stays told after a server was let in. */
const inForce = 0x3b;

/** Which servers HAProxy lets connections to, by `backend/server`, as `show servers state` tells it. */
export async function servers(machine: Machine): Promise<ReadonlyMap<string, 'in' | 'out'>> {
  const answer = await machine.must("echo 'show servers state' | socat - /run/haproxy/admin.sock");
  const rows = answer.split('\n').filter((line) => /^\d+ /.test(line));
  return new Map(
    rows.map((row) => {
      const [, backend = '', , server = '', , , admin = ''] = row.split(' ');
      return [`${backend}/${server}`, (Number(admin) & inForce) === 0 ? 'in' : 'out'];
    }),
  );
}

/** Whether HAProxy sends writers to this member alone, and readers to the other two. */
export async function isLedBy(machine: Machine, leader: Member): Promise<boolean> {
  const now = await servers(machine);
  return members.every(
    (member) =>
      now.get(`orders_primary/${member}`) === (member === leader ? 'in' : 'out') &&
      now.get(`orders_replica/${member}`) === (member === leader ? 'out' : 'in'),
  );
}

/** For messages: what is let in. */
export const letIn = async (machine: Machine): Promise<string> =>
  [...(await servers(machine))].flatMap(([name, state]) => (state === 'in' ? [name] : [])).join(' ') || 'nothing';

/** The process that answers on HAProxy's socket: another one after a reload. */
export const workerOfHaproxy = (machine: Machine): Promise<string> =>
  machine.must("echo 'show info' | socat - /run/haproxy/admin.sock | grep ^Pid:");
