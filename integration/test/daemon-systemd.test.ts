// What systemd is told by the daemon as a process: READY, RELOADING, STOPPING, the line for `systemctl status`, and the signs of life that stop with it. The
// socket is one of ours; systemd-notify and the shell that runs it are the real ones. The unit itself is tried by `npm run test:packages`.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DaemonProcess, startProcess } from '../lab/daemon.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { type NotifySocket, startNotifySocket, type Told } from '../lab/notify-socket.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { childrenOf } from '../lab/process-table.ts';

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder.path, name);
let etcd: EtcdLab;
let socket: NotifySocket;
let abstract: NotifySocket;

beforeAll(async () => {
  [etcd, socket, abstract] = await Promise.all([
    startEtcd({ folder: folder.path, members: 1 }),
    startNotifySocket(inFolder('notify.sock')),
    startNotifySocket(`@pgrouted-test-${process.pid}`),
  ]);
  const record = JSON.stringify({
    conn_url: 'postgres://127.0.0.1:15432/postgres',
    state: 'running',
    role: 'primary',
    timeline: 1,
  });
  await etcd.etcdctl('put', '/service/orders/members/pg1', record);
  await etcd.etcdctl('put', '/service/orders/leader', 'pg1');
  await etcd.etcdctl('put', '/service/orders/initialize', '7100000000000000001');
});

afterAll(async () => {
  await Promise.all([etcd?.stop(), socket?.stop(), abstract?.stop()]);
  folder.remove();
});

const has =
  (...assignments: readonly string[]) =>
  (message: Told): boolean =>
    assignments.every((one) => message.includes(one));
const statusIn = (message: Told | undefined): string | undefined =>
  message?.find((one) => one.startsWith('STATUS='))?.slice('STATUS='.length);

async function start(name: string, endpoint: string, env: Readonly<Record<string, string>>): Promise<DaemonProcess> {
  const port = await freePort();
  const config = {
    etcd: { endpoints: [endpoint] },
    clusters: [{ patroni: { scope: 'orders' } }],
    haproxy: [{ socket: inFolder('nobody.sock') }],
    http: { listen: `127.0.0.1:${port}` },
  };
  writeFileSync(inFolder(`${name}.yml`), JSON.stringify(config), { mode: 0o600 });
  return startProcess({
    folder: folder.path,
    name,
    args: ['--config', inFolder(`${name}.yml`)],
    url: `http://127.0.0.1:${port}`,
    env,
  });
}

describe('pgrouted under systemd', () => {
  it('tells when it is ready, each reload, how it is, and that it stops', async () => {
    const daemon = await start('told', etcd.endpoints[0] ?? '', { NOTIFY_SOCKET: socket.name });
    const ready = await socket.until('READY', has('READY=1'));
    expect(socket.told().slice(0, ready)).toHaveLength(1);
    expect(statusIn(socket.told()[ready - 1])).toMatch(/^orders: .*; HAProxy not as decided: .* \(not running\); /);

    daemon.program().signal('SIGHUP');
    const reloading = await socket.until('RELOADING', has('RELOADING=1'), ready);
    expect(socket.told()[reloading - 1]?.[1]).toMatch(/^MONOTONIC_USEC=\d+$/);
    const again = await socket.until('READY once more', has('READY=1'), reloading);

    writeFileSync(inFolder('told.yml'), 'clusters: 3\n');
    daemon.program().signal('SIGHUP');
    const refused = await socket.until('READY after a wrong one', has('READY=1'), again);
    expect(statusIn(socket.told()[refused - 1])).toMatch(/^the new configuration was not taken \(see the log\)/);

    await daemon.stop();
    const stopping = await socket.until('STOPPING', has('STOPPING=1'), refused);
    expect(statusIn(socket.told()[stopping - 1])).toBe('stopping; HAProxy keeps what it holds');
    expect(socket.told().flat()).not.toContain('WATCHDOG=1');
  });

  it('is ready without etcd, tells that it lives, and falls silent when it stands still, by which it is started anew', async () => {
    const daemon = await start('watched', 'http://127.0.0.1:1', {
      NOTIFY_SOCKET: abstract.name,
      WATCHDOG_USEC: '1000000',
      // It may show up nowhere.
      PGPASSWORD: 'M4rk3r',
    });
    const ready = await abstract.until('READY', has('READY=1'));
    expect(statusIn(abstract.told()[ready - 1])).toMatch(/^orders: etcd was not heard yet; /);
    // An etcd and a HAProxy that are not there are no standstill of ours.
    const alive = await abstract.until('a sign of life', has('WATCHDOG=1'), ready);
    await abstract.until('one more', has('WATCHDOG=1'), alive);

    daemon.program().signal('SIGSTOP');
    // What systemd does after WatchdogSec.
    await abstract.silence(1_000);
    daemon.program().signal('SIGABRT');
    daemon.program().signal('SIGCONT');
    expect(await daemon.program().exited).toBe('SIGABRT');
    const before = abstract.told().length;
    await daemon.start();
    await abstract.until('READY of the next', has('READY=1'), before);
    await daemon.stop();
    expect(JSON.stringify(abstract.told())).not.toContain('M4rk3r');
  });

  it('starts its shell anew, and tells all that stands once more', async () => {
    const daemon = await start('anew', 'http://127.0.0.1:1', { NOTIFY_SOCKET: socket.name });
    const before = await socket.until('READY', has('READY=1'), socket.told().length);
    const shell = await eventually('the shell', () => childrenOf(daemon.program().pid)[0]);
    process.kill(shell, 'SIGKILL');
    await socket.until('READY once more', has('READY=1'), before);
    expect(daemon.program().log()).toContain('systemd could not be told how pgrouted is; it is tried again');
    await daemon.stop();
  });

  it('says once what to do where there is no systemd-notify, and routes on', async () => {
    // Only what the lab itself needs to start it.
    const path = inFolder('bin');
    mkdirSync(path);
    symlinkSync('/usr/bin/setpriv', join(path, 'setpriv'));
    const daemon = await start('none', 'http://127.0.0.1:1', { NOTIFY_SOCKET: socket.name, PATH: path });
    await eventually(
      'the complaint',
      () => daemon.program().log().includes('there is no systemd-notify (it comes with systemd)') || undefined,
    );
    expect((await daemon.get('/health/is-live')).status).toBe(200);
    await daemon.stop();
  });

  it('starts nothing beside it where nobody wants to be told', async () => {
    const daemon = await start('alone', etcd.endpoints[0] ?? '', {});
    await daemon.until('the cluster', ({ clusters }) => clusters[0]?.view !== null);
    expect(childrenOf(daemon.program().pid)).toEqual([]);
    await daemon.stop();
  });
});
