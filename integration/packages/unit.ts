// The unit, judged by the systemd of each Debian: does it understand every line, and how much is it exposed.
// Needs no boot: systemd-analyze reads the files of an installed package.
import { existsSync } from 'node:fs';
import { install, type Packages } from './ground.ts';
import { openMachine } from './machine.ts';
import { demand, type Sheet } from './sheet.ts';

/** What `systemd-analyze security` may say at most, out of 100; docs/systemd.md tells what it says and what is left open. */
const threshold = 20;

/** `root`: an unpacked root with systemd (recipes.ts). */
export async function provesUnit(sheet: Sheet, root: string, packages: Packages): Promise<void> {
  const machine = await openMachine({ root, boot: false });
  try {
    const ground = { sheet, machine, packages };
    await install(ground, packages.deb);
    const systemd = (await machine.must('systemctl --version | head -n 1')).trim();
    const unit = '/usr/lib/systemd/system/pgrouted.service';
    await sheet.check(`systemd-analyze verify: not a word (${systemd})`, async () => {
      const { code, stdout, stderr, told } = await machine.run(`systemd-analyze verify --man=yes ${unit}`);
      demand(code === 0, told);
      const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('pgrouted'));
      demand(about.length === 0, about.join('\n'));
    });
    await sheet.check(`systemd-analyze security: no more than ${threshold / 10} of 10`, async () => {
      const { code, stdout, told } = await machine.run(
        `systemd-analyze security --offline=yes --no-pager --threshold=${threshold} ${unit}`,
      );
      demand(code === 0, told);
      return /Overall exposure level.*$/m.exec(stdout)?.[0] ?? 'no level was told';
    });
    await sheet.check('sysusers and tmpfiles entries are understood', async () => {
      await machine.must('systemd-sysusers --dry-run pgrouted.conf');
      await machine.must('systemd-tmpfiles --create pgrouted.conf');
      demand(existsSync(`${machine.files}/var/lib/pgrouted`), 'there is no /var/lib/pgrouted');
    });
  } finally {
    await machine.close();
  }
}
