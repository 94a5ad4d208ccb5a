// A stage for the Stolon part of the daemon: one etcd, HAProxies and servers that say their names, shared by the scenes of a test file. Each scene has
// a cluster of its own (stolon/composed.ts) and its routers, and watches every naming of a master: at that moment no HAProxy may still serve the
// old one.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
import { type EtcdLab, startEtcd } from './etcd.ts';
import { freePort, temporaryFolder } from './process.ts';
import { type IdentityServer, startIdentityServer } from './sessions.ts';
import type { ClusterSpec } from './stolon/cluster-data.ts';
import { type ComposedOptions, type ComposedStolon, startComposedStolon } from './stolon/composed.ts';
import { openStore, type StoreOptions } from './stolon/store.ts';
import { READS, startWitnessedHaproxy, type WitnessedHaproxy, WRITES } from './witnessed-haproxy.ts';

/** Half a second where Stolon takes five: for scenes in which time has to pass. */
export const quick = {
  sleepInterval: '500ms',
  failInterval: '2s',
  proxyCheckInterval: '500ms',
  proxyTimeout: '2s',
} as const satisfies ClusterSpec;

/** A cluster that runs by itself is made in this rhythm, and lives in its own from then on. */
const HURRIED = '100ms';

/** What the configuration says below `stolon:`, beside name and prefix. */
export interface StolonKeys {
  readonly register?: boolean;
  readonly on_stop?: 'release' | 'leave';
}

export interface RouterOptions extends StolonKeys, Pick<DaemonOptions, 'more'> {
  /** Default: the first. */
  readonly haproxies?: readonly Pick<WitnessedHaproxy, 'name' | 'haproxy'>[];
  /** Default: etcd's own. */
  readonly etcdEndpoints?: readonly string[];
}

export interface Naming {
  /** Keepers. */
  readonly master: string;
  readonly former: string | undefined;
  readonly acknowledgedBy: readonly string[];
  /** What no HAProxy may have had at that moment, in words. */
  readonly remains: readonly string[];
}

/** What a router tells of its registration; null or undefined: it has none. */
export const registrationOf = ({ clusters }: StatusDocument) => clusters[0]?.stolon?.registration;

export interface Scene {
  readonly name: string;
  readonly cluster: ComposedStolon;
  /** Its entry in a configuration file. */
  readonly configuration: (keys?: StolonKeys) => unknown;
  /** Starts a router. It ends with the scene. */
  readonly router: (options?: RouterOptions) => Promise<Daemon>;
  /** Starts a router and waits until it lets clients in to the master. */
  readonly readyRouter: (options?: RouterOptions) => Promise<Daemon>;
  /** The sentinel goes on checking until this router lets clients in. */
  readonly ready: (router: Daemon) => Promise<void>;
  /** Under which uid this router registers, as soon as it knows. */
  readonly uidOf: (router: Daemon) => Promise<string>;
  /** The keeper that is named master now; undefined: none is. */
  readonly master: () => Promise<string | undefined>;
  /** Every naming since the scene began. */
  readonly namings: () => readonly Naming[];
  /** Ends routers and cluster. Fails if at any naming a HAProxy still served the former master. */
  readonly end: () => Promise<void>;
}

export interface SceneOptions extends Pick<ComposedOptions, 'automatic' | 'spec' | 'prefix'> {
  /** Default: another one for each scene. */
  readonly name?: string;
  /** Those that are watched. Default: all of the stage; scenes that have none in common can be on at the same time. */
  readonly haproxies?: readonly WitnessedHaproxy[];
}

export interface StolonStage {
  readonly folder: string;
  readonly etcd: EtcdLab & StoreOptions['etcd'];
  readonly haproxies: readonly WitnessedHaproxy[];
  /** The first of them. */
  readonly edge: WitnessedHaproxy;
  /** The servers of keepers k1, k2 and k3. */
  readonly servers: readonly IdentityServer[];
  readonly scene: (options?: SceneOptions) => Promise<Scene>;
  readonly close: () => Promise<void>;
}

export interface StageOptions {
  /** How many; they are called `edge1`, `edge2`. Default 1. */
  readonly haproxies?: number;
  /** etcd asks for a user: `root` with this password for Stolon's models; routers have to bring their own. */
  readonly rootPassword?: string;
}

