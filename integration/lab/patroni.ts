// A real Patroni cluster with real PostgreSQL on loopback, on the etcd that it is given. Nothing survives its starter.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Isolation } from './box.ts';
import {
  type ClusterPlan,
  configFile,
  type Login,
  type NodePlan,
  type PatroniTimes,
  patroniConfig,
} from './patroni-config.ts';
import { type PatroniNode, patroniNode } from './patroni-node.ts';
import { orderSwitchover, patchConfig } from './patroni-rest.ts';
import { eventually, freePort, giveTo } from './process.ts';

export type { Login } from './patroni-config.ts';
export type { PatroniNode } from './patroni-node.ts';

export interface PatroniOptions extends PatroniTimes {
  /** An existing folder that others may enter (see `temporaryFolder`); each node gets `folder/name`. */
  readonly folder: string;
  readonly etcdEndpoints: readonly string[];
  /** Default `demo`. */
  readonly scope?: string;
  /** Default `/service`. */
  readonly namespace?: string;
  /** How many, named `n1`, `n2`, ..., or their names. Default 3. */
  readonly nodes?: number | readonly string[];
  readonly settings?: ClusterPlan['settings'];
  readonly parameters?: ClusterPlan['parameters'];
  readonly hba?: ClusterPlan['hba'];
  /** Tags by node name. */
  readonly tags?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly isolation?: Isolation;
}

export interface PatroniCluster {
  readonly scope: string;
  readonly namespace: string;
  readonly nodes: readonly PatroniNode[];
  readonly node: (name: string) => PatroniNode;
  /** Each node's name by its PostgreSQL port, as `startWriter` takes it. */
  readonly names: ReadonlyMap<number, string>;
  readonly superuser: Login;
  /** May connect and nothing else: what a probe needs. */
  readonly probe: Login;
  /** Owns what it creates in database `postgres`: what clients use. */
  readonly app: Login;
  /** The node that takes writes, by SQL: the only one that is not in recovery. Fails if there is none, or more than one. */
  readonly primary: () => Promise<PatroniNode>;
  /** Orders a switchover (as patronictl does) and waits until Patroni says that it is done. Gives the new primary's name. */
  readonly switchover: (to?: string) => Promise<string>;
  /** Settles when every running node has seen it. */
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
  /** Merges into the dynamic configuration, as `patronictl edit-config` does; null takes a key away. */
  readonly configure: (patch: Readonly<Record<string, unknown>>) => Promise<void>;
  /** One primary, and every other node whose Patroni runs streams from it. Gives the primary. */
  readonly waitUntilHealthy: (patienceMs?: number) => Promise<PatroniNode>;
  /** Ends everything by SIGKILL. What it wrote in the folder and in etcd stays. */
  readonly stop: () => Promise<void>;
}

/** Bootstraps a new cluster and waits until it is healthy. The first node becomes primary, except when it is overtaken. */
export async function startPatroniCluster(options: PatroniOptions): Promise<PatroniCluster> {
  const { scope = 'demo', namespace = '/service', nodes: wanted = 3 } = options;
  const names = typeof wanted === 'number' ? Array.from({ length: wanted }, (_, index) => `n${index + 1}`) : wanted;
  const plan: ClusterPlan = {
    ...options,
    scope,
    namespace,
    superuser: login('postgres'),
    replication: login('replicator'),
    rewind: login('rewinder'),
    settings: options.settings ?? {},
    parameters: options.parameters ?? {},
    hba: options.hba ?? [],
  };
  const nodes: PatroniNode[] = [];
  for (const name of names)
    nodes.push(patroniNode(await layOut(options, plan, name), plan.superuser, options.isolation));
  const cluster = controls(plan, nodes);
  try {
    await bootstrap(cluster);
  } catch (error) {
    const logs = nodes.map(({ name, log }) => `--- ${name}\n${log().slice(-2_000)}`).join('\n');
    await cluster.stop();
    throw new Error(`the Patroni cluster did not come up:\n${logs}`, { cause: error });
  }
  return cluster;
}

