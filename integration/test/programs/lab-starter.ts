// Started by lab.test.ts, to be killed: brings up etcd and one Patroni node, prints their folder, and waits.
import type { Isolation } from '../../lab/box.ts';
import { startEtcd } from '../../lab/etcd.ts';
import { startPatroniCluster } from '../../lab/patroni.ts';
import { temporaryFolder } from '../../lab/process.ts';

const isolation: Isolation = process.argv[2] === 'plain' ? 'plain' : 'namespace';
const folder = temporaryFolder().path;
const etcd = await startEtcd({ folder, members: 1 });
await startPatroniCluster({ folder, etcdEndpoints: etcd.endpoints, nodes: 1, loopWait: 1, isolation });
console.log(folder);
setInterval(() => {}, 60_000);
