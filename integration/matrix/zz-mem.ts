import { startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { freePort, temporaryFolder } from '../lab/process.ts';
import { patroniRecords } from '../lab/records.ts';
import { memoryOf } from '../bench/processor.ts';
const folder = temporaryFolder().path;
const etcd = await startEtcd({ folder, members: 1 });
const servers = [{ name: 'n1', port: await freePort() }, { name: 'n2', port: await freePort() }];
const haproxy = await startHaproxy({ folder, config: haproxyConfig({ writePort: await freePort(), readPort: await freePort(), servers }) });
const records = patroniRecords(etcd.endpoints, 'bench');
await records.bootstrap(servers);
const daemon = await startDaemon({ folder, etcdEndpoints: etcd.endpoints, clusters: [{ name: 'bench', patroni: { scope: 'bench' }, services: { primary: { backend: 'be_rw', role: 'primary' } } }], haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }] });
await daemon.ready();
await new Promise((r) => setTimeout(r, 8000));
console.log('rest', memoryOf(daemon.program().pid));
for (let i = 0; i < 300; i++) { await records.put('status', JSON.stringify({ optime: 67108864 + i * 1000 })); for (const s of servers) await records.member(s, s === servers[0] ? { role: 'master' } : {}); if (i % 3 === 0) await daemon.get('/v1/primary'); if (i % 10 === 0) await daemon.get('/metrics'); }
console.log('busy', memoryOf(daemon.program().pid));
await daemon.stop(); records.close(); await haproxy.stop(); await etcd.stop(); process.exit(0);
