// The published schema of GET /v2/status and GET /v2/events: everything known, decided and held, with ages and reasons.
// The daemon makes these documents, pgroutectl and other readers check what they get with the same schemas.
import * as z from 'zod';
import { serviceRoles } from '../model/service.ts';

/** A decision's reason: a code from docs/reasons.md, the sentence for people, and the facts it rests on. */
export const reasonSchema = z.object({
  code: z.string(),
  text: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const sourceKind = z.enum(['patroni', 'stolon', 'postgres']);
const serverState = z.enum(['ready', 'drain', 'maint']);
const ageMs = z.number().nonnegative().describe('milliseconds since it was so');
const addressSchema = z.object({ host: z.string(), port: z.number() });

const probeSchema = z.object({
  kind: z.enum(['primary', 'standby', 'starting', 'stopping', 'down', 'silent', 'denied']),
  ageMs,
  error: z.string().nullable(),
  lastAnswer: z.object({ kind: z.enum(['primary', 'standby']), ageMs }).nullable(),
});

const stolonMemberSchema = z.object({
  dbUid: z.string(),
  keeperHealthy: z.boolean(),
  dbHealthy: z.boolean(),
  generation: z.number(),
  currentGeneration: z.number().describe('what the keeper has carried out'),
  initMode: z.string(),
  forceFail: z.boolean(),
});

const memberSchema = z.object({
  name: z.string(),
  address: addressSchema.nullable(),
  role: z.enum(['primary', 'promoting', 'replica', 'standby_leader', 'demoted', 'uninitialized', 'unknown']),
  state: z.string().describe("the record's own word: running, crashed, ...; source postgres: the probe's word"),
  running: z.boolean(),
  present: z.boolean().describe('false: the record is gone, this is what was last known'),
  version: z.string().nullable(),
  timeline: z.number().nullable(),
  position: z.string().nullable().describe('WAL position, PostgreSQL text form'),
  lagBytes: z.number().nullable().describe('by record; a sample up to loop_wait old'),
  replicationState: z.string().nullable(),
  sync: z.enum(['sync', 'quorum', 'async']),
  tags: z.record(z.string(), z.unknown()),
  pendingRestart: z.boolean(),
  recordAgeMs: ageMs.describe('source postgres: since this router began to look'),
  problem: z.string().nullable(),
  probe: probeSchema.nullable(),
  stolon: stolonMemberSchema
    .nullable()
    .describe("Stolon: the keeper's db; null: it has none, or the source is another"),
  status: z
    .enum(['primary', 'standby', 'unavailable'])
    .describe(
      'what GET /v1/<name>/status answers: the proven writer (source postgres: whoever says primary), a running standby, or neither',
    ),
});

const leadershipSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('held'), member: z.string(), revision: z.string(), forMs: ageMs }),
  z.object({
    kind: z.literal('vacant'),
    former: z.string().nullable(),
    revision: z.string(),
    forMs: ageMs,
    graceful: z.boolean(),
  }),
]);

const viewSchema = z.object({
  revision: z.string().describe('etcd revision, decimal; source postgres: counts the changes that were seen'),
  confirmedAgeMs: ageMs.describe(
    'milliseconds since a linearizable read confirmed the view; source postgres: since the newest answer of any server was asked for',
  ),
  initialized: z.boolean(),
  leadership: leadershipSchema,
  timeline: z.number().nullable(),
  paused: z.boolean(),
  standbyCluster: z.boolean(),
  failsafeMode: z.boolean(),
  synchronousMode: z.enum(['off', 'on', 'quorum']),
  ttlMs: z.number(),
  loopWaitMs: z.number(),
  plannedSwitch: z
    .object({ from: z.string().nullable(), to: z.string().nullable(), scheduledAt: z.string().nullable() })
    .nullable(),
  problems: z.array(z.object({ key: z.string(), error: z.string(), member: z.string().nullable() })),
});

