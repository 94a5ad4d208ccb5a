// The way that docs/from-pgroute66.md describes, walked on one running HAProxy with that page's own files: each step, a switchover after each, and the
// ways back. A client writes all the while; what is held and routed is asked of HAProxy itself.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type Haproxy, startHaproxy } from '../lab/haproxy.ts';
import { type MigrationStage, migrationStage, rolePassword } from '../lab/migration-stage.ts';
import { acceptingIn, watchOverlap } from '../lab/overlap.ts';
import { pageOf } from '../lab/page.ts';
import { eventually } from '../lab/process.ts';
import { runBlock } from '../lab/shell-block.ts';
import type { Writer } from '../lab/writer.ts';

const writeBackend = 'orders-primary';
const readBackend = 'orders-standby';
const names = ['pg1', 'pg2', 'pg3'];

let stage: MigrationStage;
let daemon: DaemonProcess;
let haproxy: Haproxy;
let writer: Writer;

beforeAll(async () => {
  stage = await migrationStage(pageOf('from-pgroute66.md'));
});
afterAll(async () => {
  await writer?.stop();
  await daemon?.stop();
  await haproxy?.stop();
  await stage?.close();
});

const ownFile = () => stage.file('# /etc/pgroute66/config.yaml');
const addedKeys = () => stage.file('# added to /etc/pgroute66/config.yaml');
const checkedHaproxy = () => stage.file('# /etc/haproxy/haproxy.cfg, with external checks');
const drivenHaproxy = () => stage.file('# /etc/haproxy/haproxy.cfg, driven by pgrouted');

function install(name: string, text: string): string {
  const path = join(stage.folder, name);
  writeFileSync(path, text);
  return path;
}

const start = async (...args: readonly string[]) => {
  daemon = await startProcess({
    folder: stage.folder,
    name: 'pgrouted',
    args,
    url: `http://localhost:${stage.apiPort}`,
    env: { HOME: stage.home },
  });
};

const reloadDaemon = (file: string) => {
  install('config.yaml', file);
  daemon.program().signal('SIGHUP');
};

const reloadHaproxy = async (file: string) => {
  haproxy.configure(file);
  await haproxy.reload();
};

const primary = async () => (await stage.cluster.primary()).name;
const others = (name: string) => names.filter((other) => other !== name);
const accepting = async (backend: string) => acceptingIn(await haproxy.ask(`show servers state ${backend}`)) ?? [];

/** The write backend takes connections for the primary alone, the read backend for the standbys alone. */
const routed = async (name: string) => {
  await eventually(`HAProxy to lead to ${name}`, async () => {
    const [writes, reads] = [await accepting(writeBackend), await accepting(readBackend)];
    return (writes.join() === name && reads.join() === others(name).join()) || undefined;
  });
};

/** Everything that is decided has been read back from HAProxy. */
const driven = async () => {
  const name = await primary();
  await daemon.until('HAProxy to be driven', ({ clusters }) => {
    const services = clusters[0]?.services ?? [];
    const isHeld = services.every(({ servers }) =>
      servers.every(({ state, held }) => held.length === 1 && held.every((is) => is.state === state)),
    );
    return (
      services.length === 2 &&
      isHeld &&
      services[0]?.servers.some((server) => server.member === name && server.state === 'ready') === true
    );
  });
  await routed(name);
};

/** Patroni moves the primary; the client follows, HAProxy and the scripts tell the new one from the others. */
const switchover = async () => {
  await stage.cluster.waitUntilHealthy();
  const to = await stage.cluster.switchover();
  await eventually(`writes on ${to}`, () => writer.committed().at(-1)?.outcome.server === to || undefined);
  await stage.cluster.waitUntilHealthy();
  await routed(to);
  await scriptsTell(to);
};

const scriptsTell = async (name: string) => {
  const verdicts = async (script: 'primary' | 'standby', backend: string) => {
    const all = await Promise.all(names.map((server) => stage.checks.content(script, backend, server)));
    return names.filter((_, index) => all[index]);
  };
  expect(await verdicts('primary', writeBackend)).toEqual([name]);
  expect(await verdicts('standby', readBackend)).toEqual(others(name));
  expect(await verdicts('primary', 'nobody-primary')).toEqual([]);
};

