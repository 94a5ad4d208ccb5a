// What else a DBA may find in a Stolon cluster: no sentinel, a passive router, clusterdata that can't be used, names of an attacker.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { becauseInStolon as because, document, healthyServices, member, notLeader, server } from './documents.ts';
import {
  closed,
  cluster,
  db,
  keeper1,
  keeper2,
  keeper3,
  ofStolon,
  registration,
  stolon,
  view,
  watched,
} from './stolon-documents.ts';

/** The only sentinel has died: nothing is wrong yet, and nobody would notice if it were. */
export function noSentinel(): StatusDocument {
  return document({
    clusters: [
      cluster({
        stolon: stolon({ sentinel: null, writtenAgeMs: 31_000 }),
        alarms: [because('sentinel_silent', { limit_ms: 30_000 })],
      }),
    ],
    targets: [watched()],
  });
}

/** Read only; one keeper is being rebuilt, one is to be failed, and a fleet of others is registered. */
export function passive(): StatusDocument {
  const fleet = Array.from({ length: 15 }, (_, i) => ({
    uid: `aa00bb${(16 + i).toString(16)}`,
    generation: 2,
    enabled: true,
    own: false,
  }));
  return document({
    clusters: [
      cluster({
        probing: false,
        view: view({ synchronousMode: 'on' }),
        stolon: stolon({
          registration: null,
          proxies: [...fleet, { uid: 'ffeeddcc', generation: 1, enabled: false, own: false }],
        }),
        members: [
          keeper1({ probe: null, sync: 'sync', stolon: db('222ed171', { generation: 3, forceFail: true }) }),
          keeper2({ probe: null }),
          keeper3({
            probe: null,
            address: null,
            state: 'resync',
            running: false,
            position: null,
            lagBytes: null,
            timeline: null,
            stolon: db('42370021', { initMode: 'resync', generation: 1, currentGeneration: 0 }),
          }),
          member('keeper4', {
            ...ofStolon,
            role: 'uninitialized',
            state: 'no db',
            running: false,
            address: null,
            position: null,
            lagBytes: null,
            timeline: null,
            probe: null,
            status: 'unavailable',
          }),
        ],
        services: healthyServices('orders', 'keeper2', ['keeper1'], because).map((service) => ({
          ...service,
          servers: [
            ...service.servers,
            server(
              'keeper3',
              'maint',
              service.role === 'primary'
                ? notLeader('keeper3', 'keeper2', because)
                : because('replica_being_built', { member: 'keeper3', db: '42370021', init_mode: 'resync' }),
            ),
            server(
              'keeper4',
              'maint',
              service.role === 'primary'
                ? notLeader('keeper4', 'keeper2', because)
                : because('replica_without_db', { member: 'keeper4' }),
            ),
          ],
        })),
      }),
    ],
  });
}

export function formatVersion(): StatusDocument {
  const key = 'stolon/cluster/orders/clusterdata';
  const problem = because('format_version', { key, version: '2' });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          initialized: false,
          leadership: { kind: 'vacant', former: null, revision: '0', forMs: 4_000, graceful: false },
          problems: [{ key, error: 'formatVersion 2', member: null }],
          timeline: null,
        }),
        stolon: stolon({
          problem: problem.text,
          clusterUid: '',
          generation: 0,
          generationAgeMs: 4_000,
          masterDbUid: null,
          statusMasterDbUid: null,
          sentinel: null,
          proxies: [],
          registration: registration({
            acknowledgedGeneration: null,
            acknowledgedAgeMs: null,
            acknowledgedRevision: null,
            aliveAgeMs: null,
            enabled: false,
            enabledSinceRevision: null,
            hindrance: 'clusterdata can not be used',
          }),
        }),
        members: [],
        services: closed(problem, undefined)
          .slice(0, 1)
          .map((service) => ({ ...service, servers: [] })),
      }),
    ],
    targets: [watched({ watchdog: 'unknown' })],
  });
}

/** Uids and names as an attacker who can write to etcd would choose them. */
export function hostileUids(): StatusDocument {
  const evil = 'a\n\x1b[2J\u202e';
  return document({
    clusters: [
      cluster({
        stolon: stolon({
          masterDbUid: evil,
          sentinel: evil,
          proxies: [{ uid: evil, generation: 9, enabled: false, own: false }],
          registration: registration({ hindrance: evil, acknowledgedGeneration: 1 }),
        }),
        members: [keeper1({ stolon: db(evil, { initMode: evil, generation: 7 }) }), keeper2(), keeper3()],
      }),
    ],
    targets: [watched()],
  });
}
