// What happens to the layout while the client writes: a switchover, the kill of a node, its return, the clean stop of a node. By the same commands as a user's
// (docs/compose.md); each act begins when the one before has been got over.
import { eventually } from '../lab/process.ts';
import { demand, type Sheet } from '../packages/sheet.ts';
import type { ClientLine } from './client-report.ts';
import { nodeNames, type Project } from './project.ts';
import { demandSeen } from './seen.ts';
import { agreement, allStream, clientLog, patienceMs, roles } from './state.ts';

export async function playActs(sheet: Sheet, project: Project): Promise<void> {
  await sheet.check('patronictl switchover: the client goes on on the new primary, no connection fails', async () => {
    const { primary, others } = await roles(project);
    const [next] = others;
    demand(next !== undefined, 'there is no standby');
    const since = await fromNowOn(project);
    const order = ['switchover', 'demo', '--leader', primary, '--candidate', next, '--force'];
    await project.exec('node1', ['patronictl', ...order]);
    await since.until(`writes on ${next}`, (line) => line.kind === 'wrote' && line.server === next);
    const trouble = (await since.lines()).filter(({ kind }) => kind === 'trouble');
    demandSeen(trouble.length === 0, 'connections failed', JSON.stringify(trouble));
    await agreement(project, nodeNames, next);
    return gapIn(await since.lines(), primary);
  });

  let killed: string | undefined;
  await sheet.check('docker compose kill of the node with the primary: another one takes over', async () => {
    // One that has just been primary has to stream again before it may be the next one's standby.
    await allStream(project);
    const { primary } = await roles(project);
    const since = await fromNowOn(project);
    await project.must(['kill', primary]);
    killed = primary;
    const line = await since.until('writes on another server', (one) => one.kind === 'wrote' && one.server !== primary);
    const to = line.kind === 'wrote' ? line.server : '';
    await agreement(
      project,
      nodeNames.filter((name) => name !== primary),
      to,
    );
    return gapIn(await since.lines(), primary);
  });

  await sheet.check('docker compose up --detach of it: it comes back as a standby, and is well', async () => {
    demand(killed !== undefined, 'no node was killed');
    await project.must(['up', '--detach', '--no-build', '--wait', '--wait-timeout', '120', killed], 150_000);
    await allStream(project);
    await agreement(project, nodeNames);
  });

  await sheet.check(
    'docker compose stop of the node with the primary: everything ends by itself, another one takes over',
    async () => {
      const { primary } = await roles(project);
      const since = await fromNowOn(project);
      await project.must(['stop', primary], 90_000);
      const state = await project.must(['ps', '--all', '--format', '{{.ExitCode}}', primary]);
      demandSeen(state.trim() === '0', `${primary} did not end well`, state);
      await since.until('writes on another server', (line) => line.kind === 'wrote' && line.server !== primary);
      return gapIn(await since.lines(), primary);
    },
  );
}

/** The client's log from here on. */
async function fromNowOn(project: Project) {
  const before = (await clientLog(project)).length;
  const lines = async () => (await clientLog(project)).slice(before);
  const until = (what: string, is: (line: ClientLine) => boolean) =>
    eventually(what, async () => (await lines()).find(is), patienceMs, 500);
  return { lines, until };
}

/** For people; what a client with a connection for each write can't do meanwhile. */
function gapIn(lines: readonly ClientLine[], from: string): string {
  const gap = lines.find((line) => line.kind === 'gap' && line.from === from && line.to !== from);
  return gap?.kind === 'gap' ? `${gap.from} -> ${gap.to}, nothing written for ${(gap.ms / 1000).toFixed(1)} s` : '';
}
