// A HAProxy with its own watchdog and with what a Stolon failover is judged by: which servers of the write service still carry a session or accept
// one, asked of the kernel and of HAProxy itself, never of the code under test. It can be killed, and brought back to where nobody is let in.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Haproxy, haproxyConfig, startHaproxy } from './haproxy.ts';
import { acceptingIn } from './overlap.ts';
import { eventually, freePort } from './process.ts';
import { isGone, trySignal } from './process-table.ts';
import { type ClientSession, openSession, openSessions } from './sessions.ts';
import { connectionsTo } from './tcp-table.ts';

export const WRITES = 'be_rw';
export const READS = 'be_ro';

const watchdog = fileURLToPath(new URL('../../haproxy/pgrouted-watchdog.lua', import.meta.url));

export interface WitnessedServer {
  readonly name: string;
  readonly port: number;
}

export interface WitnessedHaproxy {
  readonly name: string;
  readonly haproxy: Haproxy;
  readonly writePort: number;
  readonly readPort: number;
  /** Who serves a new client of the write port; undefined: nobody. Servers have to say their names (startIdentityServer). */
  readonly writer: () => Promise<string | undefined>;
  /** Waits until that one does. */
  readonly serves: (server: string | undefined) => Promise<void>;
  /** Sessions through the write port, each of them served. */
  readonly hold: (count: number) => Promise<readonly ClientSession[]>;
  /** Clients that come to the write port and go again, so many at once, until stopped. */
  readonly storm: (atOnce: number) => { readonly stop: () => Promise<void> };
  /**
   * What contradicts "nobody writes to `former` through here any more, and nobody is let in", in words; empty: nothing does. Looks at every worker, also at
   * old ones, and at a HAProxy that hangs.
   */
  readonly remains: (former: WitnessedServer | undefined) => Promise<readonly string[]>;
  /** SIGKILL to all of its processes, also to those that are frozen. */
  readonly kill: () => Promise<void>;
  /** Runs, answers, and lets nobody in for writes; no session is left of what was before. */
  readonly reset: () => Promise<void>;
}

export interface WitnessedOptions {
  /** An existing folder; a new one of that name is made in it. */
  readonly folder: string;
  readonly name: string;
  readonly servers: readonly WitnessedServer[];
  /** Default true. */
  readonly watchdog?: boolean;
}

export async function startWitnessedHaproxy(options: WitnessedOptions): Promise<WitnessedHaproxy> {
  const { name, servers } = options;
  const folder = join(options.folder, name);
  mkdirSync(folder);
  const [writePort, readPort] = [await freePort(), await freePort()];
  const globalOptions = options.watchdog === false ? [] : [`lua-load ${watchdog}`];
  const config = haproxyConfig({
    writePort,
    readPort,
    servers,
    writeBackend: WRITES,
    readBackend: READS,
    globalOptions,
  });
  const haproxy = await startHaproxy({ folder, config });
  const held = new Set<ClientSession>();
  const pids = () => [...haproxy.workerPids(), haproxy.program.pid];
  const accepting = async () => acceptingIn(await haproxy.ask(`show servers state ${WRITES}`, 1_000)) ?? [];

  const kill = async () => {
    const all = pids();
    for (const pid of all) trySignal(pid, 'SIGKILL');
    await haproxy.program.exited;
    await eventually(`${name} to be gone`, () => all.every(isGone));
  };
  const writer = async () => {
    const session = await openSession(writePort);
    session.close();
    return session.server;
  };
  return {
    name,
    haproxy,
    writePort,
    readPort,
    writer,
    serves: async (server) => {
      await eventually(`${name} to serve ${server}`, async () => (await writer()) === server || undefined);
    },
    hold: async (count) => {
      const sessions = await openSessions(writePort, count);
      for (const session of sessions) {
        if (session.server === undefined) throw new Error(`${name} let nobody in for writes`);
        held.add(session);
      }
      return sessions;
    },
    storm: (atOnce) => {
      let on = true;
      const client = async () => {
        while (on) (await openSession(writePort)).close();
      };
      const clients = Array.from({ length: atOnce }, client);
      return {
        stop: async () => {
          on = false;
          await Promise.all(clients);
        },
      };
    },
    remains: async (former) => {
      const connections = former === undefined ? 0 : connectionsTo(former.port, pids());
      const says = haproxy.program.running() ? await accepting().catch(() => []) : [];
      return [
        ...(connections === 0 ? [] : [`${name} has ${connections} connections to ${former?.name}`]),
        ...says.map((server) => `${name} lets clients in to ${server}`),
      ];
    },
    kill,
    reset: async () => {
      for (const session of held) session.close();
      held.clear();
      haproxy.thaw();
      if (!haproxy.program.running()) await haproxy.restart();
      await haproxy.ask(`pgrouted watchdog off ${WRITES}`);
      for (const server of servers) {
        const at = `server ${WRITES}/${server.name}`;
        await haproxy.ask(`set ${at} state maint;shutdown sessions ${at}`);
      }
      await eventually(`${name} to be empty`, () => servers.every(({ port }) => connectionsTo(port, pids()) === 0));
    },
  };
}