const login = (user: string): Login => ({ user, password: randomBytes(12).toString('hex') });

async function layOut(options: PatroniOptions, plan: ClusterPlan, name: string): Promise<NodePlan> {
  const home = join(options.folder, name);
  const node: NodePlan = {
    name,
    home,
    pgPort: await freePort(),
    restPort: await freePort(),
    tags: options.tags?.[name] ?? {},
  };
  mkdirSync(home, { mode: 0o755 });
  writeFileSync(configFile(node), patroniConfig(plan, node), { mode: 0o600 });
  writeFileSync(join(home, 'patroni.log'), '');
  chmodSync(join(home, 'patroni.log'), 0o644);
  giveTo('postgres', home);
  return node;
}

async function bootstrap(cluster: PatroniCluster): Promise<void> {
  const [first, ...others] = cluster.nodes;
  first?.start();
  // Whoever asks etcd first initialises the cluster: the others come when the first one's Patroni has begun.
  await eventually('the first Patroni to answer', async () => (await first?.status())?.state);
  for (const node of others) node.start();
  const primary = await cluster.waitUntilHealthy(90_000);
  const { probe, app } = cluster;
  await primary.sql(
    `create role ${probe.user} login password '${probe.password}';
     create role ${app.user} login password '${app.password}';
     grant create on schema public to ${app.user}`,
  );
}

function controls(plan: ClusterPlan, nodes: readonly PatroniNode[]): PatroniCluster {
  const nodeOf = (name: string): PatroniNode => {
    const node = nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`the cluster has no node ${name}`);
    return node;
  };
  const running = () => nodes.filter((node) => node.patroniRuns());

  const primary = async (): Promise<PatroniNode> => {
    const answers = await Promise.all(
      nodes.map(async (node) => {
        const rows = await node.sql('select not pg_is_in_recovery() as writable').catch(() => []);
        return rows[0]?.['writable'] === true ? [node] : [];
      }),
    );
    const [only, ...more] = answers.flat();
    if (only === undefined) throw new Error('no node takes writes');
    if (more.length > 0)
      throw new Error(`several nodes take writes: ${[only, ...more].map(({ name }) => name).join(', ')}`);
    return only;
  };

  const configure: PatroniCluster['configure'] = async (patch) => {
    const [node] = running();
    if (node === undefined) throw new Error('no Patroni runs');
    await patchConfig(node.restPort, patch);
  };

  const setPause = async (paused: boolean): Promise<void> => {
    await configure({ pause: paused ? true : null });
    await eventually('all nodes to see the pause', async () =>
      (await Promise.all(running().map((node) => node.status()))).every(({ pause }) => pause === paused),
    );
  };

  return {
    scope: plan.scope,
    namespace: plan.namespace,
    nodes,
    node: nodeOf,
    names: new Map(nodes.map(({ pgPort, name }) => [pgPort, name])),
    superuser: plan.superuser,
    probe: login('pgrouted'),
    app: login('app'),
    primary,
    switchover: async (to) => {
      const from = await primary();
      await orderSwitchover(from.restPort, from.name, to);
      return (
        await eventually('a new primary', async () => {
          const now = await primary();
          return now.name === from.name ? undefined : now;
        })
      ).name;
    },
    pause: () => setPause(true),
    resume: () => setPause(false),
    configure,
    waitUntilHealthy: (patienceMs = 60_000) =>
      eventually(
        'one primary and streaming replicas',
        async () => {
          const states = await Promise.all(running().map((node) => node.status()));
          if (states.length === 0 || states.some(({ state }) => state !== 'running')) return undefined;
          const node = await primary();
          const role = (await node.status()).role;
          if (role !== 'master' && role !== 'primary') return undefined;
          const streams = await node.sql("select application_name from pg_stat_replication where state = 'streaming'");
          const names = streams.map((row) => row['application_name']);
          return running().every(({ name }) => name === node.name || names.includes(name)) ? node : undefined;
        },
        patienceMs,
        100,
      ),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.killNode()));
    },
  };
}