/** What is done costs the client no write. */
const unnoticed = async (act: () => Promise<void>) => {
  const before = writer.errors().length;
  await act();
  expect(writer.errors().slice(before)).toEqual([]);
};

/** While it is done, HAProxy never has two servers that take writes. */
const oneWriter = async (act: () => Promise<void>) => {
  const watch = watchOverlap(haproxy.adminSocket, writeBackend, 2);
  try {
    await act();
  } finally {
    await watch.stop();
  }
  expect(watch.overlaps()).toEqual([]);
  expect(watch.samples()).toBeGreaterThan(0);
};

describe('coming from PgRoute66', () => {
  it("step 1: with PgRoute66's own file, HAProxy's check scripts get the answers that they know", async () => {
    await start('-c', install('config.yaml', ownFile()));
    const name = await primary();
    await eventually(
      'the primary to be known',
      async () => (await daemon.get('/v1/primary')).body === `"${name}"` || undefined,
    );
    haproxy = await startHaproxy({ folder: stage.folder, masterSocket: false, config: checkedHaproxy() });
    await routed(name);
    writer = stage.write();
    await eventually('a first write', () => writer.committed().length > 0 || undefined);
    await scriptsTell(name);
    await switchover();
    expect((await daemon.status()).targets).toEqual([]);
    // Nothing in the page's file is passed over.
    expect(daemon.program().log()).not.toContain('"level":"warn"');
  });

  it('step 2, between its two changes: pgrouted drives HAProxy while the checks still run', async () => {
    await unnoticed(async () => {
      reloadDaemon(ownFile() + addedKeys());
      await driven();
    });
    await oneWriter(switchover);
  });

  it('step 2: without external checks', async () => {
    await unnoticed(async () => {
      await reloadHaproxy(drivenHaproxy());
      await driven();
    });
    await oneWriter(switchover);
  });

  it('back to step 1: the checks take over again, and nobody notices', async () => {
    await unnoticed(async () => {
      await reloadHaproxy(checkedHaproxy());
      await driven();
      await oneWriter(async () => {
        reloadDaemon(ownFile());
        await daemon.until('HAProxy to be let go', ({ targets }) => targets.length === 0);
        await runBlock(stage.file('# hand over to the checks'), stage.folder);
        await eventually(
          'nobody to be in maint',
          async () => !/^\d+ \S+ \d+ \S+ \S+ \d+ [^0]/m.test(await haproxy.ask('show servers state')) || undefined,
        );
        await routed(await primary());
      });
    });
    await switchover();
  });

  it('step 3: led by etcd, with the same port and the same groups', async () => {
    await unnoticed(async () => {
      reloadDaemon(ownFile() + addedKeys());
      await driven();
      await reloadHaproxy(drivenHaproxy());
      await driven();
      await daemon.stop();
      const more = stage.file('# more groups, in /etc/pgrouted/pgrouted.yaml');
      await start('--config', install('pgrouted.yaml', stage.file('# /etc/pgrouted/pgrouted.yaml') + more));
      await daemon.ready();
      await driven();
    });
    await oneWriter(switchover);
    expect(JSON.parse((await daemon.get('/v1/primary?group=shop')).body)).toBe(await primary());
    expect((await daemon.status()).clusters[0]?.source.kind).toBe('patroni');
  });

  it('back to step 2: the file with its two keys is still good', async () => {
    await unnoticed(async () => {
      await daemon.stop();
      await start('-c', install('config.yaml', ownFile() + addedKeys()));
      await daemon.ready();
      await driven();
    });
    expect((await daemon.status()).clusters[0]?.source.kind).toBe('postgres');
  });

  it('loses no write on the whole way, and tells nobody the password', async () => {
    await writer.stop();
    const audit = await writer.audit(async (text) => (await stage.cluster.primary()).sql(text));
    expect(audit).toMatchObject({ lost: [], doubled: [] });
    expect(audit.acknowledged).toBeGreaterThan(0);
    expect(daemon.program().log()).not.toContain(rolePassword);
    expect((await daemon.get('/v2/status')).body).not.toContain(rolePassword);
  });
});
