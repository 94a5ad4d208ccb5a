// The status document: everything known, decided and held, with ages and reasons. Pure: values in, document out.
import type { MirrorStatus } from '../etcd/mirror.ts';
import type { TargetStatus } from '../haproxy/report.ts';
import type { Decision, ServiceDecision, Verdict } from '../model/decision.ts';
import type { ProbeState } from '../model/probe.ts';
import type { ClusterDataProblem, ProxiesView, StolonMember } from '../model/proxies.ts';
import { clusterDataReason, explainReason } from '../model/reason.ts';
import { isWriteService, type ServiceSpec } from '../model/service.ts';
import type { ClusterSpec } from '../model/spec.ts';
import { formatLsn, type Millis } from '../model/units.ts';
import type { ClusterView, Member } from '../model/view.ts';
import type {
  ClusterStatus,
  MemberStatus,
  ServiceStatus,
  StatusDocument,
  TargetStatusDocument,
} from '../status/schema.ts';
import { heldLines } from './held-lines.ts';
import { reasonDocument } from './journal.ts';
import type { Status } from './member-status.ts';

export interface ClusterFacts {
  readonly spec: ClusterSpec;
  readonly prefix: string | undefined;
  readonly view: ClusterView | undefined;
  readonly decision: Decision | undefined;
  /** As GET /v1/NAME/status answers. */
  readonly statuses: ReadonlyMap<string, Status>;
}

const round = (ms: number): number => Math.max(0, Math.round(ms * 10) / 10);

export function clusterStatus(facts: ClusterFacts, targets: readonly TargetStatus[], now: Millis): ClusterStatus {
  const { spec, view, decision, statuses } = facts;
  return {
    name: spec.name,
    source: { kind: spec.source.kind, prefix: facts.prefix ?? null },
    probing: spec.probe !== undefined,
    view: view === undefined ? null : viewDocument(view, now),
    stolon: view?.proxies === undefined ? null : stolonDocument(view.proxies, now),
    members:
      view?.members.map((member) => memberDocument(member, statuses.get(member.name) ?? 'unavailable', now)) ?? [],
    services:
      decision?.services.map((service) => {
        const own = spec.services.find(({ name }) => name === service.service);
        return serviceDocument(service, own, view, targets);
      }) ?? [],
    alarms: decision?.alarms.map(reasonDocument) ?? [],
  };
}

function viewDocument(view: ClusterView, now: Millis): NonNullable<ClusterStatus['view']> {
  const { leadership, settings, plannedSwitch } = view;
  return {
    revision: String(view.revision),
    confirmedAgeMs: round(now - view.confirmedAt),
    initialized: view.initialized,
    leadership:
      leadership.kind === 'held'
        ? {
            kind: 'held',
            member: leadership.member,
            revision: String(leadership.revision),
            forMs: round(now - leadership.seenAt),
          }
        : {
            kind: 'vacant',
            former: leadership.former ?? null,
            revision: String(leadership.revision),
            forMs: round(now - leadership.seenAt),
            graceful: leadership.graceful,
          },
    timeline: view.timeline ?? null,
    paused: settings.paused,
    standbyCluster: settings.standbyCluster,
    failsafeMode: settings.failsafeMode,
    synchronousMode: settings.synchronousMode,
    ttlMs: settings.ttlMs,
    loopWaitMs: settings.loopWaitMs,
    plannedSwitch:
      plannedSwitch === undefined
        ? null
        : {
            from: plannedSwitch.from ?? null,
            to: plannedSwitch.to ?? null,
            scheduledAt: plannedSwitch.scheduledAt ?? null,
          },
    problems: view.problems.map(({ key, error, member }) => ({ key, error, member: member ?? null })),
  };
}

function memberDocument(member: Member, status: MemberStatus['status'], now: Millis): MemberStatus {
  const { tags } = member;
  const named = Object.entries({
    noloadbalance: tags.noloadbalance,
    nofailover: tags.nofailover,
    nosync: tags.nosync,
  }).filter(([, on]) => on);
  return {
    name: member.name,
    address: member.address ?? null,
    role: member.role,
    state: member.stateText,
    running: member.running,
    present: member.present,
    version: member.version ?? null,
    timeline: member.timeline ?? null,
    position: member.position === undefined ? null : formatLsn(member.position),
    lagBytes: member.lagBytes ?? null,
    replicationState: member.replicationState ?? null,
    sync: member.sync,
    tags: { ...tags.custom, ...Object.fromEntries(named) },
    pendingRestart: member.pendingRestart,
    recordAgeMs: round(now - member.recordSeenAt),
    problem: member.problem?.error ?? null,
    probe: member.probe === undefined ? null : probeDocument(member.probe, now),
    stolon: member.stolon === undefined ? null : stolonMemberDocument(member.stolon),
    status,
  };
}

function probeDocument({ latest, lastAnswer }: ProbeState, now: Millis): NonNullable<MemberStatus['probe']> {
  return {
    kind: latest.kind,
    ageMs: round(now - latest.at),
    error: 'error' in latest ? latest.error : null,
    lastAnswer: lastAnswer === undefined ? null : { kind: lastAnswer.kind, ageMs: round(now - lastAnswer.at) },
  };
}

