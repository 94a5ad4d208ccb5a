// What HAProxy's own check of a server line is told: would this router set the line ready now, on what it can prove now? Hundreds of questions in a second
// are answered from memory: what the lines of a backend shall hold is worked out once for each decision and each read-back. Never waits, tells HAProxy nothing.
import type { DesiredBackend, DesiredServer } from '../haproxy/desired.ts';
import { match } from '../haproxy/match.ts';
import { nameOf } from '../haproxy/membership.ts';
import type { ServerFact, TargetFacts } from '../haproxy/parse.ts';
import type { Clock } from '../model/clock.ts';
import type { Decision, ServerState } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason.ts';
import { serversDefault } from '../model/service.ts';
import type { CheckRegister } from './check-register.ts';

/** `kept`: in, and left as it is for a moment after a start (`DesiredServer.state`). `unknown`: nobody can say; `code` tells why. */
export type LineState = ServerState | 'kept' | 'unknown';

/**
 * `no_such_backend`: no service has it. `undecided`: nothing is decided for it yet. `stalled`: this router stood still, and has not judged since.
 * `no_such_line`: no server of that name in a HAProxy that was read, or it stands for nobody. `ambiguous`: two HAProxies lead it to different servers.
 */
export type NoAnswer = 'no_such_backend' | 'undecided' | 'stalled' | 'no_such_line' | 'ambiguous';

export interface LineCheck {
  /** 200 for `ready` and `kept`. */
  readonly status: 200 | 503;
  readonly state: LineState;
  readonly code: ReasonCode | NoAnswer;
}

/** What a cluster's controller is asked. */
export interface CheckedCluster {
  readonly spec: { readonly services: readonly { readonly backends: readonly string[] }[] };
  /** The newest decision, and what follows from it, if it holds at this instant; `stalled`: it does not, and no other could be made. */
  current(): { readonly decision: Decision; readonly desired: readonly DesiredBackend[] } | 'stalled' | undefined;
}

export interface HaproxyChecksOptions {
  /** The very same array as long as it holds the same clusters. */
  readonly clusters: () => readonly CheckedCluster[];
  /** What each HAProxy held when it was read last; those that never were are left out. */
  readonly facts: () => readonly TargetFacts[];
  readonly register: CheckRegister;
  readonly clock: Clock;
}

/** A line, as one HAProxy or its name alone tells. */
interface Line {
  readonly state: LineState;
  readonly member: string | undefined;
}

/** The lines of one backend, by name, and what they were worked out from. */
interface Worked {
  readonly desired: DesiredBackend;
  readonly facts: readonly TargetFacts[];
  readonly lines: ReadonlyMap<string, Line | 'ambiguous'>;
}

export class HaproxyChecks {
  readonly #o: HaproxyChecksOptions;
  readonly #worked = new Map<string, Worked>();
  readonly #byBackend = new WeakMap<TargetFacts, ReadonlyMap<string, readonly ServerFact[]>>();
  #clusters: readonly CheckedCluster[] = [];
  #clusterOf: ReadonlyMap<string, CheckedCluster> = new Map();

  constructor(options: HaproxyChecksOptions) {
    this.#o = options;
  }

  of(backend: string, server: string): LineCheck {
    const cluster = this.#cluster(backend);
    if (cluster === undefined) return unanswered('no_such_backend');
    this.#o.register.note(backend, server, this.#o.clock.now());
    const current = cluster.current();
    if (current === 'stalled') return unanswered('stalled');
    const desired = current?.desired.find((one) => one.backend === backend);
    if (current === undefined || desired === undefined) return unanswered('undecided');
    // A line that no HAProxy was read to have is new, or none was read yet: then its name alone tells.
    const line = this.#lines(desired).get(server) ?? byName(desired, server);
    if (line === 'ambiguous') return unanswered('ambiguous');
    if (line?.member === undefined) return unanswered('no_such_line');
    const code = codeOf(current.decision, backend, line.member);
    return { status: line.state === 'ready' || line.state === 'kept' ? 200 : 503, state: line.state, code };
  }

