// What has to be changed about the lines of a backend beside their states: addresses of spares, servers that are added or deleted, weights. Pure.
// Nothing here lets a server in: a line gets an address only while it is in maint without a session, and an added one starts in maint.
import { type Reason, reason } from '../model/reason.ts';
import { type ServersSpec, serversDefault } from '../model/service.ts';
import {
  addServer,
  deleteServer,
  enableHealth,
  isDialable,
  isParameter,
  isSafeName,
  type ServerName,
  setAddress,
  setState,
  setWeight,
  shutdownSessions,
} from './commands.ts';
import type { DesiredBackend, DesiredServer } from './desired.ts';
import type { Match, Wanted } from './match.ts';
import { isAdded, isSpare, nameOf } from './membership.ts';
import { isGone, type ServerFact, serverKey, type WorkerFact } from './parse.ts';
import { nothingRemembered, type Remembered } from './remembered.ts';

/** One change, to be carried out as a whole and proven by the next read-back: then it is not asked for any more. */
export interface Arrangement {
  /** The same change has the same key; another address or weight is another change. */
  readonly key: string;
  readonly kind: 'address' | 'add' | 'delete' | 'check' | 'weight';
  readonly backend: string;
  readonly server: string;
  readonly member: string | undefined;
  readonly commands: readonly string[];
}

export interface Arranged {
  readonly due: readonly Arrangement[];
  readonly problems: readonly Reason[];
  /** Members that have no line and get none. */
  readonly missing: readonly DesiredServer[];
  /** Lines that would be of use as soon as they are known to be idle, `backend/server`. */
  readonly awaited: readonly string[];
}

export function arrange(
  lines: readonly ServerFact[],
  desired: DesiredBackend,
  { wanted, missing }: Match,
  worker: WorkerFact,
  remembered: Remembered = nothingRemembered,
): Arranged {
  const due: Arrangement[] = wanted.flatMap(weighing);
  const spec = desired.match ?? serversDefault;
  if (spec.spares === undefined && spec.add === undefined) return { due, problems: [], missing, awaited: [] };
  const rooms = new Rooms(lines, desired, spec, wanted, remembered);
  const problems: Reason[] = [];
  const without: DesiredServer[] = [];
  for (const server of [...missing].sort(byNeed)) {
    const placed = rooms.place(server, worker);
    if (placed.kind === 'change') due.push(placed.change);
    if (placed.kind === 'impossible') {
      without.push(server);
      problems.push(placed.why);
    }
  }
  due.push(...wanted.flatMap(checking), ...rooms.deletions());
  return { due, problems, missing: without, awaited: rooms.awaited };
}

type Placed =
  | { readonly kind: 'change'; readonly change: Arrangement }
  /** A line is there but is not empty yet. */
  | { readonly kind: 'waits' }
  | { readonly kind: 'impossible'; readonly why: Reason };

/** The lines of one backend that members can be given, while they are being given away. */
class Rooms {
  readonly awaited: string[] = [];
  readonly #desired: DesiredBackend;
  readonly #spec: ServersSpec;
  readonly #idle: Remembered['idle'];
  readonly #byName: ReadonlyMap<string, ServerFact>;
  /** Spares that stand for nobody, in the order of the file. */
  readonly #spares: readonly ServerFact[];
  readonly #free: ServerFact[];
  readonly #unclaimed: ReadonlySet<ServerFact>;
  readonly #reserved = new Set<ServerFact>();

  constructor(
    lines: readonly ServerFact[],
    desired: DesiredBackend,
    spec: ServersSpec,
    wanted: readonly Wanted[],
    { idle }: Remembered,
  ) {
    this.#desired = desired;
    this.#spec = spec;
    this.#idle = idle;
    this.#byName = new Map(lines.map((line) => [line.server, line]));
    const unclaimed = wanted.flatMap(({ line, member }) => (member === undefined ? [line] : []));
    this.#unclaimed = new Set(unclaimed);
    this.#spares = unclaimed.filter((line) => isSpare(line, spec) && isSafe(line)).sort((a, b) => a.id - b.id);
    this.#free = this.#spares.filter((line) => this.#isIdle(line));
  }

