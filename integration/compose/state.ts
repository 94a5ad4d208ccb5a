// How the layout is, asked as a user asks: the client's log, who leads, whether all routers agree, whether all standbys stream.
// Changes nothing.
import { eventually } from '../lab/process.ts';
import { type ClientLine, clientLines } from './client-report.ts';
import { type NodeName, nodeNames, type Project } from './project.ts';
import { demandSeen } from './seen.ts';

/** For anything that happens in seconds on a quiet machine. */
export const patienceMs = 90_000;

export const clientLog = async (project: Project): Promise<readonly ClientLine[]> =>
  clientLines(await project.must(['logs', '--no-log-prefix', 'client']));

/** Every node's status says the same: ready, this primary, HAProxy as decided. */
export async function agreement(project: Project, nodes: readonly NodeName[], primary = ''): Promise<void> {
  for (const node of nodes)
    await eventually(
      `${node} to agree`,
      async () => {
        const said = await project.exec(node, ['pgroutectl', 'status']);
        const wanted = ['READY', 'as decided', `leader ${primary}`, `OPEN on ${primary}`];
        for (const word of wanted) demandSeen(said.includes(word), `it does not say "${word}"`, said);
        return true;
      },
      patienceMs,
      500,
    );
}

/** Who leads by the word of the first router that answers. Throws where nobody does. */
export async function roles(
  project: Project,
): Promise<{ readonly primary: string; readonly others: readonly string[] }> {
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

/** Waits until two standbys stream. */
export async function allStream(project: Project): Promise<void> {
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
