// One database server, from its first boot with pgrouted's package to the last trace of it: the whole life of an installation, in order.
// The order matters; what is checked is in booted-*.ts.
import { provesRemoval, provesUpgrades } from './booted-change.ts';
import { provesInstallation } from './booted-install.ts';
import { provesFirstStart, provesService } from './booted-service.ts';
import { pictureOf } from './difference.ts';
import { apt, type Packages } from './ground.ts';
import { mustOnHost } from './host.ts';
import { openMachine } from './machine.ts';
import type { Sheet } from './sheet.ts';

/** `root`: an unpacked root of a database server (recipes.ts). */
export async function provesBooted(sheet: Sheet, root: string, packages: Packages): Promise<void> {
  const machine = await openMachine({ root, boot: true });
  try {
    const ground = { sheet, machine, packages };
    await sheet.check('its own systemd is process 1, HAProxy and etcd run', async () => {
      await machine.must(
        '[ "$(cat /proc/1/comm)" = systemd ] && systemctl is-active haproxy etcd && systemctl is-system-running',
      );
      return (await machine.must('systemctl --version | head -n 1')).trim();
    });
    // First what it depends on, so that what is left of it at the end is its own.
    await apt(ground, 'satisfy', `'${(await mustOnHost('dpkg-deb', ['--field', packages.deb, 'Depends'])).trim()}'`);
    const before = pictureOf(machine);
    await provesInstallation(ground);
    if (!(await provesFirstStart(ground))) return;
    await provesService(ground);
    await provesUpgrades(ground);
    await provesRemoval(ground, before);
  } finally {
    await machine.close();
  }
}
