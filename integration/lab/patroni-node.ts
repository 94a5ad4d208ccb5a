// One Patroni node in a box: the whole node, or its Patroni, or its PostgreSQL, can be killed, frozen and started again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Box, type BoxOptions, type Isolation, openBox } from './box.ts';
import { configFile, dataFolder, type Login, type NodePlan } from './patroni-config.ts';
import { type NodeStatus, nodeStatus } from './patroni-rest.ts';
import { eventually } from './process.ts';
import { childrenOf, isGone, processesWhere, trySignal } from './process-table.ts';

export type Rows = readonly Readonly<Record<string, unknown>>[];

export interface PatroniNode {
  readonly name: string;
  readonly pgPort: number;
  readonly restPort: number;
  /** Holds `patroni.yml` (for patronictl), the data, the unix socket and the logs. */
  readonly home: string;
  readonly configFile: string;
  /**
   * Everything of this node gone at one instant, as if its power was cut. Wait until the cluster is healthy before: a primary that dies
   * before a replica has followed its promotion leaves a timeline that its successor numbers alike, and can never rejoin (measured).
   */
  readonly killNode: () => Promise<void>;
  /** SIGKILL to Patroni only: its PostgreSQL lives on. */
  readonly killPatroni: () => Promise<void>;
  /** SIGKILL to the postmaster; Patroni will start it again. */
  readonly killPostgres: () => Promise<void>;
  readonly freezePatroni: () => void;
  readonly thawPatroni: () => void;
  /** SIGSTOP to Patroni and to all of PostgreSQL: a machine that hangs. Its ports accept, nobody answers. */
  readonly freezeNode: () => void;
  readonly thawNode: () => void;
  /** SIGTERM to Patroni, which stops PostgreSQL; settles when both are gone. */
  readonly stop: () => Promise<void>;
  /** Starts Patroni after any of these. Settles at once: `waitUntilHealthy` of the cluster says when it has joined. */
  readonly start: () => void;
  readonly patroniRuns: () => boolean;
  /** As superuser; the rows of the (last) statement. */
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<Rows>;
  /** What its Patroni says of itself. */
  readonly status: () => Promise<NodeStatus>;
  readonly log: () => string;
}

export function patroniNode(plan: NodePlan, superuser: Login, isolation: Isolation | undefined): PatroniNode {
  const config = configFile(plan);
  const data = dataFolder(plan);
  const logFile = join(plan.home, 'patroni.log');
  const boxOptions: BoxOptions = {
    user: 'postgres',
    logFile,
    pidFile: join(data, 'postmaster.pid'),
    ...(isolation === undefined ? {} : { isolation }),
  };
  let box: Box | undefined;

  // By command line, since process ids written down in the box are those of its own namespace.
  const patroni = (): readonly number[] =>
    processesWhere((words) => words.includes(config) && words.some((word) => word.endsWith('/patroni')));
  const postmaster = (): readonly number[] =>
    processesWhere((words) => (words[0] ?? '').endsWith('/postgres') && words[1] === '-D' && words[2] === data);
  const postgres = (): readonly number[] => postmaster().flatMap((pid) => [pid, ...childrenOf(pid)]);
  const signal = (pids: readonly number[], name: NodeJS.Signals): readonly number[] => {
    for (const pid of pids) trySignal(pid, name);
    return pids;
  };
  const ended = async (pids: readonly number[], patienceMs = 10_000): Promise<void> => {
    await eventually(`processes of ${plan.name} to end`, () => pids.every(isGone), patienceMs, 5);
  };

  return {
    name: plan.name,
    pgPort: plan.pgPort,
    restPort: plan.restPort,
    home: plan.home,
    configFile: config,
    killNode: async () => {
      const all = [...patroni(), ...postgres()];
      await box?.kill();
      await ended(signal(all, 'SIGKILL'));
      box = undefined;
    },
    killPatroni: async () => ended(signal(patroni(), 'SIGKILL')),
    killPostgres: async () => {
      const children = postgres();
      signal(postmaster(), 'SIGKILL');
      await ended(children);
    },
    freezePatroni: () => {
      signal(patroni(), 'SIGSTOP');
    },
    thawPatroni: () => {
      signal(patroni(), 'SIGCONT');
    },
    freezeNode: () => {
      signal([...patroni(), ...postgres()], 'SIGSTOP');
    },
    thawNode: () => {
      signal([...postgres(), ...patroni()], 'SIGCONT');
    },
    stop: async () => {
      const all = [...patroni(), ...postgres()];
      signal(all, 'SIGCONT');
      signal(patroni(), 'SIGTERM');
      await ended(all, 60_000);
    },
    start: () => {
      if (box?.running() !== true) box = openBox(boxOptions);
      box.start('patroni', [config]);
    },
    patroniRuns: () => patroni().length > 0,
    sql: async (text, values = []) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: plan.pgPort,
        user: superuser.user,
        password: superuser.password,
        database: 'postgres',
        ssl: false,
        application_name: 'lab',
        connectionTimeoutMillis: 3_000,
        query_timeout: 10_000,
      });
      client.on('error', () => {});
      try {
        await client.connect();
        const result: unknown = await (values.length === 0 ? client.query(text) : client.query(text, [...values]));
        const last: unknown = Array.isArray(result) ? result.at(-1) : result;
        return last instanceof pg.Result ? last.rows : [];
      } finally {
        client.end().catch(() => {});
      }
    },
    status: () => nodeStatus(plan.restPort),
    log: () => readFileSync(logFile, 'utf8'),
  };
}