  #cluster(backend: string): CheckedCluster | undefined {
    const clusters = this.#o.clusters();
    if (clusters !== this.#clusters) {
      this.#clusters = clusters;
      this.#clusterOf = new Map(
        clusters.flatMap((cluster) =>
          cluster.spec.services.flatMap(({ backends }) => backends.map((name) => [name, cluster] as const)),
        ),
      );
      this.#worked.clear();
    }
    return this.#clusterOf.get(backend);
  }

  #lines(desired: DesiredBackend): Worked['lines'] {
    const facts = this.#o.facts();
    const before = this.#worked.get(desired.backend);
    if (before !== undefined && before.desired === desired && sameFacts(before.facts, facts)) return before.lines;
    const lines = new Map<string, Line | 'ambiguous'>();
    for (const one of facts) {
      for (const { line, state, member } of match(this.#servers(one, desired.backend), desired).wanted) {
        const found = { member, state: keptOr(desired, member, state) };
        lines.set(line.server, bothOf(lines.get(line.server), found));
      }
    }
    this.#worked.set(desired.backend, { desired, facts, lines });
    return lines;
  }

  #servers(facts: TargetFacts, backend: string): readonly ServerFact[] {
    let index = this.#byBackend.get(facts);
    if (index === undefined) {
      index = indexOf(facts.servers);
      this.#byBackend.set(facts, index);
    }
    return index.get(backend) ?? [];
  }
}

function indexOf(servers: readonly ServerFact[]): ReadonlyMap<string, readonly ServerFact[]> {
  const index = new Map<string, ServerFact[]>();
  for (const server of servers) {
    const lines = index.get(server.backend);
    if (lines === undefined) index.set(server.backend, [server]);
    else lines.push(server);
  }
  return index;
}

/** What two HAProxies say of lines of one name; which of them asks is not known. */
function bothOf(a: Line | 'ambiguous' | undefined, b: Line): Line | 'ambiguous' {
  if (a === undefined || a === 'ambiguous') return a ?? b;
  if (a.state === b.state) return b;
  // A server that is kept is in where it was in: the HAProxy that has it in maint leaves it there, whatever it hears.
  const kept = [a, b].find(({ state }) => state === 'kept');
  return kept !== undefined && a.member === b.member ? kept : 'ambiguous';
}

const sameFacts = (a: readonly TargetFacts[], b: readonly TargetFacts[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i]);

const unanswered = (code: NoAnswer): LineCheck => ({ status: 503, state: 'unknown', code });

function keptOr({ servers }: DesiredBackend, member: string | undefined, state: ServerState): LineState {
  const kept = state === 'ready' && servers.some((one) => one.member === member && one.state === 'keep');
  return kept ? 'kept' : state;
}

function codeOf({ services }: Decision, backend: string, member: string): LineCheck['code'] {
  const verdicts = services.find(({ backends }) => backends.includes(backend))?.verdicts;
  return verdicts?.find((one) => one.member === member)?.reason.code ?? 'undecided';
}

/** What a line of this name would stand for, where lines are found by name. */
function byName({ match: spec = serversDefault, servers }: DesiredBackend, server: string): Line | undefined {
  const named = (template: string | undefined): DesiredServer | undefined =>
    template === undefined ? undefined : servers.find(({ member }) => nameOf(template, member) === server);
  const own = spec.match === 'address' ? undefined : named(spec.name);
  // Whether the member has a backup line as well is not known: it is in only if it were so either way.
  if (own !== undefined) return lineOf(own, own.state === 'ready' ? (own.lines?.own ?? own.state) : own.state);
  const backup = named(spec.backupName);
  if (backup !== undefined) return lineOf(backup, backup.lines?.backup ?? 'maint');
  const added = spec.add === undefined ? undefined : named(`${spec.add.prefix}{member}`);
  return added === undefined ? undefined : lineOf(added, added.state);
}

const lineOf = ({ member }: DesiredServer, state: DesiredServer['state']): Line => ({
  member,
  state: state === 'keep' ? 'kept' : state,
});
