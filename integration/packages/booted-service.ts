// The service under the distribution's own systemd, with Debian's own HAProxy and etcd beside it, from its configuration to its stop.
// Every line of the unit is in force here: its user, its groups, its sandbox, its watchdog.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comesToPass, type Ground, property } from './ground.ts';
import type { Machine } from './machine.ts';
import { demand } from './sheet.ts';
import { configuration, isLedBy, lead, letIn, type Member, members, servers, workerOfHaproxy } from './site.ts';

const configFile = '/etc/pgrouted/pgrouted.yaml';

/** Writes the configuration as an editor does it: owner and rights stay. */
export const configure = (machine: Machine, text: string): void => writeFileSync(join(machine.files, configFile), text);

export const mainPid = async (machine: Machine): Promise<number> => Number(await property(machine, 'MainPID'));

export async function drives(machine: Machine, leader: Member): Promise<void> {
  await comesToPass(machine, `HAProxy to send writers to ${leader} alone`, () => isLedBy(machine, leader));
}

const isActive = async (machine: Machine): Promise<boolean> => (await property(machine, 'ActiveState')) === 'active';

/** Configures HAProxy and pgrouted as docs/install.md says, and starts it. Everything after it needs this. */
export async function provesFirstStart({ sheet, machine }: Ground): Promise<boolean> {
  await lead(machine, 'pg1');
  configure(machine, configuration);
  await sheet.check('a file of 0640 root:pgrouted is what the service reads', async () => {
    const rights = (await machine.must(`stat -c '%a %U:%G' ${configFile}`)).trim();
    demand(rights === '640 root:pgrouted', rights);
    await machine.must('setpriv --reuid pgrouted --regid pgrouted --init-groups pgrouted check-config');
  });
  await sheet.check("its HAProxy fragment, below Debian's own haproxy.cfg, is all that HAProxy needs", async () => {
    // Debian's file has the stats socket already, with the group that pgrouted is in; the same line twice is no trouble.
    const before = (await machine.must("stat -c '%a %U:%G' /run/haproxy/admin.sock")).trim();
    await machine.must(`set -e
      pgrouted haproxy-config >> /etc/haproxy/haproxy.cfg
      haproxy -c -f /etc/haproxy/haproxy.cfg
      systemctl reload haproxy`);
    await comesToPass(
      machine,
      'HAProxy to have the backends',
      async () => (await servers(machine)).size === 2 * members.length,
    );
    demand((await letIn(machine)) === 'nothing', `HAProxy lets in ${await letIn(machine)} before it was told`);
    const after = (await machine.must("stat -c '%a %U:%G' /run/haproxy/admin.sock")).trim();
    demand(after === '660 root:haproxy', `the socket is ${after}`);
    return `socket ${before}`;
  });
  return sheet.check('systemctl start: ready when it says so, and HAProxy holds what etcd says', async () => {
    const { code, told } = await machine.run('systemctl start pgrouted');
    demand(code === 0 && (await isActive(machine)), told);
    await drives(machine, 'pg1');
    return property(machine, 'StatusText');
  });
}

