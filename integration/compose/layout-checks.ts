// The layout while it runs: everybody well, each program as its own user, passwords where they belong, three routers of one mind; then a switchover, the kill of
// a node, its return, the clean stop of a node. Does what docs/compose.md tells a user to do, by the same commands.
import { basename } from 'node:path';
import { eventually } from '../lab/process.ts';
import { type Checks, expectThat } from './checks.ts';
import { type ClientLine, clientLines } from './client-report.ts';
import { type NodeName, nodeNames, type Project } from './project.ts';

const patienceMs = 90_000;

/** What runs on a node, and as whom. tini, the shell and runit around them are root, with three capabilities. */
const programs: Readonly<Record<string, string>> = {
  etcd: 'etcd',
  haproxy: 'haproxy',
  patroni: 'postgres',
  pgrouted: 'pgrouted',
  postgres: 'postgres',
};

export async function checkLayout(checks: Checks, project: Project): Promise<void> {
  const started = await checks.check('docker compose up --detach: everything starts, and is well', () =>
    project.must(['up', '--detach', '--no-build', '--wait', '--wait-timeout', '240'], 270_000),
  );
  if (started === undefined) {
    const logs = await project.run(['logs', '--tail', '40']);
    throw new Error(`the layout did not come up:\n${logs.stdout}${logs.stderr}`);
  }
  const log = async () => clientLines(await project.must(['logs', '--no-log-prefix', '--tail', '2000', 'client']));
  await checks.check('each program runs as its own user, and none may win rights', () => usersOf(project));
  await checks.check('passwords are read by their owners alone, and are in no log and on no command line', () =>
    secretsOf(project),
  );
  await checks.check('the three routers say the same: docker compose exec node1 pgroutectl status', () =>
    agreement(project),
  );
  await checks.check('pgroutectl fleet --wait: every HAProxy holds it', () =>
    project.exec('node2', ['pgroutectl', 'fleet', '--wait', '30']),
  );
  await checks.check('pgroutectl lint finds nothing that haproxy.cfg lacks', async () => {
    const said = await project.exec('node1', ['pgroutectl', 'lint']);
    expectThat(said.includes('as pgrouted needs it'), 'it found something', said);
  });
  await checks.check('the client writes, and reads on a standby through another HAProxy', async () => {
    await eventually('writes', async () => (await log()).some(({ kind }) => kind === 'wrote'), patienceMs, 500);
    const question = 'select pg_is_in_recovery(), count(*) > 0 from writes';
    const said = await project.exec('client', ['psql', '-XAtc', question, '-h', 'node3', '-p', '5001']);
    expectThat(said.trim() === 't|t', 'no standby that has the writes', said);
  });
  await checks.check(
    'a switchover by patronictl: the client goes on on the new primary, and no connection fails',
    async () => {
      const { primary, others } = await roles(project);
      const [next] = others;
      if (next === undefined) throw new Error('there is no standby');
      const before = (await log()).length;
      await project.exec('node1', [
        'patronictl',
        'switchover',
        'demo',
        '--leader',
        primary,
        '--candidate',
        next,
        '--force',
      ]);
      await writesOn(log, before, next);
      const trouble = (await log()).slice(before).filter(({ kind }) => kind === 'trouble');
      expectThat(trouble.length === 0, 'connections failed', JSON.stringify(trouble));
      await agreement(project, next);
    },
  );
  const killed = await checks.check(
    'docker compose kill of the node with the primary: another one takes over',
    async () => {
      // A standby that has just been one is let become primary only when it has caught up.
      await allStream(project);
      const { primary } = await roles(project);
      const before = (await log()).length;
      await project.must(['kill', primary]);
      const [to] = await eventually(
        'writes on another server',
        async () => {
          const others = (await log())
            .slice(before)
            .flatMap((line) => (line.kind === 'gap' && line.from === primary && line.to !== primary ? [line.to] : []));
          return others.length > 0 ? others : undefined;
        },
        patienceMs,
        500,
      );
      if (to !== undefined)
        await agreement(
          project,
          to,
          nodeNames.filter((name) => name !== primary),
        );
      return primary;
    },
  );
  if (killed !== undefined)
    await checks.check('docker compose up --detach of it: it comes back as a standby, and is well', async () => {
      await project.must(['up', '--detach', '--no-build', '--wait', '--wait-timeout', '120', killed], 150_000);
      await allStream(project);
      await agreement(project);
    });
  await checks.check('docker compose stop of the node with the primary: it gives the leader key back', async () => {
    const { primary } = await roles(project);
    const before = (await log()).length;
    await project.must(['stop', primary], 90_000);
    const said = await project.must(['logs', '--no-log-prefix', '--tail', '400', primary]);
    // Patroni's own word for it, said after PostgreSQL was stopped cleanly. Node programs end by themselves, so the exit code is no signal's.
    expectThat(!said.includes('terminated by signal 9'), 'something had to be killed', said.slice(-2_000));
    await eventually(
      'writes elsewhere',
      async () => (await log()).slice(before).some((line) => line.kind === 'wrote' && line.server !== primary),
      patienceMs,
      500,
    );
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
    expectThat(owners.includes(user) && new Set(owners).size === 1, `${program} does not run as ${user} alone`, said);
  }
  const states = await project.exec('node1', ['sh', '-c', 'cat /proc/[0-9]*/status']);
  const values = (key: string) => [
    ...new Set([...states.matchAll(new RegExp(`^${key}:\\s*(\\S+)`, 'gm'))].map(([, value]) => value)),
  ];
  expectThat(values('NoNewPrivs').join() === '1', 'a process may win rights', values('NoNewPrivs').join());
  // KILL, SETGID, SETUID: bits 5, 6, 7.
  expectThat(values('CapBnd').join() === '00000000000000e0', 'other capabilities than three', values('CapBnd').join());
}

async function secretsOf(project: Project): Promise<void> {
  const list = 'cd /run/demo-secrets && find postgres pgrouted client -type f -printf "%m %u %p\\n"';
  const words: string[] = [];
  for (const user of ['postgres', 'pgrouted', 'client']) {
    const folder = `/run/demo-secrets/${user}`;
    const listed = await project.exec('node1', ['sh', '-c', `find ${folder} -type f -printf '%m %u\\n'`], user);
    expectThat(
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
  expectThat(
    words.length >= 8 && new Set(words).size >= 6,
    'there are not as many passwords as logins',
    String(words.length),
  );
  const refused = await project.run(['exec', '-T', '--user', 'client', 'node1', 'sh', '-c', list]);
  expectThat(refused.code !== 0, "client may list others' passwords", refused.stdout);
  const seen = [
    await project.must(['logs', '--no-log-prefix']),
    await project.must(['config']),
    await project.exec('node1', ['sh', '-c', 'cat /proc/[0-9]*/cmdline']),
    await project.exec('client', ['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/self/environ']),
  ].join('\n');
  for (const word of words)
    expectThat(!seen.includes(word), 'a password can be read where it does not belong', '(not told)');
}

/** Every node's status says the same: ready, this primary, HAProxy as decided. */
async function agreement(project: Project, primary?: string, nodes: readonly NodeName[] = nodeNames): Promise<void> {
  for (const node of nodes)
    await eventually(
      `${node} to agree`,
      async () => {
        const said = await project.exec(node, ['pgroutectl', 'status']);
        const wanted = ['READY', 'as decided', `leader ${primary ?? ''}`, `OPEN on ${primary ?? ''}`];
        for (const word of wanted) expectThat(said.includes(word), `it does not say "${word}"`, said);
        return true;
      },
      patienceMs,
      500,
    );
}

async function roles(project: Project): Promise<{ readonly primary: string; readonly others: readonly string[] }> {
  const said = await anywhere(project, ['pgroutectl', 'status']);
  const [, primary] = /leader (node\d)/.exec(said) ?? [];
  if (primary === undefined) throw new Error(`nobody leads:\n${said}`);
  return { primary, others: nodeNames.filter((name) => name !== primary) };
}

async function anywhere(project: Project, command: readonly string[]): Promise<string> {
  for (const node of nodeNames) {
    const outcome = await project.run(['exec', '-T', node, ...command]);
    if (outcome.code === 0) return outcome.stdout;
  }
  throw new Error(`no node answers: ${command.join(' ')}`);
}

async function allStream(project: Project): Promise<void> {
  await eventually(
    'two standbys that stream',
    async () => {
      const said = await anywhere(project, ['patronictl', 'list']);
      const streaming = said.split('\n').filter((line) => line.includes('streaming')).length;
      if (streaming !== 2) throw new Error(said);
      return true;
    },
    patienceMs,
    1_000,
  );
}

async function writesOn(log: () => Promise<readonly ClientLine[]>, after: number, server: string): Promise<void> {
  await eventually(
    `writes on ${server}`,
    async () => (await log()).slice(after).some((line) => line.kind === 'wrote' && line.server === server),
    patienceMs,
    500,
  );
}
