// Upgrade, rollback, removal, a new installation and purge on a running server, while pgrouted drives HAProxy.
// What is left over is seen from outside, by comparing whole file systems.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure, drives, mainPid } from './booted-service.ts';
import { changesSince, isNone, type Picture, tell } from './difference.ts';
import { apt, comesToPass, field, type Ground, install, property } from './ground.ts';
import type { Machine } from './machine.ts';
import { olderVersion } from './older-deb.ts';
import { demand } from './sheet.ts';
import { configuration, isLedBy, lead } from './site.ts';

const installed = (machine: Machine): Promise<string> => field(machine, 'Version');

export async function provesUpgrades(ground: Ground): Promise<void> {
  const { sheet, machine, packages } = ground;
  const defaults = join(machine.files, 'etc/default/pgrouted');
  const mine = '# a line of the administrator\n';
  await sheet.check('upgrade: the service is restarted, changed files are kept, HAProxy is not touched', async () => {
    appendFileSync(defaults, mine);
    const before = await mainPid(machine);
    await install(ground, packages.deb);
    demand((await installed(machine)) === packages.version, `installed is ${await installed(machine)}`);
    demand(await isLedBy(machine, 'pg2'), 'HAProxy holds something else');
    await comesToPass(machine, 'the new program to run', async () => ![0, before].includes(await mainPid(machine)));
    demand(readFileSync(defaults, 'utf8').endsWith(mine), '/etc/default/pgrouted was replaced');
    demand(
      readFileSync(join(machine.files, 'etc/pgrouted/pgrouted.yaml'), 'utf8') === configuration,
      'pgrouted.yaml was replaced',
    );
    await lead(machine, 'pg1');
    await drives(machine, 'pg1');
  });
  await sheet.check('rollback to the older version: as an upgrade', async () => {
    const before = await mainPid(machine);
    await install(ground, packages.older, '--allow-downgrades');
    demand((await installed(machine)) === olderVersion, `installed is ${await installed(machine)}`);
    await comesToPass(machine, 'the older program to run', async () => ![0, before].includes(await mainPid(machine)));
    await lead(machine, 'pg3');
    await drives(machine, 'pg3');
  });
  await sheet.check(
    'upgrade with a configuration that is wrong by now: loud, and the running router goes on',
    async () => {
      const before = await mainPid(machine);
      configure(machine, 'clusters: 7\n');
      const { stdout } = await install(ground, packages.deb);
      demand(/NOT RESTARTED/.test(stdout), `apt said:\n${stdout.slice(-1500)}`);
      demand((await mainPid(machine)) === before, 'the router was taken away');
      await lead(machine, 'pg2');
      await drives(machine, 'pg2');
      configure(machine, configuration);
      await machine.must('systemctl restart pgrouted');
      await drives(machine, 'pg2');
    },
  );
  await sheet.check('an upgrade starts no service that the administrator has stopped and disabled', async () => {
    await machine.must('systemctl disable --now pgrouted');
    await install(ground, packages.older, '--allow-downgrades');
    await install(ground, packages.deb);
    const state = `${(await machine.run('systemctl is-enabled pgrouted')).stdout.trim()} ${await property(machine, 'ActiveState')}`;
    demand(state === 'disabled inactive', `it is ${state}`);
    await machine.must('systemctl enable --now pgrouted');
    await drives(machine, 'pg2');
  });
}

/** `before`: the server before pgrouted came, configured as it is now otherwise. */
export async function provesRemoval(ground: Ground, before: Picture): Promise<void> {
  const { sheet, machine, packages } = ground;
  await sheet.check('removal stops it, and leaves its configuration, logs, state and account only', async () => {
    await apt(ground, 'remove', 'pgrouted');
    demand((await machine.run('pgrep -u pgrouted')).code !== 0, 'a process of it runs');
    demand(await isLedBy(machine, 'pg2'), 'HAProxy holds something else');
    const { added, removed, changed } = changesSince(machine, before, ours);
    const expected =
      /^\/etc\/(pgrouted|default\/pgrouted$)|^\/var\/(log|lib)\/pgrouted(\/|$)|^\/var\/lib\/dpkg\/info\/pgrouted\.(list|postrm)$/;
    const known = (path: string) => [expected, accounts, enabled].some((pattern) => pattern.test(path));
    const stray = [...added, ...removed, ...changed].filter((path) => !known(path));
    demand(stray.length === 0, `left or changed: ${stray.join(' ')}`);
    const failed = await machine.must('systemctl --failed --no-legend --plain');
    demand(failed === '', `failed: ${failed}`);
  });
  await sheet.check('installed again after a removal, it takes up its configuration and starts', async () => {
    await install(ground, packages.deb);
    await lead(machine, 'pg1');
    await drives(machine, 'pg1');
  });
  await sheet.check('purge leaves nothing: no file, no account, no link, no mask', async () => {
    await apt(ground, 'purge', 'pgrouted');
    const left = changesSince(machine, before, ours);
    demand(isNone(left), `the server differs from before:\n${tell(left)}`);
    demand((await machine.run('getent passwd pgrouted || getent group pgrouted')).code !== 0, 'its account is there');
    const unit = await property(machine, 'LoadState');
    demand(unit === 'not-found', `the unit is ${unit}`);
    await machine.must('[ ! -e /run/pgrouted ] && [ ! -e /run/pgrouted.installed ]');
  });
}

/** What the administrator has changed, by hand and on purpose. */
const ours = ['/etc/haproxy/haproxy.cfg'];

/** Whether it starts at boot is the administrator's word too, and is kept for the next installation, as Debian's own packages do it. */
const enabled = /\/(pgrouted\.service|pgrouted\.service\.dsh-also)$/;

/** Which accounts there are, and who is in the group haproxy. */
const accounts = /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)$/;
