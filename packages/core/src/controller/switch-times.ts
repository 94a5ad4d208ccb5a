// The milliseconds of every write service's switches on every target: feeds one SwitchClock for each with what is seen, decided and read back, and
// puts a finished switch into the journal's words. It records, and never decides.
import type { TargetReport } from '../haproxy/report.ts';
import type { Decision } from '../model/decision.ts';
import { isWriteService } from '../model/service.ts';
import type { Millis } from '../model/units.ts';
import { type ClusterView, memberOf } from '../model/view.ts';
import { isAcknowledged } from '../stolon/announcement.ts';
import type { NewEntry } from './journal.ts';
import type { ServiceOfBackend } from './reports.ts';
import { SwitchClock, type SwitchSummary } from './switch-clock.ts';

export class SwitchTimes {
  readonly #clocks = new Map<string, SwitchClock>();

  /** A pass of a cluster: what it was decided on, and what was decided. `targets`: their names. */
  passed(targets: readonly string[], view: ClusterView, decision: Decision, now: Millis): void {
    for (const service of decision.services) {
      if (!isWriteService(service)) continue;
      const writer = service.verdicts.find((verdict) => verdict.state === 'ready')?.member;
      for (const [target, backend] of targets.flatMap((name) => service.backends.map((one) => [name, one] as const))) {
        const clock = this.#clock(target, backend);
        clock.leadership(view.leadership, now);
        followHandshake(clock, view, now);
        if (view.leadership.kind === 'held') {
          const { member } = view.leadership;
          const said = memberOf(view, member)?.probe?.lastAnswer;
          if (said?.kind === 'primary' && said.at >= view.leadership.seenAt) clock.proven(member, said.at, now);
        }
        if (writer === undefined) clock.closed(now);
        else clock.decided(now);
      }
    }
  }

  /**
   * A target's report: the summaries of the switches that it ends. `writers`: who is decided ready in each write service, by backend; asked for only when a
   * target has converged.
   */
  reported(
    target: string,
    report: TargetReport,
    serviceOf: (backend: string) => ServiceOfBackend | undefined,
    writers: ReadonlyMap<string, string>,
    now: Millis,
  ): readonly NewEntry[] {
    if (report.kind === 'converged') {
      for (const [backend, writer] of writers) this.#clock(target, backend).settle(writer);
      return [];
    }
    if (report.kind !== 'fenced' && report.kind !== 'opened') return [];
    const service = serviceOf(report.backend);
    if (service === undefined || !isWriteService(service)) return [];
    const clock = this.#clock(target, report.backend);
    if (report.kind === 'fenced') clock.fenced(now);
    const member = report.kind === 'opened' ? report.servers[0]?.member : undefined;
    const summary = member === undefined ? undefined : clock.opened(member, now);
    return summary === undefined ? [] : [switchEntry(target, service, summary)];
  }

  #clock(target: string, backend: string): SwitchClock {
    const key = JSON.stringify([target, backend]);
    const clock = this.#clocks.get(key) ?? new SwitchClock();
    this.#clocks.set(key, clock);
    return clock;
  }
}

/** Stolon's part of a switch: the acknowledgement between the masters, and the list of enabled proxies under the new one. */
function followHandshake(clock: SwitchClock, view: ClusterView, now: Millis): void {
  const { proxies, leadership } = view;
  const registration = proxies?.registration;
  if (proxies === undefined || registration === undefined) return;
  if (leadership.kind === 'vacant' && isAcknowledged(view, registration)) clock.acknowledged(now);
  if (leadership.kind === 'held' && proxies.enabled.some(({ uid }) => uid === registration.uid)) clock.enabled(now);
}

function switchEntry(
  target: string,
  { cluster, source, service }: ServiceOfBackend,
  { from, to, phases }: SwitchSummary,
): NewEntry {
  return {
    kind: 'switch',
    cluster,
    source,
    service,
    target,
    member: to,
    from,
    to,
    // A passive reader has no handshake either, and is of Stolon all the same: readers tell by these two.
    phases: source === 'stolon' ? { acknowledgedMs: null, enabledMs: null, ...phases } : phases,
    text: `${service} has moved from ${from} to ${to}, open ${phases.openedMs} ms after the first sign of the switch`,
  };
}