  place(server: DesiredServer, worker: WorkerFact): Placed {
    const { backend } = this.#desired;
    const { member, address } = server;
    const at = { backend, member };
    if (address === undefined) return impossible(reason('line_without_address', at));
    if (!isDialable(address))
      return impossible(reason('line_needs_ip', { ...at, host: address.host, port: address.port }));
    const own = this.#addedLine(member);
    if (own !== undefined) return this.#readdress(own, server);
    const spare = this.#free.shift();
    if (spare !== undefined) return change(addressing(spare, server, this.#desired.exclusive));
    const { add, spares } = this.#spec;
    if (this.awaited.length > 0) return { kind: 'waits' };
    if (add !== undefined) return this.#add(server, worker);
    // One that is on its way out may become free; until then somebody should know that there are too few.
    return impossible(reason('spares_used_up', { ...at, spares: spares ?? '', busy: this.#spares.length }));
  }

  /** Lines that were added for members that have gone, or that have another line by now. */
  deletions(): readonly Arrangement[] {
    const added = [...this.#unclaimed].filter(
      (line) => isAdded(line, this.#spec) && !isSpare(line, this.#spec) && !this.#reserved.has(line) && isSafe(line),
    );
    return added.flatMap((line): readonly Arrangement[] => {
      if (!this.#isIdle(line)) return [];
      return [{ ...changeOf('delete', line, undefined), commands: [deleteServer(line)] }];
    });
  }

  #addedLine(member: string): ServerFact | undefined {
    const { add } = this.#spec;
    const line = add === undefined ? undefined : this.#byName.get(nameOf(`${add.prefix}{member}`, member));
    return line !== undefined && this.#unclaimed.has(line) ? line : undefined;
  }

  /** The member has moved: its line follows once the last session on it has ended. */
  #readdress(line: ServerFact, server: DesiredServer): Placed {
    this.#reserved.add(line);
    return this.#isIdle(line) && isSafe(line)
      ? change(addressing(line, server, this.#desired.exclusive))
      : { kind: 'waits' };
  }

  #add({ member, address }: DesiredServer, { version }: WorkerFact): Placed {
    const { backend } = this.#desired;
    const { add } = this.#spec;
    if (add === undefined || address === undefined) return { kind: 'waits' };
    const server = { backend, server: nameOf(`${add.prefix}{member}`, member) };
    const at = { backend, member };
    if (!isSafe(server)) return impossible(reason('add_name_not_possible', { ...at, server: server.server }));
    if (this.#byName.has(server.server)) return impossible(reason('add_name_taken', { ...at, server: server.server }));
    const word = add.parameters.find((one) => !isParameter(one));
    if (word !== undefined) return impossible(reason('add_parameter_not_possible', { ...at, parameter: word }));
    if (!canAdd(version)) return impossible(reason('add_not_supported', { ...at, version }));
    const commands = [
      addServer(server, address, add.parameters),
      ...(add.parameters.includes('check') ? [enableHealth(server)] : []),
    ];
    const key = `add ${serverKey(server)} ${address.host} ${address.port}`;
    return change({ key, kind: 'add', ...server, member, commands });
  }

  #isIdle(line: ServerFact): boolean {
    if (!isGone(line)) return false;
    const key = serverKey(line);
    if (this.#idle.has(key)) return true;
    this.awaited.push(key);
    return false;
  }
}

const impossible = (why: Reason): Placed => ({ kind: 'impossible', why });
const change = (one: Arrangement): Placed => ({ kind: 'change', change: one });
const isSafe = ({ backend, server }: ServerName): boolean => isSafeName(backend) && isSafeName(server);
/** Who is to take connections first; then by name, so that every router comes to the same. */
const byNeed = (a: DesiredServer, b: DesiredServer): number =>
  Number(b.state === 'ready') - Number(a.state === 'ready') || (a.member < b.member ? -1 : a.member > b.member ? 1 : 0);

const changeOf = (kind: Arrangement['kind'], line: ServerFact, member: string | undefined) => ({
  key: `${kind} ${serverKey(line)}`,
  kind,
  backend: line.backend,
  server: line.server,
  member,
});

/** Maint comes first, though the line was read back in maint: another router may just have let it in for somebody else. */
function addressing(line: ServerFact, { member, address }: DesiredServer, exclusive: boolean): Arrangement {
  const to = address ?? { host: line.address, port: line.port };
  const frame = changeOf('address', line, member);
  return {
    ...frame,
    key: `${frame.key} ${to.host} ${to.port}`,
    commands: [setState(line, 'maint'), ...(exclusive ? [shutdownSessions(line)] : []), setAddress(line, to)],
  };
}

/** `add server` without experimental mode, and with checks: from 2.6 on. */
function canAdd(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  const [big, small] = [Number(major), Number(minor)];
  return big > 2 || (big === 2 && small >= 6);
}

/** The checks of a line that was added do not run before they are told to. */
function checking({ line, kind, member }: Wanted): readonly Arrangement[] {
  if (kind !== 'added' || !line.checked || line.agent || line.checksEnabled || !isSafe(line)) return [];
  return [{ ...changeOf('check', line, member), commands: [enableHealth(line)] }];
}

/**
 * Weights of lines that take connections. Without a wish it is the one from haproxy.cfg again; only an agent may have given another. A line that someone has
 * given the weight 0 is let in again with the others (`plan`), since that is an opening.
 */
function weighing({ line, state, member, weight }: Wanted): readonly Arrangement[] {
  if (member === undefined || state !== 'ready' || !isSafe(line)) return [];
  if (weight === undefined && line.agent) return [];
  const wish = weight ?? line.initialWeight;
  if (line.weight === wish || (line.weight === 0 && line.initialWeight > 0)) return [];
  const frame = changeOf('weight', line, member);
  return [{ ...frame, key: `${frame.key} ${wish}`, commands: [setWeight(line, wish, line.initialWeight)] }];
}

/** A change that HAProxy did not carry out, and what it said. Told for as long as it is wanted. */
export function refusalReason({ kind, backend, server, commands }: Arrangement, said: string, tries: number): Reason {
  const command = commands.at(kind === 'add' ? 0 : -1) ?? '';
  const facts = { backend, server, command, said, tries };
  return kind === 'weight' ? reason('weight_refused', facts) : reason('change_refused', facts);
}