const stolonSchema = z.object({
  clusterUid: z.string(),
  problem: z.string().nullable().describe('why clusterdata can not be acted on'),
  generation: z.number().describe('proxy.generation'),
  generationAgeMs: ageMs.describe('milliseconds since this generation was first seen here'),
  masterDbUid: z.string().nullable().describe('proxy.spec.masterDbUid: whom the proxies are to use'),
  statusMasterDbUid: z.string().nullable().describe('cluster.status.master: never a target for writes'),
  sentinel: z.string().nullable().describe('uid of the leading sentinel'),
  writtenAgeMs: ageMs.describe('milliseconds since clusterdata was seen to be written'),
  sleepIntervalMs: z.number(),
  proxyCheckIntervalMs: z.number(),
  proxyTimeoutMs: z.number(),
  maxStandbyLagBytes: z.number(),
  proxies: z.array(
    z.object({
      uid: z.string(),
      generation: z.number(),
      enabled: z.boolean(),
      own: z.boolean().describe('this router'),
    }),
  ),
  registration: z
    .object({
      uid: z.string(),
      acknowledgedGeneration: z.number().nullable(),
      acknowledgedAgeMs: ageMs.nullable(),
      acknowledgedRevision: z
        .string()
        .nullable()
        .describe('the revision of the view on which it was acknowledged; it has to name the master already'),
      aliveAgeMs: ageMs.nullable().describe('milliseconds since the last renewal that etcd took was sent'),
      timeoutMs: z.number().describe('without a renewal for this long the write service is closed'),
      enabled: z.boolean(),
      enabledSinceRevision: z
        .string()
        .nullable()
        .describe('since when enabled under the present master; null: it is not'),
      hindrance: z.string().nullable().describe('why the newest generation is not acknowledged'),
    })
    .nullable()
    .describe('null: passive'),
});

const heldSchema = z.object({
  target: z.string(),
  backend: z.string().optional().describe('the HAProxy backend'),
  server: z.string().nullable().describe("HAProxy's server line; null: it has none for this member"),
  state: z.enum(['ready', 'drain', 'maint', 'down', 'missing', 'unknown']),
  sessions: z.number().nullable(),
  line: z
    .enum(['own', 'backup', 'spare', 'added'])
    .optional()
    .describe("own: the member's line in haproxy.cfg; backup: its second one; spare, added: made at run time"),
  wanted: serverState
    .optional()
    .describe('what this line shall hold: not what is decided for the member, where it has a backup line as well'),
});

const serviceSchema = z.object({
  name: z.string(),
  backend: z.string().describe('the first of its backends'),
  backends: z.array(z.string()).readonly().optional().describe('the HAProxy backends that carry it'),
  role: z.enum(serviceRoles),
  open: z.boolean().describe('at least one server is decided ready'),
  routing: z.boolean().describe('at least one target holds at least one ready server'),
  kept: z
    .string()
    .nullable()
    .optional()
    .describe(
      'the member whose server stays as it is for a moment after a start: in if it is in, never let in; null: none',
    ),
  reason: reasonSchema,
  servers: z.array(
    z.object({
      member: z.string(),
      state: serverState,
      reason: reasonSchema,
      weight: z.number().nullable().optional().describe('0 to 256; null: as in haproxy.cfg'),
      sessions: z.enum(['stay', 'end']).optional().describe('what becomes of open sessions on it'),
      lines: z
        .object({ own: serverState, backup: serverState })
        .nullable()
        .optional()
        .describe('what its own line and its backup line hold, where the service has backup lines'),
      override: z.string().nullable().optional().describe('the id of the override that this rests on'),
      held: z.array(heldSchema),
    }),
  ),
});

const clusterSchema = z.object({
  name: z.string(),
  source: z.object({
    kind: sourceKind,
    prefix: z.string().nullable().describe('null: source postgres'),
  }),
  probing: z.boolean(),
  view: viewSchema.nullable().describe('null: etcd has not been read yet'),
  stolon: stolonSchema.nullable().describe('null: another source, or etcd has not been read yet'),
  members: z.array(memberSchema),
  services: z.array(serviceSchema),
  alarms: z.array(reasonSchema),
});

const etcdSchema = z.object({
  members: z.array(
    z.object({
      endpoint: z.string(),
      connected: z.boolean(),
      lastHeardAgeMs: ageMs.nullable(),
      error: z.string().nullable(),
    }),
  ),
});

