// The world of a scenario as each source tells of it: Patroni's records, Stolon's clusterdata, the servers' own words. Each goes through the real fold, so a
// scenario rests on nothing that the product could not see.

import { withRegistration } from '../src/model/overlay.ts';
import type { ProbeState } from '../src/model/probe.ts';
import type { RegistrationState } from '../src/model/proxies.ts';
import type { ClusterSpec, PostgresSpec } from '../src/model/spec.ts';
import type { Millis } from '../src/model/units.ts';
import type { ClusterView } from '../src/model/view.ts';
import { patroniView } from '../src/patroni/view.ts';
import { postgresView } from '../src/postgres/view.ts';
import { proofAgeMs } from '../src/routing/limits.ts';
import { addressOf, receivedBy, TIMELINE, type World, WRITTEN } from './scenario-world.ts';
import { type Data, type DbData, StolonKeys } from './stolon-keys.ts';
import { type Changes, StoreKeys } from './store-keys.ts';

/** Gives the picture of the world at an instant; instants never go back. */
export interface Teller {
  look(world: World, probes: ReadonlyMap<string, ProbeState>, now: Millis): ClusterView;
}

export function tellerOf(spec: ClusterSpec, world: World): Teller {
  const { source } = spec;
  switch (source.kind) {
    case 'patroni':
      return new PatroniTeller(spec.name, world);
    case 'stolon':
      return new StolonTeller(world, source.register);
    case 'postgres':
      return new ServersTeller({ ...spec, source });
  }
}

class PatroniTeller implements Teller {
  readonly #keys: StoreKeys;
  #told: Changes;

  constructor(cluster: string, world: World) {
    this.#told = patroniKeys(world);
    const held = Object.entries(this.#told).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
    this.#keys = new StoreKeys(
      '/service/demo/',
      (records, before, now) => patroniView(cluster, '/service/demo/', records, before, now),
      Object.fromEntries(held),
    );
  }

  look(world: World, _probes: ReadonlyMap<string, ProbeState>, now: Millis): ClusterView {
    this.#keys.wait(now - this.#keys.now);
    const told = patroniKeys(world);
    const changes = differences(this.#told, told);
    const { leader, ...others } = changes;
    const turn = 'leader' in changes ? [{ leader: undefined }, { leader }] : [];
    this.#told = told;
    const puts = [...turn, ...Object.entries(others).map(([key, value]) => ({ [key]: value }))];
    return puts.length === 0 ? this.#keys.view : this.#keys.unseen(...puts);
  }
}

/** Keys that have another value now; undefined: it is gone. */
function differences(before: Changes, after: Changes): Changes {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(keys.filter((key) => before[key] !== after[key]).map((key) => [key, after[key]]));
}

/** The keys that follow from the world, but for those that it names itself. */
function patroniKeys(world: World): Changes {
  const own = Object.entries(world.keys).map(([key, value]): [string, string | undefined] => [key, value ?? undefined]);
  return { ...followingKeys(world), ...Object.fromEntries(own) };
}

function followingKeys(world: World): Changes {
  const present = [...world.members].filter(([name]) => !world.gone.has(name));
  const sync = present.filter(([, facts]) => facts.sync === true).map(([name]) => name);
  const settings = { ...(sync.length === 0 ? {} : { synchronous_mode: true }), ...world.settings };
  return {
    initialize: '7710219912996130783',
    config: JSON.stringify({ ttl: 30, loop_wait: 10, retry_timeout: 10, ...settings }),
    ...(world.leader === undefined ? {} : { leader: world.leader }),
    status: JSON.stringify({ optime: WRITTEN }),
    ...(sync.length === 0 ? {} : { sync: JSON.stringify({ leader: world.leader, sync_standby: sync.join(',') }) }),
    ...(world.failsafe.length === 0
      ? {}
      : {
          failsafe: JSON.stringify(Object.fromEntries(world.failsafe.map((name) => [name, `http://${name}/patroni`]))),
        }),
    failover: JSON.stringify(world.switchover ?? {}),
    ...Object.fromEntries(present.map(([name]) => [`members/${name}`, patroniRecord(world, name)])),
  };
}

/** As Patroni 3.3 writes it: what a standby has not replayed yet is not to be seen. */
function patroniRecord(world: World, name: string): string {
  const facts = world.members.get(name) ?? {};
  const role = world.roles.get(name) ?? 'replica';
  const { host = '', port = 5432 } = addressOf(world, name) ?? {};
  const { state = 'running', streaming = 'streaming' } = facts;
  return JSON.stringify({
    conn_url: `postgres://${host}:${port}/postgres`,
    state,
    role,
    version: '3.3.0',
    xlog_location: receivedBy(facts),
    timeline: facts.timeline ?? TIMELINE,
    ...(role === 'replica' ? { replication_state: streaming } : {}),
    ...(facts.tags === undefined ? {} : { tags: facts.tags }),
  });
}

const OWN = 'aaaa0001';

/** Where it registers, it does so as fast as can be: it acknowledges what it sees, and Stolon has enabled it from the start. */
class StolonTeller implements Teller {
  readonly #keys: StolonKeys;
  readonly #registers: boolean;
  #generation = 1;
  #leader: string | undefined;
  #told: string;
  #written: string | null | undefined;
  #registration: RegistrationState | undefined;

