// A real etcd of one or three members on loopback, whose members can be stopped, killed, frozen, started again or replaced by a
// fresh cluster on the same ports. It is spoken to by etcdctl, so that a test's witness is never the code under test.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyPair } from './certificates.ts';
import { eventually, freePort, type Program, startProgram } from './process.ts';

export interface EtcdTls {
  readonly ca: string;
  readonly server: KeyPair;
  /** What `etcdctl` of this lab shows; members ask every client for a certificate of the same authority. */
  readonly client: KeyPair;
}

export interface EtcdOptions {
  /** An existing folder for data and logs. */
  readonly folder: string;
  readonly members: 1 | 3;
  readonly tls?: EtcdTls;
  /** Turns authentication on, with this password for `root`. */
  readonly auth?: { readonly rootPassword: string };
  /** Appended to every member's command line, for example `--auth-token-ttl=3`. */
  readonly args?: readonly string[];
}

export interface EtcdMember {
  readonly name: string;
  /** For clients, `http://127.0.0.1:15000`. */
  readonly endpoint: string;
  readonly port: number;
  /** The process as it runs now, or ran last. */
  readonly program: () => Program;
  readonly stop: () => Promise<void>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Starts it (after a stop or kill, else stops it first) on the data that it has, and waits until it serves. */
  readonly restart: () => Promise<void>;
}

export interface EtcdLab {
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  /** Runs etcdctl (API v3) against all members and gives what it prints; throws with its message when it fails. */
  readonly etcdctl: (...args: readonly string[]) => Promise<string>;
  /** Waits until every running member is part of a quorum. */
  readonly healthy: () => Promise<void>;
  /** Which member leads now. */
  readonly leader: () => Promise<EtcdMember>;
  /** Throws all data away and starts a new cluster, with another cluster id, on the same ports. Authentication is off in it. */
  readonly replace: () => Promise<void>;
  /** Kills every member; their data stays, and each can be restarted. */
  readonly stop: () => Promise<void>;
}

/** Starts it and waits until it takes reads and writes. */
export async function startEtcd(options: EtcdOptions): Promise<EtcdLab> {
  const scheme = options.tls === undefined ? 'http' : 'https';
  const plan = await Promise.all(
    Array.from({ length: options.members }, async (_, index) => ({
      name: `etcd${index + 1}`,
      client: await freePort(),
      peer: await freePort(),
      metrics: await freePort(),
    })),
  );
  const initial = plan.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(',');
  const endpoints = plan.map(({ client }) => `${scheme}://127.0.0.1:${client}`);
  let generation = 1;

  const launch = ({ name, client, peer, metrics }: (typeof plan)[number]): Program => {
    const home = join(options.folder, name);
    mkdirSync(home, { recursive: true });
    const listen = `${scheme}://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const tls = options.tls;
    return startProgram({
      name,
      command: 'etcd',
      logFile: join(options.folder, `${name}.log`),
      args: [
        `--name=${name}`,
        `--data-dir=${home}`,
        `--listen-client-urls=${listen}`,
        `--advertise-client-urls=${listen}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--listen-metrics-urls=http://127.0.0.1:${metrics}`,
        `--initial-cluster=${initial}`,
        `--initial-cluster-token=pgrouted-${generation}`,
        '--heartbeat-interval=100',
        '--election-timeout=1000',
        '--logger=zap',
        '--log-level=warn',
        ...(tls === undefined
          ? []
          : [
              `--cert-file=${tls.server.cert}`,
              `--key-file=${tls.server.key}`,
              `--trusted-ca-file=${tls.ca}`,
              '--client-cert-auth',
            ]),
        ...(options.args ?? []),
      ],
    });
  };

  /** etcd answers this only when a read through the quorum works. */
  const serves = async (metrics: number): Promise<true | undefined> => {
    const answer = await fetch(`http://127.0.0.1:${metrics}/health`, { signal: AbortSignal.timeout(1_000) });
    return (await answer.text()).includes('"true"') || undefined;
  };

  const members = plan.map((ports, index) => {
    let program = launch(ports);
    const member: EtcdMember = {
      name: ports.name,
      endpoint: endpoints[index] ?? '',
      port: ports.client,
      program: () => program,
      stop: () => program.stop(),
      kill: () => program.stop('SIGKILL'),
      freeze: () => program.signal('SIGSTOP'),
      thaw: () => program.signal('SIGCONT'),
      restart: async () => {
        await program.stop();
        program = launch(ports);
        await eventually(`${ports.name} to serve (log: ${options.folder}/${ports.name}.log)`, () => {
          if (!program.running()) throw new Error(`it has ended:\n${program.log().slice(-2_000)}`);
          return serves(ports.metrics);
        });
      },
    };
    return member;
  });

  const healthy = async () => {
    await Promise.all(
      plan.map(async (ports, index) => {
        if (members[index]?.program().running() !== true) return;
        await eventually(`${ports.name} to serve (log: ${options.folder}/${ports.name}.log)`, () =>
          serves(ports.metrics),
        );
      }),
    );
  };

  let login: readonly string[] = [];
  const etcdctl = async (...args: readonly string[]): Promise<string> => {
    const tls = options.tls;
    const trust = tls === undefined ? [] : ['--cacert', tls.ca, '--cert', tls.client.cert, '--key', tls.client.key];
    const all = ['--endpoints', endpoints.join(','), '--command-timeout=10s', ...trust, ...login, ...args];
    const env = { PATH: process.env['PATH'], ETCDCTL_API: '3' };
    return (await promisify(execFile)('etcdctl', all, { env, maxBuffer: 64 << 20 })).stdout;
  };

  const lab: EtcdLab = {
    endpoints,
    members,
    etcdctl,
    healthy,
    leader: async () =>
      eventually('etcd to have a leader', async () => {
        for (const [index, { metrics }] of plan.entries()) {
          const text = await fetch(`http://127.0.0.1:${metrics}/metrics`, { signal: AbortSignal.timeout(500) })
            .then((answer) => answer.text())
            .catch(() => '');
          if (/^etcd_server_is_leader 1$/m.test(text)) return members[index];
        }
        return undefined;
      }),
    replace: async () => {
      await lab.stop();
      generation += 1;
      login = [];
      for (const { name } of plan) rmSync(join(options.folder, name), { recursive: true, force: true });
      await Promise.all(members.map((member) => member.restart()));
    },
    stop: async () => {
      // Asked politely, members that stop together wait seconds for one another to take over the leadership.
      await Promise.all(members.map((member) => member.kill()));
    },
  };

  await healthy();
  if (options.auth !== undefined) {
    const root = `root:${options.auth.rootPassword}`;
    await etcdctl('user', 'add', root);
    await etcdctl('user', 'grant-role', 'root', 'root');
    await etcdctl('auth', 'enable');
    login = ['--user', root];
  }
  return lab;
}
