// What each HAProxy holds for the members of a service, line by line, beside what it shall hold. For the status document; nothing is decided here.
import { standings } from '../haproxy/membership.ts';
import type { ServerFact } from '../haproxy/parse.ts';
import type { TargetStatus } from '../haproxy/report.ts';
import { linesOf } from '../haproxy/server-lines.ts';
import type { ServerState, ServiceDecision, Verdict } from '../model/decision.ts';
import type { ServiceSpec } from '../model/service.ts';
import { type Address, type ClusterView, memberOf } from '../model/view.ts';
import type { ServiceStatus } from '../status/schema.ts';

type Held = ServiceStatus['servers'][number]['held'][number];

/** By member; each target and backend gives one entry, and a second one where the member has a backup line. */
export function heldLines(
  { backends, verdicts }: ServiceDecision,
  service: ServiceSpec | undefined,
  view: ClusterView | undefined,
  targets: readonly TargetStatus[],
): ReadonlyMap<string, Held[]> {
  const members = verdicts.map((verdict) => ({
    verdict,
    member: verdict.member,
    address: addressOf(verdict, service, view),
  }));
  const held = new Map(verdicts.map(({ member }): [string, Held[]] => [member, []]));
  for (const backend of backends) {
    for (const target of targets) {
      const read = target.state === 'reachable' ? target.facts?.servers : undefined;
      const lines = linesOf(read ?? [], backend);
      const own = new Map<string, Held>();
      const backup = new Map<string, Held>();
      for (const [line, { member, kind }] of standings(lines, members, service?.servers)) {
        const shown = { target: target.name, backend, ...shownOf(line), line: kind };
        if (kind === 'backup') backup.set(member.member, { ...shown, wanted: member.verdict.lines?.backup ?? 'maint' });
        else own.set(member.member, shown);
      }
      for (const { member, verdict } of members) {
        const second = backup.get(member);
        const wanted: ServerState = (second === undefined ? undefined : verdict.lines?.own) ?? verdict.state;
        const none = { target: target.name, backend, server: null, sessions: null } as const;
        const first = own.get(member) ?? {
          ...none,
          state: read === undefined ? ('unknown' as const) : ('missing' as const),
        };
        held.get(member)?.push({ ...first, wanted }, ...(second === undefined ? [] : [second]));
      }
    }
  }
  return held;
}

function addressOf(
  { member }: Verdict,
  service: ServiceSpec | undefined,
  view: ClusterView | undefined,
): Address | undefined {
  const address = view === undefined ? undefined : memberOf(view, member)?.address;
  return address === undefined ? undefined : { host: address.host, port: service?.port ?? address.port };
}

function shownOf(line: ServerFact): Pick<Held, 'server' | 'state' | 'sessions'> {
  const state = line.maint ? 'maint' : line.drain ? 'drain' : line.inRotation ? 'ready' : 'down';
  return { server: line.server, state, sessions: line.sessions ?? null };
}
