// A stage for one HAProxy and the targets that drive it: real HAProxy, real sockets, TCP servers that say their name in place of PostgreSQL.
import type { Desired } from '@pgrouted/core/haproxy/desired';
import { type Authorize, Target, type TargetReport } from '@pgrouted/core/haproxy/target';
import type { Clock } from '@pgrouted/core/model/clock';
import type { ServerState } from '@pgrouted/core/model/decision';
import { silentLog } from '@pgrouted/core/model/log';
import { millis } from '@pgrouted/core/model/units';
import { type ConfigOptions, type Haproxy, haproxyConfig, startHaproxy } from './haproxy.ts';
import { freePort, temporaryFolder } from './process.ts';
import { type IdentityServer, startIdentityServer } from './sessions.ts';

const clock: Clock = {
  now: () => millis(performance.now()),
  wall: () => new Date(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

const isKind =
  <K extends TargetReport['kind']>(kind: K) =>
  (report: TargetReport): report is Extract<TargetReport, { kind: K }> =>
    report.kind === kind;

export interface DrivenTarget {
  readonly target: Target;
  readonly reports: readonly TargetReport[];
  /** The first report, past or to come, that fits. */
  readonly until: <K extends TargetReport['kind']>(
    kind: K,
    fits?: (report: Extract<TargetReport, { kind: K }>) => boolean,
  ) => Promise<Extract<TargetReport, { kind: K }>>;
  readonly codes: () => readonly string[];
  /** Submits, and waits until it is read back. */
  readonly hold: (desired: Desired) => Promise<void>;
}

export interface HaproxyStage {
  readonly haproxy: Haproxy;
  readonly writePort: number;
  readonly readPort: number;
  readonly names: readonly string[];
  readonly servers: ReadonlyMap<string, IdentityServer>;
  /** What be_rw and be_ro shall hold: writes on one server (or nobody), reads on all others. */
  readonly writesOn: (serial: number, writer: string | undefined) => Desired;
  readonly drive: (options?: {
    readonly authorize?: Authorize;
    readonly noMaster?: boolean;
    readonly onTurn?: () => void;
  }) => DrivenTarget;
  /** HAProxy's servers as an independent witness reads them: those of `backend` in rotation. */
  readonly inRotation: (backend: string) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

export interface HaproxyStageOptions {
  readonly servers?: number;
  readonly masterSocket?: boolean;
  readonly config?: Partial<ConfigOptions>;
}

/** Starts HAProxy with servers `pg1`, `pg2`, ... behind a write and a read port. */
export async function haproxyStage(options: HaproxyStageOptions = {}): Promise<HaproxyStage> {
  const folder = temporaryFolder();
  const names = Array.from({ length: options.servers ?? 3 }, (_, i) => `pg${i + 1}`);
  const servers = new Map<string, IdentityServer>();
  for (const name of names) servers.set(name, await startIdentityServer(name, await freePort()));
  const writePort = await freePort();
  const readPort = await freePort();
  const haproxy = await startHaproxy({
    folder: folder.path,
    masterSocket: options.masterSocket ?? true,
    config: haproxyConfig({
      writePort,
      readPort,
      servers: [...servers].map(([name, { port }]) => ({ name, port })),
      ...options.config,
    }),
  });
  const targets: Target[] = [];
  const address = (name: string) => {
    const port = servers.get(name)?.port;
    return port === undefined ? undefined : { host: '127.0.0.1', port };
  };
  const backend = (of: string, exclusive: boolean, state: (name: string) => ServerState) => ({
    backend: of,
    exclusive,
    servers: names.map((member) => ({ member, address: address(member), state: state(member) })),
  });
  return {
    haproxy,
    writePort,
    readPort,
    names,
    servers,
    writesOn: (serial, writer) => ({
      serial,
      backends: [
        backend('be_rw', true, (name) => (name === writer ? 'ready' : 'maint')),
        backend('be_ro', false, (name) => (name === writer ? 'maint' : 'ready')),
      ],
    }),
    drive: ({ authorize = async () => true, noMaster = false, onTurn } = {}) => {
      const driven = driveTarget(haproxy, authorize, noMaster || options.masterSocket === false, onTurn);
      targets.push(driven.target);
      return driven;
    },
    inRotation: async (of) => rotationOf(await haproxy.ask(`show servers state ${of}`)),
    close: async () => {
      for (const target of targets) await target.close();
      await haproxy.stop();
      for (const server of servers.values()) await server.stop();
      folder.remove();
    },
  };
}

/** A target on its own, for a HAProxy of another kind than the stage's. */
export function driveTarget(
  haproxy: Haproxy,
  authorize: Authorize = async () => true,
  noMaster = false,
  onTurn?: () => void,
): DrivenTarget {
  const reports: TargetReport[] = [];
  const waiting = new Set<() => void>();
  const target = new Target({
    spec: { name: 'haproxy', socket: haproxy.adminSocket, masterSocket: noMaster ? undefined : haproxy.masterSocket },
    clock,
    log: silentLog,
    authorize,
    onTurn,
    onReport: (report) => {
      reports.push(report);
      for (const look of waiting) look();
    },
  });
  target.start();
  const until: DrivenTarget['until'] = (kind, fits = () => true) =>
    new Promise((resolve) => {
      const look = () => {
        const found = reports.filter(isKind(kind)).find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    target,
    reports,
    until,
    codes: () => target.status().problems.map(({ code }) => code),
    hold: async (desired) => {
      target.submit(desired);
      await until('converged', ({ serial }) => serial === desired.serial);
    },
  };
}

function rotationOf(text: string): readonly string[] {
  const rows = text.split('\n').map((line) => line.split(' '));
  const header = rows.find(([first, second]) => first === '#' && second === 'be_id')?.slice(1) ?? [];
  const field = (row: readonly string[], name: string) => row[header.indexOf(name)] ?? '';
  return rows
    .filter((row) => row.length === header.length)
    .filter((row) => (Number(field(row, 'srv_admin_state')) & 0x3b) === 0 && field(row, 'srv_op_state') !== '0')
    .map((row) => field(row, 'srv_name'));
}

/** Samples which servers of a backend are in rotation, as fast as HAProxy answers, until stopped: the sets that were ever seen. */
export function sampleRotation(
  stage: HaproxyStage,
  backend: string,
): { readonly stop: () => Promise<readonly (readonly string[])[]> } {
  const seen = new Map<string, readonly string[]>();
  let on = true;
  const running = (async () => {
    while (on) {
      const set = await stage.inRotation(backend).catch(() => undefined);
      if (set !== undefined) seen.set(set.join(' '), set);
    }
  })();
  return {
    stop: async () => {
      on = false;
      await running;
      return [...seen.values()];
    },
  };
}