export async function provesService({ sheet, machine }: Ground): Promise<void> {
  await sheet.check('it runs as its user, in its groups, without any right of root, filtered', async () => {
    const status = await machine.must(`cat /proc/${await mainPid(machine)}/status`);
    const of = (key: string) => (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').trim();
    const ids = (await machine.must('id -u pgrouted; getent group pgrouted haproxy | cut -d: -f3')).trim().split('\n');
    const [uid, gid, haproxy] = ids;
    demand(of('Uid') === [uid, uid, uid, uid].join('\t'), `Uid is ${of('Uid')}, not ${uid}`);
    demand(
      of('Groups')
        .split(' ')
        .includes(haproxy ?? ''),
      `Groups are ${of('Groups')}, without ${haproxy} (own: ${gid})`,
    );
    for (const key of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      demand(/^0+$/.test(of(key)), `${key} is ${of(key)}`);
    demand(
      of('NoNewPrivs') === '1' && of('Seccomp') === '2',
      `NoNewPrivs ${of('NoNewPrivs')}, Seccomp ${of('Seccomp')}`,
    );
  });
  await sheet.check('it sees a read-only system, no home folders and no devices of the server', async () => {
    const entered = `nsenter --target ${await mainPid(machine)} --mount --wdns=/ setpriv --reuid pgrouted --regid pgrouted --init-groups --`;
    const refused = async (script: string) => {
      const { code, told } = await machine.run(`${entered} sh -c '${script}'`);
      demand(code !== 0, `this was possible: ${told}`);
    };
    await refused('touch /etc/pgrouted/x');
    await refused('touch /usr/x');
    await refused('ls /root /home');
    await refused('ls /dev/tty0 /dev/kmsg');
    await machine.must(
      `${entered} sh -c 'touch /var/lib/pgrouted/x /var/log/pgrouted/x && rm /var/lib/pgrouted/x /var/log/pgrouted/x'`,
    );
  });
  await sheet.check('its log and journal files are written, for nobody else to read', async () => {
    const rights = await machine.must("stat -c '%a %U' /var/log/pgrouted/pgrouted.log /var/lib/pgrouted/journal.jsonl");
    demand(/^6[04]0 pgrouted\n6[04]0 pgrouted\n$/.test(rights), rights);
  });
  await sheet.check('pgroutectl status works for root and for anybody on the server', async () => {
    demand(/pg1/.test(await machine.must('pgroutectl status')), 'it does not name pg1');
    await machine.must('setpriv --reuid nobody --regid nogroup --clear-groups pgroutectl status');
  });
  await sheet.check('a switch in etcd is one in HAProxy, and in the status of systemd', async () => {
    await lead(machine, 'pg2');
    await drives(machine, 'pg2');
    await comesToPass(machine, 'the status to name pg2', async () => /pg2/.test(await property(machine, 'StatusText')));
    return property(machine, 'StatusText');
  });
  await sheet.check('systemctl reload takes a changed file, in the same process', async () => {
    const before = await mainPid(machine);
    configure(machine, `${configuration}http:\n  listen: 127.0.0.1:8081\n`);
    await machine.must('systemctl reload pgrouted');
    await comesToPass(
      machine,
      'the new port to answer',
      async () => (await machine.run('curl -fs http://127.0.0.1:8081/health/is-ready')).code === 0,
    );
    demand((await mainPid(machine)) === before && (await isActive(machine)), 'it was restarted');
    configure(machine, configuration);
    await machine.must('systemctl reload pgrouted');
  });
  await sheet.check('systemctl reload with a wrong file changes nothing', async () => {
    const before = await mainPid(machine);
    configure(machine, 'clusters: 7\n');
    await machine.run('systemctl reload pgrouted');
    await lead(machine, 'pg3');
    await drives(machine, 'pg3');
    demand((await mainPid(machine)) === before && (await isActive(machine)), 'it was restarted');
    configure(machine, configuration);
    await machine.must('systemctl reload pgrouted');
  });
  await sheet.check('a reload of HAProxy, whose servers start disabled, is answered', async () => {
    const before = await workerOfHaproxy(machine);
    await machine.must('systemctl reload haproxy');
    await comesToPass(machine, 'another worker to answer', async () => (await workerOfHaproxy(machine)) !== before);
    await drives(machine, 'pg3');
  });
  await provesDeaths({ sheet, machine });
}

/** How its life may end, and what systemd makes of it. */
async function provesDeaths({ sheet, machine }: Pick<Ground, 'sheet' | 'machine'>): Promise<void> {
  const restarted = async (what: string, pid: number, patienceMs: number) => {
    await comesToPass(
      machine,
      `systemd to start it anew after ${what}`,
      async () => ![0, pid].includes(await mainPid(machine)) && (await isActive(machine)),
      patienceMs,
    );
    await lead(machine, 'pg2');
    await drives(machine, 'pg2');
  };
  await sheet.check('kill -9: systemd starts it anew', async () => {
    const pid = await mainPid(machine);
    await machine.must(`kill -KILL ${pid}`);
    await restarted('SIGKILL', pid, 20_000);
  });
  await sheet.check(
    'a standstill (SIGSTOP): the watchdog ends it and starts it anew; HAProxy keeps what it holds',
    async () => {
      const pid = await mainPid(machine);
      await machine.must(`kill -STOP ${pid}`);
      const meanwhile = await isLedBy(machine, 'pg2');
      await restarted('the watchdog', pid, 60_000);
      const log = await machine.must('journalctl --unit=pgrouted --no-pager --output=cat');
      demand(/[Ww]atchdog timeout/.test(log), 'the journal names no watchdog timeout');
      demand(meanwhile, 'HAProxy held something else meanwhile');
    },
  );
  await sheet.check(
    'a wrong configuration: it says why, and systemd does not try for ever; mended, it starts',
    async () => {
      configure(machine, 'clusters: 7\n');
      await machine.run('systemctl restart pgrouted');
      await comesToPass(
        machine,
        'it to have failed',
        async () => (await property(machine, 'ActiveState')) === 'failed',
      );
      const exit = await property(machine, 'ExecMainStatus');
      demand(exit === '78', `it ended with ${exit}`);
      configure(machine, configuration);
      await machine.must('systemctl start pgrouted');
      await drives(machine, 'pg2');
    },
  );
  await sheet.check('systemctl stop: a clean end, and HAProxy keeps what it holds', async () => {
    await machine.must('systemctl stop pgrouted');
    const end = `${await property(machine, 'Result')} ${await property(machine, 'ExecMainStatus')}`;
    demand(end === 'success 0', `it ended with ${end}`);
    demand(await isLedBy(machine, 'pg2'), `HAProxy holds ${await letIn(machine)}`);
    await machine.must('systemctl start pgrouted');
    await drives(machine, 'pg2');
  });
}
