// A fresh installation on a database server that runs: what comes with it, what is started (nothing), and how its people find their way.
// The configuration is still the one that the package brings.
import { type Ground, install, property } from './ground.ts';
import { demand } from './sheet.ts';

/** Installs the older version, so that the newer one has something to upgrade. */
export async function provesInstallation(ground: Ground): Promise<void> {
  const { sheet, machine, packages } = ground;
  let told = '';
  await sheet.check('apt installs it on a running server', async () => {
    told = (await install(ground, packages.older)).stdout;
  });
  await sheet.check('it says that nothing is configured yet, and what to do', () => {
    demand(/not started yet/.test(told) && /systemctl start pgrouted/.test(told), `apt said:\n${told.slice(-1500)}`);
  });
  await sheet.check('no unit has failed, the service is enabled and not started', async () => {
    const failed = await machine.must('systemctl --failed --no-legend --plain');
    demand(failed === '', `failed: ${failed}`);
    const state = `${(await machine.run('systemctl is-enabled pgrouted')).stdout.trim()} ${await property(machine, 'ActiveState')}`;
    demand(state === 'enabled inactive', `it is ${state}`);
  });
  await sheet.check('its user has no shell, no password, and is in the group haproxy', async () => {
    const entry = (await machine.must('getent passwd pgrouted')).trim();
    demand(entry.endsWith(':/var/lib/pgrouted:/usr/sbin/nologin'), entry);
    const groups = (await machine.must('id -Gn pgrouted')).trim();
    demand(groups === 'pgrouted haproxy', `its groups are ${groups}`);
    const [, password = ''] = (await machine.must('getent shadow pgrouted')).split(':');
    demand(/^[!*]+$/.test(password), 'its password is not locked');
    return groups;
  });
  await sheet.check('a start with nothing configured fails no unit, and the journal says what to do', async () => {
    await machine.run('systemctl start pgrouted');
    const failed = await machine.must('systemctl --failed --no-legend --plain');
    demand(failed === '', `failed: ${failed}`);
    const log = await machine.must('journalctl --unit=pgrouted --no-pager --output=cat');
    demand(/nothing is configured yet/.test(log), `the journal says: ${log}`);
  });
  await sheet.check('man finds the three pages and renders them without a warning', async () => {
    for (const page of ['8 pgrouted', '5 pgrouted.yaml', '1 pgroutectl']) {
      const path = (await machine.must(`man -w ${page}`)).trim();
      const { code, stderr } = await machine.run(
        `LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z ${path} >/dev/null`,
      );
      demand(code === 0 && stderr === '', `${path}: ${stderr}`);
    }
  });
  await provesCompletions(ground);
}

/** What the shells make of `pgroutectl sta`, asked as each of them can be asked without a terminal. */
async function provesCompletions({ sheet, machine }: Ground): Promise<void> {
  await sheet.check('bash completes "pgroutectl sta" to status', async () => {
    const script = `. /usr/share/bash-completion/bash_completion
      _comp_load pgroutectl 2>/dev/null || _completion_loader pgroutectl
      COMP_WORDS=(pgroutectl sta) COMP_CWORD=1 COMP_LINE="pgroutectl sta" COMP_POINT=14
      set -- $(complete -p pgroutectl)
      while [ "$1" != -F ]; do shift; done
      "$2" pgroutectl sta pgroutectl
      echo "\${COMPREPLY[@]}"`;
    const words = (await machine.must(`bash --norc <<'END'\n${script}\nEND`)).trim();
    demand(words === 'status', `it offers "${words}"`);
  });
  await sheet.check('fish completes "pgroutectl sta" to status', async () => {
    const words = await machine.must(
      'HOME=/tmp fish --no-config -c \'source /usr/share/fish/vendor_completions.d/pgroutectl.fish; complete -C "pgroutectl sta"\'',
    );
    demand(/^status\b/m.test(words), `it offers "${words}"`);
  });
  await sheet.check('zsh knows the completions of both programs, and loads them', async () => {
    const script =
      'autoload -U compinit; compinit -D -u; print $_comps[pgrouted] $_comps[pgroutectl]; autoload +X _pgrouted _pgroutectl';
    const words = (await machine.must(`HOME=/tmp zsh -fc '${script}'`)).trim();
    demand(words === '_pgrouted _pgroutectl', `it knows "${words}"`);
  });
}