  constructor(world: World, registers: boolean) {
    this.#registers = registers;
    this.#leader = world.leader;
    this.#told = JSON.stringify(this.#parts(world));
    this.#keys = StolonKeys.listed((data) => Object.assign(data, this.#parts(world)));
  }

  look(world: World, _probes: ReadonlyMap<string, ProbeState>, now: Millis): ClusterView {
    this.#keys.wait(now - this.#keys.now);
    if (world.leader !== this.#leader) this.#generation += 1;
    this.#leader = world.leader;
    const parts = this.#parts(world);
    const told = JSON.stringify(parts);
    if (told !== this.#told) this.#keys.write((data) => Object.assign(data, parts));
    this.#told = told;
    const { clusterdata } = world.keys;
    if (clusterdata !== undefined && clusterdata !== this.#written) {
      this.#keys.put({ clusterdata: clusterdata ?? undefined });
      this.#written = clusterdata;
    }
    const { view } = this.#keys;
    if (!this.#registers) return view;
    const { registeredAt = now, startedAt = now } = this.#registration ?? {};
    this.#registration = {
      uid: OWN,
      startedAt,
      registeredAt,
      wasEnabled: true,
      acknowledged: {
        clusterUid: '63b229f1',
        generation: this.#generation,
        viewRevision: view.revision,
        at: now,
      },
      aliveAt: now,
      timeoutMs: 15_000,
      hindrance: undefined,
    };
    return withRegistration(view, this.#registration);
  }

  #parts(world: World): Pick<Data, 'keepers' | 'dbs' | 'proxy'> {
    const present = [...world.members].filter(([name]) => !world.gone.has(name));
    return {
      keepers: Object.fromEntries(
        present.map(([name, { state = 'running' }]) => [name, { status: { healthy: state === 'running' } }]),
      ),
      dbs: Object.fromEntries(
        present
          .filter(([name]) => world.roles.get(name) !== 'uninitialized')
          .map(([name]) => [`db-${name}`, stolonDb(world, name)]),
      ),
      proxy: {
        generation: this.#generation,
        spec: {
          ...(world.leader === undefined ? {} : { masterDbUid: `db-${world.leader}` }),
          enabledProxies: this.#registers ? [OWN] : [],
        },
        status: {},
      },
    };
  }
}

function stolonDb(world: World, name: string): DbData {
  const facts = world.members.get(name) ?? {};
  const address = addressOf(world, name);
  const master = world.roles.get(name) === 'primary';
  const position = receivedBy(facts);
  return {
    generation: 2,
    spec: {
      keeperUID: name,
      role: master ? 'master' : 'standby',
      initMode: 'none',
      ...(master ? {} : { followConfig: { type: 'internal', dbuid: `db-${world.leader ?? name}` } }),
      followers: [],
      synchronousStandbys: null,
    },
    status: {
      healthy: (facts.state ?? 'running') === 'running',
      currentGeneration: 2,
      ...(address === undefined ? {} : { listenAddress: address.host, port: String(address.port) }),
      systemdID: '7575835178962671673',
      timelineID: facts.timeline ?? TIMELINE,
      ...(position === undefined ? {} : { xLogPos: position }),
      synchronousStandbys: null,
    },
  };
}

class ServersTeller implements Teller {
  readonly #spec: ClusterSpec & { readonly source: PostgresSpec };
  #view: ClusterView | undefined;

  constructor(spec: ClusterSpec & { readonly source: PostgresSpec }) {
    this.#spec = spec;
  }

  look(_world: World, probes: ReadonlyMap<string, ProbeState>, now: Millis): ClusterView {
    this.#view = postgresView(this.#spec, this.#view, probes, proofAgeMs(this.#spec), now);
    return this.#view;
  }
}
