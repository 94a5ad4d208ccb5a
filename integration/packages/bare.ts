// A container: Debian's minimal system, no systemd, nothing of what pgrouted drives. Installation with what it depends on, what dpkg laid down,
// HAProxy that comes later, purge.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changesSince, isNone, type Picture, pictureOf, tell } from './difference.ts';
import { apt, field, type Ground, install, type Packages } from './ground.ts';
import { openMachine } from './machine.ts';
import { demand, type Sheet } from './sheet.ts';

/** `root`: an unpacked bare root (recipes.ts). */
export async function provesBare(sheet: Sheet, root: string, packages: Packages): Promise<void> {
  const machine = await openMachine({ root, boot: false });
  try {
    const ground = { sheet, machine, packages };
    const installed = await sheet.check('apt installs it into a bare system, with what it depends on', async () => {
      await apt(ground, 'update');
      // First what it depends on alone, so that the purge can be told from it.
      await install(ground, packages.deb);
      return field(machine, 'Depends');
    });
    if (!installed) return;
    await provesFiles(ground);
    await provesPrograms(ground);
    await provesCycle(ground);
  } finally {
    await machine.close();
  }
}

/** Rights and owners as dpkg left them; what is not said here is 0644 or 0755 of root. */
const special: Readonly<Record<string, string>> = {
  '/etc/pgrouted': '750 root:pgrouted',
  '/etc/pgrouted/pgrouted.yaml': '640 root:pgrouted',
  '/usr/bin/pgroutectl': '777 root:root',
};

const promised = [
  '/usr/bin/pgrouted',
  '/usr/bin/pgroutectl',
  '/usr/share/pgrouted/pgrouted-hold.lua',
  '/usr/share/pgrouted/pgrouted-watchdog.lua',
  '/usr/lib/systemd/system/pgrouted.service',
  '/usr/lib/sysusers.d/pgrouted.conf',
  '/usr/lib/tmpfiles.d/pgrouted.conf',
  '/etc/pgrouted/pgrouted.yaml',
  '/etc/default/pgrouted',
  '/usr/share/man/man8/pgrouted.8.gz',
  '/usr/share/man/man5/pgrouted.yaml.5.gz',
  '/usr/share/man/man1/pgroutectl.1.gz',
  ...['pgrouted', 'pgroutectl'].flatMap((name) => [
    `/usr/share/bash-completion/completions/${name}`,
    `/usr/share/zsh/vendor-completions/_${name}`,
    `/usr/share/fish/vendor_completions.d/${name}.fish`,
  ]),
  '/usr/share/doc/pgrouted/copyright',
];

async function provesFiles({ sheet, machine, packages }: Ground): Promise<void> {
  const paths = (await machine.must('dpkg -L pgrouted')).trim().split('\n');
  await sheet.check('everything that is promised is in it', () => {
    const missing = promised.filter((path) => !paths.includes(path));
    demand(missing.length === 0, `missing: ${missing.join(' ')}`);
    return `${paths.length} paths`;
  });
  await sheet.check(
    'owners and rights: root, nobody else may write, the configuration is for root and the service',
    async () => {
      const own = paths.filter((path) => path.includes('pgrout'));
      const rights = await machine.must(`stat -c '%n %a %U:%G' ${own.join(' ')}`);
      const wrong = rights
        .trim()
        .split('\n')
        .filter((line) => {
          const [path = '', ...about] = line.split(' ');
          const expected = special[path] === undefined ? ['644 root:root', '755 root:root'] : [special[path]];
          return !expected.includes(about.join(' '));
        });
      demand(wrong.length === 0, wrong.join('\n'));
    },
  );
  await sheet.check(
    'the configuration files are what dpkg asks about; everything else is as it was packed',
    async () => {
      const conffiles = await field(machine, 'Conffiles');
      const names = [...conffiles.matchAll(/^ ?(\/\S+)/gm)].map(([, name]) => name).sort();
      demand(names.join(' ') === '/etc/default/pgrouted /etc/pgrouted/pgrouted.yaml', `conffiles: ${names.join(' ')}`);
      const { stdout } = await machine.run('dpkg --verify pgrouted');
      demand(stdout === '', stdout);
    },
  );
  await sheet.check('it needs neither Node nor npm, and is no larger than it says', async () => {
    const depends = await field(machine, 'Depends');
    demand(!/node|npm/i.test(depends), depends);
    demand((await machine.run('command -v node')).code !== 0, 'node is there');
    return `${Math.round(Number(await field(machine, 'Installed-Size')) / 1024)} MiB installed, version ${packages.version}`;
  });
}