export async function stolonStage({ haproxies: count = 1, rootPassword }: StageOptions = {}): Promise<StolonStage> {
  const folder = temporaryFolder();
  // Passwords that are cheap to check.
  const access = rootPassword === undefined ? {} : { auth: { rootPassword }, args: ['--bcrypt-cost=4'] };
  const lab = await startEtcd({ folder: folder.path, members: 1, ...access });
  const login = rootPassword === undefined ? undefined : { username: 'root', password: rootPassword };
  const etcd = { ...lab, login };
  const servers: IdentityServer[] = [];
  for (const name of ['k1', 'k2', 'k3']) servers.push(await startIdentityServer(name, await freePort()));
  const start = (number: number) => startWitnessedHaproxy({ folder: folder.path, name: `edge${number}`, servers });
  const edge = await start(1);
  const haproxies = [edge];
  for (let number = 2; number <= count; number += 1) haproxies.push(await start(number));
  let scenes = 0;
  return {
    folder: folder.path,
    etcd,
    haproxies,
    edge,
    servers,
    scene: async ({ haproxies: watched = haproxies, ...options } = {}) => {
      scenes += 1;
      const name = `orders${scenes}`;
      for (const haproxy of watched) await haproxy.reset();
      return startScene({ folder: folder.path, etcd, haproxies: watched, servers }, { name, ...options });
    },
    close: async () => {
      await Promise.all([...haproxies.map(({ haproxy }) => haproxy.stop()), ...servers.map((server) => server.stop())]);
      await etcd.stop();
      folder.remove();
    },
  };
}

type Props = Pick<StolonStage, 'folder' | 'etcd' | 'haproxies' | 'servers'>;

async function startScene(
  props: Props,
  options: Omit<SceneOptions, 'haproxies'> & { readonly name: string },
): Promise<Scene> {
  const { folder, etcd, haproxies, servers } = props;
  const { name, prefix } = options;
  const store = openStore({ etcd, name, ...(prefix === undefined ? {} : { prefix }) });
  const keeperOf = async (dbUid: string | undefined) =>
    (await store.clusterData())?.data.dbs[dbUid ?? '']?.spec.keeperUID;
  const namings: Naming[] = [];
  let about: Naming | undefined;
  const cluster = await startComposedStolon({
    ...options,
    etcd,
    ...(options.automatic === true ? { spec: { ...options.spec, sleepInterval: HURRIED } } : {}),
    keepers: servers.map((server) => ({ uid: server.name, port: server.port })),
    beforeNaming: async ({ masterDbUid, acknowledgedBy }) => {
      const former = servers.find((server) => server.name === namings.at(-1)?.master);
      const remains = (await Promise.all(haproxies.map((one) => one.remains(former)))).flat();
      const master = (await keeperOf(masterDbUid)) ?? masterDbUid;
      about = { master, former: former?.name, acknowledgedBy, remains };
    },
    onEvent: ({ kind }) => {
      if (kind === 'named' && about !== undefined) namings.push(about);
    },
  });
  const configuration: Scene['configuration'] = (keys) => ({
    name: 'orders',
    stolon: { name, ...(prefix === undefined ? {} : { prefix }), ...keys },
    services: {
      primary: { backend: WRITES, role: 'primary' },
      // Readers stay on a standby that becomes the master: what they must not do there is seen when it is withdrawn.
      replica: { backend: READS, role: 'replica', leave: { role_lost: 'drain' } },
    },
  });
  if (options.automatic === true) await cluster.ctl.update({ sleepInterval: options.spec?.sleepInterval ?? '5s' });
  const routers: Daemon[] = [];
  const router: Scene['router'] = async (wanted = {}) => {
    const { haproxies: behind = haproxies.slice(0, 1), etcdEndpoints = etcd.endpoints, more, ...stolon } = wanted;
    const started = await startDaemon({
      folder,
      name: `${name}-router${routers.length + 1}`,
      etcdEndpoints,
      clusters: [configuration(stolon)],
      haproxy: behind.map((one) => ({
        socket: one.haproxy.adminSocket,
        master_socket: one.haproxy.masterSocket,
        name: one.name,
      })),
      ...(more === undefined ? {} : { more }),
    });
    routers.push(started);
    return started;
  };
  const ready: Scene['ready'] = async (daemon) => {
    await cluster.eventually('the router to be ready', async () => (await daemon.status()).ready || undefined);
  };
  return {
    name,
    cluster,
    configuration,
    router,
    readyRouter: async (wanted) => {
      const started = await router(wanted);
      await ready(started);
      return started;
    },
    ready,
    uidOf: async (daemon) =>
      registrationOf(await daemon.until('a uid', (status) => registrationOf(status) != null))?.uid ?? '',
    master: async () => keeperOf((await cluster.clusterData()).proxy.spec.masterDbUid),
    namings: () => namings,
    end: async () => {
      for (const { haproxy } of haproxies) haproxy.thaw();
      await Promise.all(routers.map((daemon) => daemon.kill()));
      await cluster.close();
      store.close();
      const broken = namings.flatMap(({ remains }) => remains);
      if (broken.length > 0) throw new Error(`when a master was named: ${broken.join('; ')}`);
    },
  };
}