const targetSchema = z.object({
  name: z.string(),
  socket: z.string(),
  state: z.enum(['reachable', 'not_running', 'hung', 'no_permission', 'broken', 'unknown']),
  version: z.string().nullable(),
  pid: z.number().nullable(),
  converged: z.boolean().describe('it was last read back as holding the newest decision'),
  readBackAgeMs: ageMs.nullable(),
  problems: z.array(reasonSchema),
  watchdog: z
    .enum(['armed', 'absent', 'unknown'])
    .nullable()
    .describe("HAProxy's own watchdog (pgrouted-watchdog.lua); null: nothing asks for it"),
  hold: z
    .object({
      state: z.enum(['loaded', 'absent', 'unknown']).describe('whether HAProxy has pgrouted-hold.lua'),
      backends: z.array(
        z.object({
          backend: z.string(),
          waiting: z.number(),
          served: z.number().describe('waited and went on, since the worker began'),
          late: z.number().describe('refused: no server came in time'),
          many: z.number().describe('refused at once: too many waited'),
          gone: z.number().describe('the client went'),
          longestMs: z.number().describe('the longest that one which went on had waited'),
        }),
      ),
    })
    .nullish()
    .describe('new connections that wait for a server; null: no service is to hold them'),
  oldWorkers: z.array(z.object({ pid: z.number(), connections: z.number().nullable() })),
  counters: z.record(z.string(), z.number()),
});

/** An operator's own word about a member, as long as it counts. */
export const overrideSchema = z.object({
  id: z.string().describe('unique in its cluster; `pgroutectl lift` takes it'),
  cluster: z.string(),
  member: z.string(),
  service: z.string().nullable().describe('null: in all services of the cluster'),
  action: z.enum(['maint', 'drain', 'ready', 'weight']),
  weight: z.number().nullable().describe('of action weight; else null'),
  owner: z.string(),
  reason: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable().describe('null: until it is lifted'),
  endsInMs: z.number().nonnegative().nullable().describe("by this router's clock"),
  scope: z.enum(['fleet', 'local']).describe('fleet: in etcd, every router obeys; local: this router alone knows it'),
});

const fleetRouterSchema = z.object({
  name: z.string(),
  own: z.boolean().describe('this router'),
  version: z.string(),
  host: z.string(),
  since: z.string().describe('when it was started'),
  leader: z.string().nullable().describe('whom it follows; null: nobody leads, or it has read nothing yet'),
  revision: z.string().nullable().describe('of that leadership; source postgres: a count of its own'),
  services: z.record(z.string(), z.object({ in: z.array(z.string()), reason: z.string() })),
  targets: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      converged: z.boolean().describe('read back as holding what was decided under this leader'),
    }),
  ),
  health: z.array(z.string()).describe('codes of the alarms that are on there'),
});

/** GET /v2/fleet. */
export const fleetSchema = z.object({
  enabled: z.boolean(),
  prefix: z.string(),
  name: z.string().describe('what this router is called there'),
  shared: z.boolean().describe('the prefix has been read: overrides of others count here'),
  registered: z.boolean().describe('the others see this router'),
  problem: z.string().nullable().describe('why it is not shared, or not registered'),
  alarms: z.array(reasonSchema),
  clusters: z.array(
    z.object({
      cluster: z.string(),
      leader: z.string().nullable().describe('the newest leader that any registered router knows'),
      applied: z.boolean().describe('every registered router and HAProxy has taken that leader over'),
      waiting: z.array(z.string()).describe('what is still waited for'),
      routers: z.array(fleetRouterSchema),
    }),
  ),
});

/** GET /v2/overrides. */
export const overridesSchema = z.object({ overrides: z.array(overrideSchema) });

/** What POST and DELETE of overrides answer. */
export const overrideAnswerSchema = z.object({
  override: overrideSchema,
  scope: z.enum(['fleet', 'local']),
  why: z.string().nullable().describe('why it is local'),
});

