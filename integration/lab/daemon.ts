// The daemon as it is shipped: the built bundle as a process of its own, with a configuration file, asked over HTTP.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventsSchema, type JournalEntry, type StatusDocument, statusSchema } from '@pgrouted/core/status/schema';
import { eventually, freePort, type Program, startProgram } from './process.ts';

export const bundles = {
  pgrouted: fileURLToPath(new URL('../../packages/server/dist/pgrouted.mjs', import.meta.url)),
  pgroutectl: fileURLToPath(new URL('../../packages/cli/dist/pgroutectl.mjs', import.meta.url)),
};

export interface DaemonOptions {
  /** An existing folder; configuration and log go there, named after `name`. */
  readonly folder: string;
  /** Default `pgrouted`. */
  readonly name?: string;
  /** Left out: the file has no `etcd`. */
  readonly etcdEndpoints?: readonly string[];
  /** Everything of the configuration file below `clusters:`, YAML (JSON is YAML). */
  readonly clusters: readonly unknown[];
  readonly haproxy: readonly { readonly socket: string; readonly master_socket?: string; readonly name?: string }[];
  /** More top-level keys. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The daemon on a command line of the caller's, with whatever file that names. */
export interface ProcessOptions {
  /** An existing folder; the log goes there, named after `name`. */
  readonly folder: string;
  readonly name: string;
  readonly args: readonly string[];
  /** Where its API is, by its configuration. */
  readonly url: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface DaemonProcess {
  readonly url: string;
  /** The process as it runs now, or ran last. */
  readonly program: () => Program;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  readonly status: () => Promise<StatusDocument>;
  readonly events: () => Promise<readonly JournalEntry[]>;
  /** Waits until the document satisfies `check`; fails with the last one. */
  readonly until: (
    what: string,
    check: (status: StatusDocument) => boolean,
    patienceMs?: number,
  ) => Promise<StatusDocument>;
  readonly ready: () => Promise<void>;
  /** SIGTERM. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  /** Starts it again on the same configuration and port. */
  readonly start: () => Promise<void>;
}

export interface Daemon extends DaemonProcess {
  readonly port: number;
  readonly configFile: string;
  readonly configure: (change: Partial<Pick<DaemonOptions, 'clusters' | 'haproxy' | 'more'>>) => void;
}

/** Writes its configuration file and starts it; whether it is ready is another question (`ready`). */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const name = options.name ?? 'pgrouted';
  const port = await freePort();
  const configFile = join(options.folder, `${name}.yml`);
  const configure: Daemon['configure'] = (change) => {
    const { etcdEndpoints, clusters, haproxy, more } = { ...options, ...change };
    const config = {
      ...(etcdEndpoints === undefined ? {} : { etcd: { endpoints: etcdEndpoints } }),
      clusters,
      haproxy,
      http: { listen: `127.0.0.1:${port}` },
      ...more,
    };
    writeFileSync(configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
  };
  configure({});
  const daemon = await startProcess({
    folder: options.folder,
    name,
    args: ['--config', configFile],
    url: `http://127.0.0.1:${port}`,
  });
  return { ...daemon, port, configFile, configure };
}

/** Starts it and waits until it answers. */
export async function startProcess({ folder, name, args, url, env = {} }: ProcessOptions): Promise<DaemonProcess> {
  if (!existsSync(bundles.pgrouted)) throw new Error(`${bundles.pgrouted} is missing: run "npm run build" first`);
  const launch = () =>
    startProgram({
      name,
      command: process.execPath,
      args: [bundles.pgrouted, ...args],
      env,
      logFile: join(folder, `${name}.log`),
    });
  let program = launch();

  const get: DaemonProcess['get'] = async (path) => {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: answer.status, body: await answer.text() };
  };
  const status = async () => statusSchema.parse(JSON.parse((await get('/v2/status')).body));
  const answers = async () => {
    await eventually(`${name} to answer`, async () => {
      if (!program.running()) throw new Error(`${name} has ended: ${program.log()}`);
      return (await get('/health/is-live')).status === 200 || undefined;
    });
  };
  await answers();

  const until: DaemonProcess['until'] = async (what, check, patienceMs) => {
    let last: StatusDocument | undefined;
    try {
      return await eventually(
        what,
        async () => {
          last = await status();
          return check(last) ? last : undefined;
        },
        patienceMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}; the last status was ${JSON.stringify(last, null, 1)}`, { cause: error });
    }
  };
  return {
    url,
    program: () => program,
    get,
    status,
    events: async () => [...eventsSchema.parse(JSON.parse((await get('/v2/events?limit=100000')).body)).entries],
    until,
    ready: async () => {
      await until(`${name} to be ready`, (document) => document.ready);
    },
    stop: () => program.stop(),
    kill: () => program.stop('SIGKILL'),
    start: async () => {
      program = launch();
      await answers();
    },
  };
}