async function provesPrograms({ sheet, machine, packages }: Ground): Promise<void> {
  await sheet.check('both programs run and tell their version', async () => {
    for (const name of ['pgrouted', 'pgroutectl']) {
      const first = (await machine.must(`${name} --version`)).split('\n')[0] ?? '';
      demand(first.includes(packages.version.replace('~', '-')), `${name} --version says ${first}`);
    }
    return (await machine.must('pgrouted --version')).trim().split('\n').join('; ');
  });
  await sheet.check('a configuration that says nothing is told as one, with 78', async () => {
    const { code, stderr, told } = await machine.run('pgrouted check-config');
    demand(code === 78 && /nothing is configured yet/.test(stderr), told);
  });
  await sheet.check('NODE_OPTIONS and options of Node have no power over it', async () => {
    const env = { NODE_OPTIONS: '--require=/tmp/evil.cjs' };
    await machine.must("echo \"require('node:fs').writeFileSync('/tmp/evil.done', '')\" > /tmp/evil.cjs");
    await machine.must('pgrouted --version', { env });
    const { code } = await machine.run('pgrouted --require=/tmp/evil.cjs --version; pgrouted --eval=1');
    demand(code === 2, `an option of Node ended it with ${code}`);
    demand((await machine.run('[ -e /tmp/evil.done ]')).code !== 0, "somebody else's code was loaded");
  });
  await sheet.check('a reader that leaves early is no error: pgroutectl --help | head -n 1', async () => {
    const { stdout, stderr } = await machine.run('pgroutectl --help | head -n 1; pgrouted --help | head -n 1');
    demand(/Usage: pgroutectl/.test(stdout) && stderr === '', `${stdout}${stderr}`);
  });
  await sheet.check('its HAProxy fragment names the Lua files where the package laid them', async () => {
    const config = readFileSync(new URL('./fixtures/hold.yaml', import.meta.url), 'utf8');
    const text = await machine.must(
      'cat > /tmp/hold.yaml; pgrouted haproxy-config -c /tmp/hold.yaml --server pg1=127.0.0.1:5432',
      { input: config },
    );
    const [, path = ''] = /lua-load(?:-per-thread)? (\S+)/.exec(text) ?? [];
    demand(path.startsWith('/usr/share/pgrouted/'), `it names ${path === '' ? 'none' : path}`);
    await machine.must(`test -r ${path}`);
    return path;
  });
}

/** What goes, what comes back, what comes later. */
async function provesCycle(ground: Ground): Promise<void> {
  const { sheet, machine, packages } = ground;
  const nobody = async () => demand((await machine.run('getent passwd pgrouted')).code !== 0, 'its account is there');
  const nothingSince = (before: Picture) => {
    const left = changesSince(machine, before);
    demand(isNone(left), tell(left));
  };
  await apt(ground, 'purge', 'pgrouted');
  const before = pictureOf(machine);
  await sheet.check('purged, nothing of it is left, of a second installation neither', async () => {
    await nobody();
    await install(ground, packages.deb);
    await apt(ground, 'purge', 'pgrouted');
    nothingSince(before);
    const left = await machine.must("find / -xdev -path /proc -prune -o -path /opt -prune -o -name '*pgrout*' -print");
    demand(left === '', `left: ${left}`);
  });
  await sheet.check('the archive: install.sh lays it down, uninstall.sh --purge takes all of it away', async () => {
    copyFileSync(packages.archive, join(machine.files, 'opt/pgrouted.tar.gz'));
    await machine.must('cd /opt && tar -xzf pgrouted.tar.gz && rm pgrouted.tar.gz');
    await machine.must('/opt/pgrouted-*/install.sh && pgroutectl --version && getent passwd pgrouted');
    await machine.must('/opt/pgrouted-*/uninstall.sh --purge && rm -r /opt/pgrouted-*');
    await nobody();
    nothingSince(before);
  });
  await sheet.check('HAProxy installed after it: its user joins the group', async () => {
    await install(ground, packages.deb);
    demand((await machine.must('id -Gn pgrouted')).trim() === 'pgrouted', 'it is in other groups already');
    await apt(ground, 'install', 'haproxy');
    const groups = (await machine.must('id -Gn pgrouted')).trim();
    demand(groups === 'pgrouted haproxy', `its groups are ${groups}`);
  });
}
