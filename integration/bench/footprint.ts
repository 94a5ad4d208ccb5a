// What the daemon costs: memory at its start and after an hour's worth of events, CPU while nothing happens. Real etcd, HAProxy and PostgreSQL;
// the records are written as Patroni 3.0.2 writes them.
import { startDaemon } from '../lab/daemon.ts';
import { startEtcd } from '../lab/etcd.ts';
import { haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { type Postgres, startPostgres } from '../lab/postgres.ts';
import { freePort } from '../lab/process.ts';
import { patroniRecords, type RecordedMember, type Records } from '../lab/records.ts';
import { round, table } from './figures.ts';
import { nowMs, sleep } from './instant.ts';
import { probedCluster } from './probed-cluster.ts';
import { cpuSecondsOf, memoryOf } from './processor.ts';
import type { Section } from './result.ts';

/** An idle Patroni 3.0.2 cluster writes `status` and, woken by it, three member records, every loop_wait of 10 s. */
const roundsPerHour = 360;

export const footprint: Section = async ({ quick, say, folder }) => {
  const restSeconds = quick ? 15 : 60;
  const etcd = await startEtcd({ folder, members: 3 });
  const primary = await startPostgres({ folder, name: 'n1' });
  const standby = (name: string) => startPostgres({ folder, name, standbyOf: primary });
  const servers: readonly Postgres[] = [primary, await standby('n2'), await standby('n3')];
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({ writePort: await freePort(), readPort: await freePort(), servers }),
  });
  const records = patroniRecords(etcd.endpoints, 'bench');
  await records.bootstrap(servers);
  const daemon = await startDaemon({
    folder,
    etcdEndpoints: etcd.endpoints,
    clusters: [probedCluster],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
  });
  try {
    await daemon.ready();
    await sleep(3_000);
    const atStart = memoryOf(daemon.program().pid);
    say(`etcd, PostgreSQL (3), HAProxy, pgrouted are up; ${atStart.rssMiB} MiB`);

    const beganAt = nowMs();
    const puts = await anHourOf(records, servers, say);
    const replayS = round((nowMs() - beganAt) / 1000, 1);
    await daemon.ready();
    const afterHour = memoryOf(daemon.program().pid);
    say(`${puts} puts in ${replayS} s; ${afterHour.rssMiB} MiB; now ${restSeconds} s at rest`);

    await sleep(2_000);
    const cpuFrom = cpuSecondsOf(daemon.program().pid);
    const restFrom = nowMs();
    await sleep(restSeconds * 1_000);
    const restedS = (nowMs() - restFrom) / 1000;
    const cpuPercent = round(((cpuSecondsOf(daemon.program().pid) - cpuFrom) / restedS) * 100, 2);
    const afterRest = memoryOf(daemon.program().pid);
    const largest = Math.max(atStart.rssMiB, afterHour.rssMiB, afterRest.rssMiB);
    return {
      figures: {
        puts,
        switches: 10,
        replayS,
        memory: { atStart, afterHour, afterRest },
        cpu: { seconds: round(restedS, 1), percent: cpuPercent },
      },
      definitions: [
        'memory: resident set of the daemon process (VmRSS) and its greatest value since the start (VmHWM); nothing asks it to collect garbage.',
        `an hour of events: ${puts} puts as an idle Patroni 3.0.2 writes them every 10 s, made as fast as etcd takes them one after another, and 10 changes of leader with a return.`,
        `CPU at rest: user and system time over ${restSeconds} s with no event, three PostgreSQL probed at the default interval, etcd read every 250 ms, HAProxy read back.`,
      ],
      tables: [
        table([
          ['MiB', 'resident', 'greatest'],
          ['at start', String(atStart.rssMiB), String(atStart.peakMiB)],
          ['after an hour of events', String(afterHour.rssMiB), String(afterHour.peakMiB)],
          ['after resting', String(afterRest.rssMiB), String(afterRest.peakMiB)],
        ]),
        `CPU at rest: ${cpuPercent} % of a core over ${round(restedS, 1)} s`,
      ],
      goals: [
        { what: 'memory after an hour of events', wanted: '<= 64 MiB', measured: `${largest} MiB`, met: largest <= 64 },
        { what: 'CPU at rest', wanted: '<= 1 % of a core', measured: `${cpuPercent} %`, met: cpuPercent <= 1 },
      ],
    };
  } finally {
    await daemon.stop();
    records.close();
    await haproxy.stop();
    await Promise.all(servers.map((server) => server.stop('immediate')));
    await etcd.stop();
  }
};

/** One `status` and three member records, 360 times, and ten times the leader key goes away and comes back to the real primary. */
async function anHourOf(
  records: Records,
  members: readonly RecordedMember[],
  say: (text: string) => void,
): Promise<number> {
  const [primary, other] = members;
  if (primary === undefined || other === undefined) throw new Error('three members were started');
  let puts = 0;
  for (let index = 1; index <= roundsPerHour; index += 1) {
    await records.put('status', JSON.stringify({ optime: 67_108_864 + index * 1_000 }));
    for (const member of members) await records.member(member, member === primary ? { role: 'master' } : {});
    puts += 1 + members.length;
    if (index % (roundsPerHour / 10) === 0) {
      // PostgreSQL's roles stay: the other one is named and never proven, so that it is fenced, probed hard, and fenced again.
      await records.switchTo(other, primary);
      await sleep(200);
      await records.switchTo(primary, other);
      await sleep(200);
      say(`  ${puts} puts`);
    }
  }
  return puts;
}
