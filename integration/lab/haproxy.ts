// A real HAProxy in master-worker mode for tests, benchmarks and the demo: start, reload, restart, freeze, stop.
// It talks to the Runtime API by a client of its own, so that a test's witness is never the code under test.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, type Program, startProgram } from './process.ts';

export interface HaproxyPaths {
  readonly folder: string;
  readonly configFile: string;
  /** The stats socket that the configuration must name, `level admin`. */
  readonly adminSocket: string;
  readonly masterSocket: string;
}

export interface HaproxyOptions {
  /** An existing folder that belongs to this HAProxy alone. Keep it short: socket paths end at 107 bytes. */
  readonly folder: string;
  readonly config: string | ((paths: HaproxyPaths) => string);
  /** Opens the master socket (`-S`, level `user`: no power, it only ends at a reload). Default true. */
  readonly masterSocket?: boolean;
}

export interface Haproxy extends HaproxyPaths {
  /** The master process; another one after `restart`. */
  readonly program: Program;
  /** One line to the admin socket, as `socat` would: the whole answer. */
  readonly ask: (line: string, patienceMs?: number) => Promise<string>;
  /** The processes below the master: the worker, and old workers that still have sessions. */
  readonly workerPids: () => readonly number[];
  /** The process id that answers on the admin socket. */
  readonly workerPid: () => Promise<number>;
  /** Writes another configuration; it counts from the next reload or restart on. */
  readonly configure: (config: string | ((paths: HaproxyPaths) => string)) => void;
  /** SIGUSR2 to the master, then waits until a new worker answers. Returns its process id. */
  readonly reload: () => Promise<number>;
  /** As `reload`, with a configuration that can't be loaded: waits until the master has said so. */
  readonly reloadInVain: () => Promise<void>;
  /** Ends it with all its workers (SIGTERM, sessions are cut) and starts it again. */
  readonly restart: () => Promise<number>;
  /** SIGSTOP to master and workers: sockets still accept, nothing answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** SIGUSR1 to the master: nobody listens any more, sessions are served until they end, then all processes end. */
  readonly stopSoftly: () => void;
  /** SIGKILL to master and workers. */
  readonly kill: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts HAProxy and waits until its admin socket answers. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const paths: HaproxyPaths = {
    folder: options.folder,
    configFile: join(options.folder, 'haproxy.cfg'),
    adminSocket: join(options.folder, 'admin.sock'),
    masterSocket: join(options.folder, 'master.sock'),
  };
  const configure = (config: HaproxyOptions['config']) =>
    writeFileSync(paths.configFile, typeof config === 'string' ? config : config(paths));
  const launch = () =>
    startProgram({
      name: 'haproxy',
      command: '/usr/sbin/haproxy',
      args: [
        '-W',
        '-f',
        paths.configFile,
        '-p',
        join(paths.folder, 'haproxy.pid'),
        ...(options.masterSocket === false ? [] : ['-S', `${paths.masterSocket},mode,660,level,user`]),
      ],
      logFile: join(paths.folder, 'haproxy.log'),
    });

  const ask = (line: string, patienceMs = 5_000) => askSocket(paths.adminSocket, line, patienceMs);
  const workerPid = async () => Number(/^Pid: (\d+)$/m.exec(await ask('show info'))?.[1] ?? Number.NaN);
  const answering = (before: number | undefined) =>
    eventually(
      'a new HAProxy worker to answer',
      async () => {
        if (!program.running()) throw new Error(`haproxy has ended: ${program.log()}`);
        const info = await ask('show info');
        const pid = Number(/^Pid: (\d+)$/m.exec(info)?.[1]);
        return pid > 0 && pid !== before && info.includes('\nStopping: 0\n') ? pid : undefined;
      },
      15_000,
      5,
    );
  const workerPids = () => childrenOf(program.pid);
  const signalAll = (signal: NodeJS.Signals) => {
    for (const pid of [...workerPids(), program.pid]) sendSignal(pid, signal);
  };
  const stop = async () => {
    const workers = workerPids();
    for (const pid of workers) sendSignal(pid, 'SIGCONT');
    await program.stop('SIGTERM');
    // Workers end with their master, except one that hangs.
    for (const pid of workers) if (commandOf(pid).includes(paths.configFile)) sendSignal(pid, 'SIGKILL');
  };

  // A master that has forked its worker but not entered its own loop loses signals: wait until it answers too.
  const masterReady = () =>
    options.masterSocket === false
      ? new Promise<void>((resolve) => setTimeout(resolve, 100))
      : eventually('the HAProxy master to answer', () => speaks(paths.masterSocket, 'show proc'), 15_000, 5);
  const started = async (before: number | undefined) => {
    const pid = await answering(before);
    await masterReady();
    return pid;
  };

