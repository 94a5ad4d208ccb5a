// The lab itself: a real cluster comes up, switches and fails over as ordered, and nothing of it is left, however its starter ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Isolation } from '../lab/box.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type PatroniCluster, startPatroniCluster } from '../lab/patroni.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';
import { isGone, processesWhere } from '../lab/process-table.ts';
import { createWriterTable, startWriter } from '../lab/writer.ts';

/** Every process that has a path below the folder on its command line and still lives. */
const processesOf = (folder: string): readonly number[] =>
  processesWhere((words) => words.some((word) => word.includes(`${folder}/`))).filter((pid) => !isGone(pid));

describe('a Patroni cluster of the lab', () => {
  const folder = temporaryFolder();
  let etcd: EtcdLab;
  let cluster: PatroniCluster;

  beforeAll(async () => {
    etcd = await startEtcd({ folder: folder.path, members: 3 });
    // A short ttl, so that the dead primary's key runs out soon.
    cluster = await startPatroniCluster({ folder: folder.path, etcdEndpoints: etcd.endpoints, ttl: 5, loopWait: 1 });
  });

  afterAll(async () => {
    await cluster.stop();
    await etcd.stop();
    expect(processesOf(folder.path)).toEqual([]);
    folder.remove();
  });

  it('writes on one node, switches over as ordered, and tells a writer of the old one so', async () => {
    const before = await cluster.primary();
    const target = cluster.nodes.find(({ name }) => name !== before.name)?.name ?? '';
    await before.sql(createWriterTable());
    await before.sql(`grant insert, select on lab_writes to ${cluster.app.user}`);
    const writer = startWriter({ port: before.pgPort, login: cluster.app, names: cluster.names });
    await eventually('a committed write', () => writer.committed().length > 0);
    const askedAt = performance.now();
    expect(await cluster.switchover(target)).toBe(target);
    await eventually('an error', () => writer.errors().some(({ endedAt }) => endedAt > askedAt));
    await writer.stop();
    expect(writer.servers()).toEqual([before.name]);
    expect(await writer.audit(cluster.node(target).sql)).toMatchObject({ lost: [], doubled: [] });
    await cluster.waitUntilHealthy();
  });

  it('elects another primary after the whole node was killed, and takes the old one back', async () => {
    const before = await cluster.primary();
    await before.killNode();
    expect(processesOf(before.home)).toEqual([]);
    const after = await cluster.waitUntilHealthy();
    expect(after.name).not.toBe(before.name);
    before.start();
    await eventually('the old primary to run', async () => (await before.status()).state === 'running' || undefined);
    expect((await cluster.waitUntilHealthy()).name).toBe(after.name);
  });

  it('lets PostgreSQL live when Patroni alone is killed', async () => {
    const primary = await cluster.primary();
    await primary.killPatroni();
    expect(await primary.sql('select 1 as one')).toEqual([{ one: 1 }]);
    primary.start();
    await cluster.waitUntilHealthy();
  });
});

describe.each<Isolation>(['namespace', 'plain'])('a lab in %s isolation', (isolation) => {
  it('leaves no process behind when its starter is killed', async () => {
    const program = join(import.meta.dirname, 'programs/lab-starter.ts');
    const starter = spawn(process.execPath, ['--import', 'tsx', program, isolation], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(starter.stdout), 'line');
    const folder = String(line);
    expect(processesOf(folder).length).toBeGreaterThan(2);
    starter.kill('SIGKILL');
    await eventually('everything to end', () => processesOf(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });
});
