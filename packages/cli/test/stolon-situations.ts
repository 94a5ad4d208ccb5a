// Stolon's handshake in each of its states, as status documents.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { becauseInStolon as because, document, etcdMember, held, socket } from './documents.ts';
import {
  closed,
  cluster,
  db,
  keeper1,
  keeper2,
  keeper3,
  proxies,
  registration,
  stolon,
  uid,
  view,
  watched,
} from './stolon-documents.ts';

export function healthy(): StatusDocument {
  return document({ clusters: [cluster()], targets: [watched()] });
}

/** The master is withdrawn, and this router can't acknowledge it: HAProxy hangs. Another proxy is behind as well. */
export function acknowledgementBlocked(): StatusDocument {
  const holds = `${socket}: HAProxy does not answer`;
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          leadership: { kind: 'vacant', former: 'keeper2', revision: '1228', forMs: 6_200, graceful: false },
        }),
        stolon: stolon({
          generation: 3,
          generationAgeMs: 6_200,
          masterDbUid: null,
          statusMasterDbUid: '222ed171',
          proxies: [
            { uid: '5f2dd97f', generation: 3, enabled: true, own: false },
            { uid, generation: 2, enabled: true, own: true },
            { uid: 'de527100', generation: 2, enabled: true, own: false },
          ],
          registration: registration({ aliveAgeMs: 2_400, hindrance: holds }),
        }),
        members: [
          keeper1({ role: 'promoting', stolon: db('222ed171', { generation: 3 }) }),
          keeper2({
            role: 'demoted',
            state: 'keeper unhealthy',
            running: false,
            status: 'unavailable',
            stolon: db('8652dbd0', { keeperHealthy: false, dbHealthy: false }),
            probe: {
              kind: 'silent',
              ageMs: 900,
              error: 'no answer within 1000 ms',
              lastAnswer: { kind: 'primary', ageMs: 33_000 },
            },
          }),
          keeper3(),
        ],
        services: [...closed(because('no_leader'), undefined)].map((service) => ({
          ...service,
          routing: false,
          servers: service.servers.map((one) => ({ ...one, held: [held(one.member, 'unknown', null)] })),
        })),
        alarms: [because('acknowledgement_blocked', { proxy: uid, generation: 3, because: holds })],
      }),
    ],
    targets: [watched({ state: 'hung', converged: false, problems: [because('target_hung', { target: socket })] })],
  });
}

/** Every proxy has let go; the sentinel has not looked again yet. */
export function everyProxyHasLetGo(): StatusDocument {
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({
          leadership: { kind: 'vacant', former: 'keeper2', revision: '1228', forMs: 1_700, graceful: false },
        }),
        stolon: stolon({
          generation: 3,
          generationAgeMs: 1_700,
          masterDbUid: null,
          statusMasterDbUid: '222ed171',
          proxies: proxies(3),
          registration: registration({ acknowledgedGeneration: 3, acknowledgedAgeMs: 1_650, aliveAgeMs: 1_650 }),
        }),
        members: [keeper1({ role: 'promoting' }), keeper2({ role: 'demoted', status: 'unavailable' }), keeper3()],
        services: [...closed(because('no_leader'), undefined)],
      }),
    ],
    targets: [watched()],
  });
}

/** The new master is named, but the sentinel does not count with this router yet. */
export function notEnabled(): StatusDocument {
  const waiting = because('proxy_not_enabled', { member: 'keeper1', proxy: uid });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({ leadership: { kind: 'held', member: 'keeper1', revision: '1233', forMs: 700 }, timeline: 2 }),
        stolon: stolon({
          generation: 4,
          generationAgeMs: 700,
          masterDbUid: '222ed171',
          statusMasterDbUid: '222ed171',
          proxies: [
            { uid: '5f2dd97f', generation: 4, enabled: true, own: false },
            { uid, generation: 4, enabled: false, own: true },
            { uid: 'de527100', generation: 3, enabled: true, own: false },
          ],
          registration: registration({
            acknowledgedGeneration: 4,
            acknowledgedAgeMs: 690,
            aliveAgeMs: 690,
            enabled: false,
            enabledSinceRevision: null,
          }),
        }),
        members: [
          keeper1({ role: 'primary', timeline: 2, lagBytes: null, status: 'primary' }),
          keeper2({ role: 'demoted', stolon: db('8652dbd0', { dbHealthy: false }), status: 'unavailable' }),
          keeper3(),
        ],
        services: [...closed(waiting, 'keeper1')],
      }),
    ],
    targets: [watched()],
  });
}

/** etcd is cut off: the registration runs out, and no sentinel is heard. */
export function registrationRunsOut(): StatusDocument {
  const timedOut = because('proxy_timeout', { member: 'keeper2', timeout_ms: 15_000 });
  return document({
    ready: false,
    clusters: [
      cluster({
        view: view({ confirmedAgeMs: 17_400 }),
        stolon: stolon({
          writtenAgeMs: 18_900,
          registration: registration({ aliveAgeMs: 17_900 }),
        }),
        services: [...closed(timedOut, 'keeper2')],
        alarms: [because('etcd_unconfirmed')],
      }),
    ],
    etcd: { members: [1, 2, 3].map((n) => ({ ...etcdMember(n), connected: false, lastHeardAgeMs: 17_300 })) },
    targets: [watched({ watchdog: 'absent', problems: [because('watchdog_absent', { target: socket })] })],
  });
}
