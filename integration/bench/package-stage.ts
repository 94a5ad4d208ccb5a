// A stage on which one program after another is started as the daemon of the same cluster: real etcd, HAProxy and PostgreSQL, records as Patroni 3.0.2 writes
// them. Takes the time until HAProxy is right, and what the process holds at rest. Knows nothing of how the programs were made.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEtcd } from '../lab/etcd.ts';
import { haproxyConfig, startHaproxy } from '../lab/haproxy.ts';
import { startPostgres } from '../lab/postgres.ts';
import { eventually, freePort, type Program, startProgram } from '../lab/process.ts';
import { patroniRecords } from '../lab/records.ts';
import { round } from './figures.ts';
import { nowMs, sleep } from './instant.ts';
import { probedCluster } from './probed-cluster.ts';
import { cpuSecondsOf } from './processor.ts';

/** A command line that becomes the daemon when `--config FILE` is added. */
export interface Way {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export interface AtRest {
  /** Resident memory in MiB (VmRSS). */
  readonly rssMiB: number;
  /** Its part that no other process could share: heap, stacks, pages written to. */
  readonly anonymousMiB: number;
  /** Proportional: a page that several processes have counts as so many parts of one. */
  readonly pssMiB: number;
  /** User and system time from the start on, in seconds. */
  readonly cpuSeconds: number;
}

export interface PackageStage {
  /** Milliseconds from the program's start until HAProxy holds the primary, and it alone, as the server that takes writes. */
  readonly start: (way: Way) => Promise<number>;
  /** As `start`, then what the process holds after `seconds` of nothing to do. */
  readonly rest: (way: Way, seconds: number) => Promise<AtRest>;
  readonly stop: () => Promise<void>;
}

/** HAProxy's columns of `show servers state`: name, operational state (2: up), administrative state. */
const [nameAt, operationalAt, administrativeAt] = [3, 5, 6];
/** Administrative states that say nothing of now: none, and "was disabled in the configuration". */
const open = ['0', '4'];

export async function startPackageStage(folder: string): Promise<PackageStage> {
  mkdirSync(folder, { recursive: true });
  const etcd = await startEtcd({ folder, members: 1 });
  const primary = await startPostgres({ folder, name: 'n1' });
  const standby = await startPostgres({ folder, name: 'n2', standbyOf: primary });
  const servers = [primary, standby];
  const haproxy = await startHaproxy({
    folder,
    config: haproxyConfig({ writePort: await freePort(), readPort: await freePort(), servers }),
  });
  const records = patroniRecords(etcd.endpoints, 'bench');
  await records.bootstrap(servers);
  const configFile = join(folder, 'pgrouted.yaml');
  const config = {
    etcd: { endpoints: etcd.endpoints },
    clusters: [probedCluster],
    haproxy: [{ socket: haproxy.adminSocket, master_socket: haproxy.masterSocket }],
    http: { listen: `127.0.0.1:${await freePort()}` },
  };
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });

  const isRight = async (): Promise<boolean> => {
    const lines = (await haproxy.ask('show servers state be_rw')).split('\n').map((line) => line.split(' '));
    const taking = lines.filter((line) => line[operationalAt] === '2' && open.includes(line[administrativeAt] ?? ''));
    return taking.length === 1 && taking[0]?.[nameAt] === primary.name;
  };
  const closeAll = async (): Promise<void> => {
    for (const backend of ['be_rw', 'be_ro'])
      for (const { name } of servers) await haproxy.ask(`set server ${backend}/${name} state maint`);
  };

  async function started(way: Way): Promise<{ readonly program: Program; readonly ms: number }> {
    await closeAll();
    const beganAt = nowMs();
    const program = startProgram({
      name: way.name,
      command: way.command,
      args: [...way.args, '--config', configFile],
      logFile: join(folder, 'pgrouted.log'),
    });
    const right = async (): Promise<true | undefined> => {
      if (!program.running()) throw new Error(`${way.name} has ended: ${program.log()}`);
      return (await isRight()) || undefined;
    };
    await eventually(`${way.name} to put the primary in`, right, 15_000, 1);
    return { program, ms: round(nowMs() - beganAt, 1) };
  }

  return {
    start: async (way) => {
      const { program, ms } = await started(way);
      await program.stop();
      return ms;
    },
    rest: async (way, seconds) => {
      const { program } = await started(way);
      await sleep(seconds * 1_000);
      const held = { ...holdingsOf(program.pid), cpuSeconds: cpuSecondsOf(program.pid) };
      await program.stop();
      return held;
    },
    stop: async () => {
      records.close();
      await haproxy.stop();
      await Promise.all(servers.map((server) => server.stop('immediate')));
      await etcd.stop();
    },
  };
}

function holdingsOf(pid: number): Omit<AtRest, 'cpuSeconds'> {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mib = (field: string): number =>
    round(Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024, 1);
  return { rssMiB: mib('Rss'), anonymousMiB: mib('Anonymous'), pssMiB: mib('Pss') };
}
