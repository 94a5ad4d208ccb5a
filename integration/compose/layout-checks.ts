// The layout while it runs, and nothing happens to it: everybody well, each program as its own user, passwords where they belong, three routers of one mind.
// By the same commands as a user's (docs/compose.md).
import { basename } from 'node:path';
import { eventually } from '../lab/process.ts';
import { demand, type Sheet } from '../packages/sheet.ts';
import { nodeNames, type Project } from './project.ts';
import { demandSeen } from './seen.ts';
import { agreement, clientLog, patienceMs } from './state.ts';

/** What runs on a node, and as whom. tini, the shell and runit around them are root, with three capabilities. */
const programs: Readonly<Record<string, string>> = {
  etcd: 'etcd',
  haproxy: 'haproxy',
  patroni: 'postgres',
  pgrouted: 'pgrouted',
  postgres: 'postgres',
};

/** Starts it, too. Throws when it does not come up: nothing more can be learned then. */
export async function checkLayout(sheet: Sheet, project: Project): Promise<void> {
  const started = await sheet.check('docker compose up --detach: everything starts, and is well', async () => {
    await project.must(['up', '--detach', '--no-build', '--wait', '--wait-timeout', '240'], 270_000);
  });
  if (!started) {
    const logs = await project.run(['logs', '--tail', '40']);
    throw new Error(`the layout did not come up:\n${logs.stdout}${logs.stderr}`);
  }
  await sheet.check('each program runs as its own user, and none may win rights', () => usersOf(project));
  await sheet.check('passwords are read by their owners alone, and are in no log and on no command line', () =>
    secretsOf(project),
  );
  await sheet.check('the three routers say the same: pgroutectl status', () => agreement(project, nodeNames));
  // On a busy machine one answer may take longer than its command waits: asked again, as everything here.
  await sheet.check('every HAProxy holds it: pgroutectl fleet --wait', async () => {
    await eventually('fleet', () => project.exec('node2', ['pgroutectl', 'fleet', '--wait', '30']), patienceMs, 500);
  });
  await sheet.check('haproxy.cfg lacks nothing: pgroutectl lint', () =>
    eventually(
      'lint',
      async () => {
        const said = await project.exec('node1', ['pgroutectl', 'lint']);
        demandSeen(said.includes('as pgrouted needs it'), 'it found something', said);
        return true;
      },
      patienceMs,
      500,
    ),
  );
  await sheet.check('the client writes, and reads on a standby through another HAProxy', async () => {
    const wrote = async () => (await clientLog(project)).some(({ kind }) => kind === 'wrote');
    await eventually('writes', wrote, patienceMs, 500);
    const question = 'select pg_is_in_recovery(), count(*) > 0 from writes';
    const said = await project.exec('client', ['psql', '-XAtc', question, '-h', 'node3', '-p', '5001']);
    demandSeen(said.trim() === 't|t', 'no standby that has the writes', said);
  });
}

async function usersOf(project: Project): Promise<void> {
  const said = await project.exec('node1', ['ps', '-eo', 'user:20,args']);
  // Patroni's first word is its interpreter.
  const running = said.split('\n').map((line) => {
    const [user, ...words] = line.trim().split(/\s+/);
    const [first = '', second = ''] = words.map((word) => basename(word));
    return { user, name: first.startsWith('python') ? second : first };
  });
  for (const [program, user] of Object.entries(programs)) {
    const owners = running.filter(({ name }) => name === program).map((process) => process.user);
    demandSeen(owners.includes(user) && new Set(owners).size === 1, `${program} does not run as ${user} alone`, said);
  }
  const states = await project.exec('node1', ['sh', '-c', 'cat /proc/[0-9]*/status']);
  const values = (key: string) => [
    ...new Set([...states.matchAll(new RegExp(`^${key}:\\s*(\\S+)`, 'gm'))].map(([, value]) => value)),
  ];
  demandSeen(values('NoNewPrivs').join() === '1', 'a process may win rights', values('NoNewPrivs').join());
  // KILL, SETGID, SETUID: bits 5, 6, 7.
  demandSeen(values('CapBnd').join() === '00000000000000e0', 'other capabilities than three', values('CapBnd').join());
}

async function secretsOf(project: Project): Promise<void> {
  const list = 'cd /run/demo-secrets && find postgres pgrouted client -type f -printf "%m %u %p\\n"';
  const words: string[] = [];
  for (const user of ['postgres', 'pgrouted', 'client']) {
    const folder = `/run/demo-secrets/${user}`;
    const listed = await project.exec('node1', ['sh', '-c', `find ${folder} -type f -printf '%m %u\\n'`], user);
    demandSeen(
      listed
        .trim()
        .split('\n')
        .every((line) => line === `600 ${user}`),
      `${user}'s files are not its own`,
      listed,
    );
    words.push(
      ...((await project.exec('node1', ['sh', '-c', `cat ${folder}/* /dev/null`], user)).match(/[0-9a-f]{48}/g) ?? []),
    );
  }
  demandSeen(
    words.length >= 8 && new Set(words).size >= 6,
    'there are not as many passwords as logins',
    String(words.length),
  );
  const refused = await project.run(['exec', '-T', '--user', 'client', 'node1', 'sh', '-c', list]);
  demandSeen(refused.code !== 0, "client may list others' passwords", refused.stdout);
  const seen = [
    await project.must(['logs', '--no-log-prefix']),
    await project.must(['config']),
    await project.exec('node1', ['sh', '-c', 'cat /proc/[0-9]*/cmdline']),
    await project.exec('client', ['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/self/environ']),
  ].join('\n');
  for (const word of words) demand(!seen.includes(word), 'a password can be read where it does not belong');
}
