// The REST API under load: how many requests a second one core answers, and how long an answer takes, with all servers up and with one that is
// connected to and never answers. And what it costs HAProxy to ask by scripts. Real PostgreSQL, PgRoute66's configuration file.
import { eventually } from '../lab/process.ts';
import { type CheckCosts, checkCosts } from './http-checks.ts';
import { type Loaded, type LoadOptions, putLoad } from './http-load.ts';
import { type HttpFigures, httpResult, paced } from './http-result.ts';
import { group, type Servers, type ServingDaemon, startServers, startServing } from './http-stage.ts';
import { sleep } from './instant.ts';
import { cpuSecondsOf, memoryOf, partCores } from './processor.ts';
import type { Section } from './result.ts';

const routes = [`/v1/primary?group=${group}`, `/v1/standbys?group=${group}`, '/v1/pg1/status'] as const;
const [primary] = routes;

export const http: Section = async ({ quick, say, folder }) => {
  const cores = partCores();
  const servers = await startServers(folder);
  try {
    const daemon = await startServing({ folder, name: 'pgrouted', servers });
    cores.give(daemon.program().pid);
    const served = await loads(daemon, servers, quick ? 1_000 : 4_000, say);
    await daemon.stop();
    cores.release();
    const seconds = quick ? 15 : 60;
    say(`now ${seconds} s of HAProxy that asks by scripts, then as long of one that is told`);
    const checks: CheckCosts = await checkCosts(folder, servers, seconds);
    return httpResult({ cores: { daemon: cores.daemon, others: cores.others }, ...served, checks });
  } finally {
    cores.release();
    await servers.stop();
  }
};

async function loads(
  daemon: ServingDaemon,
  servers: Servers,
  forMs: number,
  say: (text: string) => void,
): Promise<Omit<HttpFigures, 'cores' | 'checks'>> {
  const { pid } = daemon.program();
  const put = async (what: string, options: Partial<LoadOptions> & { readonly path: string }): Promise<Loaded> => {
    const defaults = { port: daemon.port, status: 200, connections: 16, warmUpMs: 1_000, forMs };
    const loaded = await putLoad({ ...defaults, ...options }, pid);
    const { requestsPerSecond, latencyMs, serverUsPerRequest } = loaded;
    say(
      `${what} ${loaded.path}, ${loaded.connections} connections: ${requestsPerSecond}/s, p99 ${latencyMs.p99} ms, ${serverUsPerRequest} us of CPU a request`,
    );
    return loaded;
  };
  await sleep(3_000);
  const before = memoryOf(pid);
  const cold = await put('after rest,', { path: primary, warmUpMs: 0, forMs: 1_000 });
  // Compiling begins after some seconds of load and is through soon after.
  for (const path of routes) await put('warming up,', { path, warmUpMs: 3_000, forMs: 1_000 });

  const allUp: Loaded[] = [];
  for (const path of routes)
    for (const connections of [1, 16, 64]) allUp.push(await put('all up,', { path, connections }));
  const pacedUp = await put('all up, paced,', { path: primary, perSecond: paced });

  servers.last.freeze();
  await eventually('the frozen server to be unavailable', async () =>
    (await daemon.get('/v1/pg3/status')).status === 422 ? true : undefined,
  );
  const oneFrozen: Loaded[] = [];
  for (const path of routes) oneFrozen.push(await put('one frozen,', { path }));
  oneFrozen.push(await put('one frozen,', { path: '/v1/pg3/status', status: 422 }));
  const pacedFrozen = await put('one frozen, paced,', { path: primary, perSecond: paced });
  const underLoad = memoryOf(pid);

  servers.last.thaw();
  await eventually('the thawed server to be a standby', async () =>
    (await daemon.get('/v1/pg3/status')).status === 200 ? true : undefined,
  );
  await sleep(forMs);
  const cpuFrom = cpuSecondsOf(pid);
  await sleep(10_000);
  const restPercent = Number(((cpuSecondsOf(pid) - cpuFrom) * 10).toFixed(1));
  return { cold, allUp, pacedUp, oneFrozen, pacedFrozen, memory: { before, underLoad, restPercent } };
}