function stolonMemberDocument(db: StolonMember): NonNullable<MemberStatus['stolon']> {
  const { dbUid, keeperHealthy, dbHealthy, generation, currentGeneration, initMode, forceFail } = db;
  return { dbUid, keeperHealthy, dbHealthy, generation, currentGeneration, initMode, forceFail };
}

function stolonDocument(proxies: ProxiesView, now: Millis): NonNullable<ClusterStatus['stolon']> {
  const { registration, enabled } = proxies;
  const isEnabled = (uid: string): boolean => enabled.some((proxy) => proxy.uid === uid);
  const enabledSince = (uid: string): string | null =>
    enabled.find((proxy) => proxy.uid === uid)?.since.toString() ?? null;
  return {
    clusterUid: proxies.clusterUid,
    problem: proxies.problem === undefined ? null : problemText(proxies.problem),
    generation: proxies.generation,
    generationAgeMs: round(now - proxies.generationSeenAt),
    masterDbUid: proxies.masterDbUid ?? null,
    statusMasterDbUid: proxies.statusMasterDbUid ?? null,
    sentinel: proxies.sentinel ?? null,
    writtenAgeMs: round(now - proxies.writtenAt),
    sleepIntervalMs: proxies.sleepIntervalMs,
    proxyCheckIntervalMs: proxies.checkIntervalMs,
    proxyTimeoutMs: proxies.proxyTimeoutMs,
    maxStandbyLagBytes: proxies.maxStandbyLagBytes,
    proxies: proxies.proxies.map(({ uid, generation }) => ({
      uid,
      generation,
      enabled: isEnabled(uid),
      own: uid === registration?.uid,
    })),
    registration:
      registration === undefined
        ? null
        : {
            uid: registration.uid,
            acknowledgedGeneration: registration.acknowledged?.generation ?? null,
            acknowledgedAgeMs:
              registration.acknowledged === undefined ? null : round(now - registration.acknowledged.at),
            acknowledgedRevision:
              registration.acknowledged === undefined ? null : String(registration.acknowledged.viewRevision),
            aliveAgeMs: registration.aliveAt === undefined ? null : round(now - registration.aliveAt),
            timeoutMs: registration.timeoutMs,
            enabled: isEnabled(registration.uid),
            enabledSinceRevision: enabledSince(registration.uid),
            hindrance: registration.hindrance ?? null,
          },
  };
}

const problemText = (problem: ClusterDataProblem): string => explainReason(clusterDataReason(problem));

function serviceDocument(
  service: ServiceDecision,
  spec: ServiceSpec | undefined,
  view: ClusterView | undefined,
  targets: readonly TargetStatus[],
): ServiceStatus {
  const held = heldLines(service, spec, view, targets);
  const servers = service.verdicts.map((verdict) => ({
    member: verdict.member,
    state: verdict.state,
    reason: reasonDocument(verdict.reason),
    weight: verdict.weight ?? null,
    sessions: sessionsOf(service, verdict),
    lines: verdict.lines ?? null,
    override: verdict.override ?? null,
    held: held.get(verdict.member) ?? [],
  }));
  return {
    name: service.service,
    backend: service.backends[0] ?? '',
    backends: service.backends,
    role: service.role,
    open: servers.some((server) => server.state === 'ready'),
    routing: servers.some((server) => server.state === 'ready' && server.held.some((held) => held.state === 'ready')),
    kept: (service.undecided === true ? service.keep : undefined) ?? null,
    reason: reasonDocument(service.reason),
    servers,
  };
}

/** What becomes of the open sessions on a server that is out. */
const sessionsOf = ({ role }: ServiceDecision, { state, ends }: Verdict): 'stay' | 'end' =>
  state === 'maint' && (ends === true || isWriteService({ role })) ? 'end' : 'stay';

export function targetDocument(target: TargetStatus, now: Millis): TargetStatusDocument {
  return {
    name: target.name,
    socket: target.socket,
    state: target.state,
    version: target.facts?.worker.version ?? null,
    pid: target.facts?.worker.pid ?? null,
    converged: target.converged,
    readBackAgeMs: target.readAt === undefined ? null : round(now - target.readAt),
    problems: target.problems.map(reasonDocument),
    watchdog: target.watchdog ?? null,
    hold: target.hold === undefined ? null : { state: target.hold.state, backends: [...target.hold.gates] },
    oldWorkers: target.oldWorkers.map(({ pid, connections }) => ({ pid, connections: connections ?? null })),
    counters: { ...target.counters },
  };
}

/** All mirrors share the members' connections; any of them tells. Undefined: no cluster is read from etcd. */
export function etcdDocument(mirror: MirrorStatus | undefined, now: Millis): StatusDocument['etcd'] {
  return {
    members: (mirror?.members ?? []).map(({ endpoint, connected, lastHeardAt, error }) => ({
      endpoint,
      connected,
      lastHeardAgeMs: lastHeardAt === undefined ? null : round(now - lastHeardAt),
      error: error ?? null,
    })),
  };
}