  configure(options.config);
  let program = launch();
  await started(undefined);
  return {
    ...paths,
    get program() {
      return program;
    },
    ask,
    workerPids,
    workerPid,
    configure,
    reload: async () => {
      const before = await workerPid();
      program.signal('SIGUSR2');
      const pid = await answering(before);
      await masterReady();
      return pid;
    },
    reloadInVain: async () => {
      const failures = () => program.log().split('Loading failure').length;
      const before = failures();
      program.signal('SIGUSR2');
      await eventually('the reload to fail', () => failures() > before);
    },
    restart: async () => {
      const before = await workerPid().catch(() => undefined);
      await stop();
      program = launch();
      return started(before);
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    stopSoftly: () => program.signal('SIGUSR1'),
    kill: () => signalAll('SIGKILL'),
    stop,
  };
}

/** Sends one line to a unix socket and returns everything until the other side closes. */
export function askSocket(path: string, line: string, patienceMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer on ${path} within ${patienceMs} ms`)),
      patienceMs,
    );
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(answer));
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`${path} closed without an end`));
    });
  });
}

/** Something comes back within 200 ms. (The master does not end a connection after its answer.) */
function speaks(path: string, line: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (spoke: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(spoke);
    };
    const timer = setTimeout(() => settle(false), 200);
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on('data', () => settle(true));
    socket.on('error', () => settle(false));
  });
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime, which is fine.
  }
}

export interface ConfigOptions {
  readonly writePort: number;
  readonly readPort: number;
  readonly servers: readonly { readonly name: string; readonly port: number; readonly host?: string }[];
  /** Default `be_rw` and `be_ro`. */
  readonly writeBackend?: string;
  readonly readBackend?: string;
  /** Keywords for each server line after the address. Default `disabled`. */
  readonly serverOptions?: string;
  /** More lines for the two backends, for `option httpchk` and the like. */
  readonly backendOptions?: readonly string[];
  /** More lines for the frontend of the write service. */
  readonly writeFrontendOptions?: readonly string[];
  /** More lines for `global`. */
  readonly globalOptions?: readonly string[];
  /** Loads HAProxy's own watchdog. */
  readonly watchdog?: boolean;
  /** Level of the stats socket. Default `admin`. */
  readonly level?: 'user' | 'operator' | 'admin';
  /** Appended as it is: more sections. */
  readonly extra?: string;
}

/** What is delivered to be loaded by HAProxy. */
export const watchdogLua = fileURLToPath(new URL('../../haproxy/pgrouted-watchdog.lua', import.meta.url));
export const holdLua = fileURLToPath(new URL('../../haproxy/pgrouted-hold.lua', import.meta.url));

/** What makes HAProxy ask a router for each server line, so that the service closes when that is dead or stands still: for a backend's options. */
export const failClosedLines = (httpPort: number): readonly string[] => [
  'option httpchk',
  `http-check connect addr 127.0.0.1 port ${httpPort}`,
  'http-check send meth GET uri-lf /haproxy/%[be_name]/%[srv_name] ver HTTP/1.1 hdr Host controller',
  'http-check send-state',
  'http-check expect status 200',
  'default-server inter 500ms fastinter 250ms downinter 500ms fall 2 rise 1',
];

/** `global` and `defaults`, the same in every file that is used here. */
export const configHead = (head: {
  readonly adminSocket: string;
  readonly level: NonNullable<ConfigOptions['level']>;
  readonly globalOptions: readonly string[];
  readonly checkTimeout: string;
}): readonly string[] => [
  'global',
  `    stats socket ${head.adminSocket} mode 660 level ${head.level}`,
  '    stats timeout 30s',
  '    maxconn 5000',
  '    nbthread 2',
  ...head.globalOptions.map((line) => `    ${line}`),
  'defaults',
  '    mode tcp',
  '    option redispatch',
  '    option clitcpka',
  '    option srvtcpka',
  '    retries 2',
  '    timeout connect 2s',
  '    timeout queue   5s',
  '    timeout client  12h',
  '    timeout server  12h',
  `    timeout check   ${head.checkTimeout}`,
];

/** A haproxy.cfg with a write and a read service over the same servers, each server `disabled` until it has been told. */
export function haproxyConfig(options: ConfigOptions): (paths: HaproxyPaths) => string {
  const { writeBackend = 'be_rw', readBackend = 'be_ro', serverOptions = 'disabled' } = options;
  const backend = (name: string, balance: string) => [
    `backend ${name}`,
    `    balance ${balance}`,
    ...(options.backendOptions ?? []).map((line) => `    ${line}`),
    ...options.servers.map((s) => `    server ${s.name} ${s.host ?? '127.0.0.1'}:${s.port} ${serverOptions}`),
  ];
  return (paths) =>
    [
      ...configHead({
        adminSocket: paths.adminSocket,
        level: options.level ?? 'admin',
        globalOptions: [
          ...(options.watchdog === true ? [`lua-load ${watchdogLua}`] : []),
          ...(options.globalOptions ?? []),
        ],
        checkTimeout: '400ms',
      }),
      'frontend fe_rw',
      `    bind 127.0.0.1:${options.writePort}`,
      ...(options.writeFrontendOptions ?? []).map((line) => `    ${line}`),
      `    default_backend ${writeBackend}`,
      'frontend fe_ro',
      `    bind 127.0.0.1:${options.readPort}`,
      `    default_backend ${readBackend}`,
      ...backend(writeBackend, 'roundrobin'),
      ...backend(readBackend, 'leastconn'),
      ...(options.extra === undefined ? [] : [options.extra]),
      '',
    ].join('\n');
}