/** GET /v2/status. */
export const statusSchema = z.object({
  schema: z.literal(1),
  router: z.object({
    version: z.string(),
    host: z.string(),
    pid: z.number(),
    startedAt: z.string(),
    uptimeMs: z.number(),
  }),
  at: z.string().describe('when this document was made, ISO 8601'),
  ready: z.boolean().describe('what /health/is-ready answers'),
  clusters: z.array(clusterSchema),
  etcd: etcdSchema,
  targets: z.array(targetSchema),
  overrides: z.array(overrideSchema).optional().describe('all that count now'),
  fleet: fleetSchema.optional().describe('the routers that share a prefix in etcd'),
  alarms: z
    .array(reasonSchema)
    .optional()
    .describe('those of no cluster: what was found below a namespace and is not driven'),
});

export type StatusDocument = z.infer<typeof statusSchema>;
export type ClusterStatus = z.infer<typeof clusterSchema>;
export type MemberStatus = z.infer<typeof memberSchema>;
export type ServiceStatus = z.infer<typeof serviceSchema>;
export type TargetStatusDocument = z.infer<typeof targetSchema>;
export type ReasonDocument = z.infer<typeof reasonSchema>;
export type OverrideDocument = z.infer<typeof overrideSchema>;
export type OverridesDocument = z.infer<typeof overridesSchema>;
export type FleetDocument = z.infer<typeof fleetSchema>;

/**
 * The milliseconds of one switch of a write service, counted from the first sign of it that was seen here.
 * Null: did not happen in this switch, or not yet.
 */
export const switchPhasesSchema = z.object({
  leaderGoneMs: z
    .number()
    .nullable()
    .describe(
      'the leader key (Stolon: the naming; source postgres: the word of the old primary, or that it alone says so) was seen to go, or to be taken over',
    ),
  leaderNamedMs: z.number().nullable().describe('the new leader was seen'),
  fencedMs: z.number().nullable().describe('the old server was read back out, its sessions gone'),
  provenMs: z.number().nullable().describe('the new server was proven to take writes'),
  decidedMs: z.number().nullable().describe('the decision to open was taken'),
  openedMs: z.number().nullable().describe('the new server was read back ready'),
  acknowledgedMs: z
    .number()
    .nullable()
    .optional()
    .describe('Stolon: the generation that took the old master away was acknowledged'),
  enabledMs: z.number().nullable().optional().describe('Stolon: this proxy was seen enabled under the new master'),
});

/** One line of the journal. */
export const journalEntrySchema = z.object({
  seq: z.number().int(),
  at: z.string().describe('time of day, ISO 8601 with milliseconds'),
  tMs: z.number().describe("milliseconds of the router's monotonic clock; only differences mean anything"),
  kind: z.enum([
    'started',
    'stopping',
    'view', // the first view, a new list, a rewind, confirmation lost and regained
    'leader', // the leader key (Stolon: masterDbUid; source postgres: who alone says primary) changed
    'member', // a member came, went, changed role or state
    'probe', // a member's PostgreSQL says something else than before
    'decision', // a member's state in a service changed
    'fenced', // a target was read back with the servers out and their sessions gone
    'opened', // a target was read back with the servers in
    'proxy', // Stolon's handshake: generation seen, acknowledged, enabled, left
    'switch', // a write service has moved: the summary with its phases
    'target', // a target came, went, was reloaded, hangs
    'drift', // a target held something else than decided; it was corrected
    'alarm', // an alarm began
    'alarm_over',
    'config',
    'override', // an override was set, was lifted, has run out
    'fleet', // this router was registered among the others, or can't be
  ]),
  text: z.string(),
  cluster: z.string().optional(),
  service: z.string().optional(),
  member: z.string().optional(),
  target: z.string().optional(),
  revision: z.string().optional(),
  state: serverState.optional(),
  reason: reasonSchema.optional(),
  from: z.string().optional().describe('switch, leader, probe: what was before'),
  to: z.string().optional().describe('switch, leader, probe: what is now'),
  source: sourceKind.optional().describe('switch: what the cluster is read from'),
  phases: switchPhasesSchema.optional(),
});

/** GET /v2/events. */
export const eventsSchema = z.object({
  entries: z.array(journalEntrySchema),
  lastSeq: z.number().int(),
  lost: z.boolean().describe('entries after the one asked for have left the memory'),
});

export type JournalEntry = z.infer<typeof journalEntrySchema>;
export type SwitchPhases = z.infer<typeof switchPhasesSchema>;
export type EventsDocument = z.infer<typeof eventsSchema>;
