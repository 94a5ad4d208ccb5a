// Why each member is in or out of each service: full sentences with the facts, the record, the probe and what HAProxy holds. Pure.
import type {
  ClusterStatus,
  MemberStatus,
  OverrideDocument,
  ServiceStatus,
  StatusDocument,
} from '@pgrouted/core/status/schema';
import { formatAddress, formatAge, formatBytes } from './amounts.ts';
import { unconfirmedAfterMs } from './cluster.ts';
import { dbSentence, masterSentence, proxyLines } from './explain-stolon.ts';
import { describeHeld, deviationOf, type ServerStatus } from './held.ts';
import { stolonRoleWords } from './members.ts';
import { overrideSentence } from './overrides.ts';
import { isUnmanaged, lastWords, wordOfServers } from './postgres.ts';
import { backendWords, isUndecided, serviceState } from './services.ts';
import { clean, hang, type Ink, type Look, paint } from './text.ts';

type View = NonNullable<ClusterStatus['view']>;

/** What to explain; undefined: all of it. */
export interface Question {
  readonly member: string | undefined;
  readonly cluster: string | undefined;
  readonly service: string | undefined;
}

/** One member in one service: a line of `explain -o json`. */
export interface Explanation {
  readonly cluster: string;
  readonly service: ServiceStatus;
  readonly server: ServerStatus;
  readonly record: MemberStatus | null;
  /** The override that it rests on. */
  readonly override: OverrideDocument | undefined;
}

/** Every pair of service and member that the question is about. */
export function explanations(doc: StatusDocument, asked: Question): readonly Explanation[] {
  return doc.clusters
    .filter((cluster) => asked.cluster === undefined || cluster.name === asked.cluster)
    .flatMap((cluster) =>
      cluster.services
        .filter((service) => asked.service === undefined || service.name === asked.service)
        .flatMap((service) =>
          service.servers
            .filter((server) => asked.member === undefined || server.member === asked.member)
            .map((server) => ({
              cluster: cluster.name,
              service,
              server,
              record: cluster.members.find((member) => member.name === server.member) ?? null,
              override: doc.overrides?.find((one) => one.cluster === cluster.name && one.id === server.override),
            })),
        ),
    );
}

export function renderExplain(doc: StatusDocument, asked: Question, look: Look): string {
  const all = explanations(doc, asked);
  const blocks = doc.clusters
    .map((cluster) => ({ cluster, about: all.filter((one) => one.cluster === cluster.name) }))
    .filter(({ about }) => about.length > 0)
    .map(({ cluster, about }) => renderCluster(look, cluster, about));
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function renderCluster(look: Look, cluster: ClusterStatus, about: readonly Explanation[]): readonly string[] {
  const lines = [...hang('', `${clean(cluster.name)}: ${clean(authority(cluster))}`, look.width)];
  for (const alarm of cluster.alarms) {
    lines.push(
      ...hang('ALARM  ', clean(`${alarm.text} [${alarm.code}]`), look.width).map((line) => paint(look, 'bad', line)),
    );
  }
  for (const service of new Set(about.map((one) => one.service))) {
    const state = serviceState(service);
    lines.push('');
    lines.push(
      ...hang(
        '',
        clean(`${cluster.name}/${service.name} (${backendWords(service)}) is ${state.text}.`),
        look.width,
      ).map((line) => line.replace(state.text, (text) => paint(look, state.ink, text))),
      ...labelled(look, 'because', `${service.reason.text} [${service.reason.code}]`),
      ...(service.role === 'primary' ? proxyLines(cluster) : []).flatMap(({ label, text, ink }) =>
        labelled(look, label, text, ink),
      ),
    );
    for (const one of about) if (one.service === service) lines.push('', ...renderServer(look, cluster, one));
  }
  return lines;
}

/** Who has authority and how sure that is. */
function authority(cluster: ClusterStatus): string {
  const { view, stolon } = cluster;
  if (isUnmanaged(cluster)) {
    return view === null ? 'no server has been asked yet.' : `${wordOfServers(cluster, view)}.`;
  }
  if (view === null) return 'etcd has not been read yet, so nobody is known.';
  const sure =
    view.confirmedAgeMs < unconfirmedAfterMs
      ? `etcd confirmed that at revision ${view.revision} ${formatAge(view.confirmedAgeMs)} ago`
      : `etcd has NOT CONFIRMED it for ${formatAge(view.confirmedAgeMs)}; the last known revision is ${view.revision}`;
  const manager = stolon === null ? 'Patroni' : 'Stolon';
  const unusual = [
    ...(view.paused ? ['Patroni is paused: it does no failover'] : []),
    ...(view.standbyCluster ? ['this is a standby cluster: nobody in it takes writes'] : []),
    ...(view.initialized || (stolon?.problem ?? null) !== null ? [] : [`${manager} has not initialized this cluster`]),
  ];
  const who = stolon === null ? leaderSentence(view) : masterSentence(cluster, view, stolon);
  return `${[who, sure, ...unusual].join('; ')}.`;
}

function leaderSentence({ leadership }: View): string {
  return leadership.kind === 'held'
    ? `${leadership.member} holds the leader key for ${formatAge(leadership.forMs)} (since revision ${leadership.revision})`
    : `nobody holds the leader key for ${formatAge(leadership.forMs)} (since revision ${leadership.revision}${leadership.former === null ? '' : `; ${leadership.former} held it last`})`;
}

function renderServer(
  look: Look,
  cluster: ClusterStatus,
  { service, server, record, override }: Explanation,
): readonly string[] {
  const inOut: { readonly word: string; readonly ink: Ink } =
    server.state === 'ready' ? { word: 'IN', ink: 'good' } : { word: 'OUT', ink: 'warn' };
  const meaning: Readonly<Record<ServerStatus['state'], string>> = {
    ready: 'ready: it takes new connections',
    drain: 'drain: no new connections, open sessions stay',
    maint: `maint: no new connections${sessionWords(service, server)}`,
  };
  const name = clean(server.member);
  const head = hang('  ', `${name} is ${inOut.word} (${meaning[server.state]})`, look.width).map((line, i) =>
    i === 0 ? line.replace(`is ${inOut.word} (`, `is ${paint(look, inOut.ink, inOut.word)} (`) : line,
  );
  // The source is there for the choice of words.
  const told = Object.entries(server.reason.facts).filter(([key]) => key !== 'source');
  const facts = told.map(([key, value]) => `${key}=${value}`);
  return [
    ...head,
    ...labelled(look, 'because', `${server.reason.text} [${server.reason.code}]`),
    ...(facts.length === 0 ? [] : labelled(look, 'facts', facts.join(', '))),
    ...(override === undefined ? [] : labelled(look, 'override', overrideSentence(override), 'warn')),
    ...(server.weight === undefined || server.weight === null
      ? []
      : labelled(look, 'weight', `${server.weight}${server.weight === 0 ? ': no new connections' : ''}`)),
    ...(server.lines === undefined || server.lines === null
      ? []
      : labelled(look, 'lines', `its own shall be ${server.lines.own}, its backup line ${server.lines.backup}`)),
    ...(isUnmanaged(cluster)
      ? labelled(look, 'server', record === null ? 'it is not configured any more' : lastWords(record))
      : labelled(look, 'record', record === null ? 'there is none for this member' : recordSentence(cluster, record))),
    ...(record === null || record.stolon === null ? [] : labelled(look, 'db', dbSentence(record.stolon))),
    ...(cluster.probing ? labelled(look, 'probe', record === null ? 'none' : probeSentence(record)) : []),
    ...(server.held.length === 0 ? labelled(look, 'held', 'no HAProxy is configured for it') : []),
    ...server.held.flatMap((held) => {
      const wrong =
        !isUndecided(service) && ['open_wrongly', 'shut_wrongly'].includes(deviationOf(service, server, held));
      return labelled(look, wrong ? '!! held' : 'held', describeHeld(service, server, held), wrong ? 'bad' : 'plain');
    }),
  ];
}

function sessionWords({ role }: ServiceStatus, { sessions }: ServerStatus): string {
  if (role === 'primary' || sessions === 'end') return ', open sessions are ended';
  return sessions === 'stay' ? ', open sessions stay' : '';
}

function labelled(look: Look, label: string, text: string, ink: Ink = 'plain'): readonly string[] {
  const first = `${label.padStart(11)}: `;
  return hang(first, clean(text), look.width).map((line, i) =>
    i === 0 ? line.slice(0, first.length) + paint(look, ink, line.slice(first.length)) : paint(look, ink, line),
  );
}

function recordSentence({ source }: ClusterStatus, member: MemberStatus): string {
  if (member.problem !== null) return `it can't be read: ${member.problem}`;
  const parts = [
    `role ${source.kind === 'stolon' ? stolonRoleWords[member.role] : member.role}`,
    `state ${member.state}`,
    member.timeline === null ? 'timeline not told' : `timeline ${member.timeline}`,
    ...(member.position === null ? [] : [`WAL position ${member.position}`]),
    ...(member.lagBytes === null ? [] : [`${formatBytes(member.lagBytes)} behind the primary`]),
    ...(member.replicationState === null ? [] : [member.replicationState]),
    ...(member.sync === 'async' ? [] : [`${member.sync} standby`]),
    ...tagWords(member),
    `PostgreSQL${source.kind === 'stolon' && member.version !== null ? ` ${member.version}` : ''} at ${formatAddress(member.address)}`,
  ];
  const gone = member.present ? '' : 'the record is GONE, this is what it said last: ';
  const age = formatAge(member.recordAgeMs);
  // clusterdata is written every few seconds as a whole: what counts is since when it says the same of this member.
  if (source.kind === 'stolon') return `${gone}${parts.join(', ')}; unchanged for ${age}`;
  const by = member.version === null ? '' : ` by Patroni ${member.version}`;
  return `${gone}${parts.join(', ')}; written${by} ${age} ago`;
}

function tagWords(member: MemberStatus): readonly string[] {
  const set = Object.entries(member.tags).filter(([, value]) => value !== false);
  return set.length === 0 ? [] : [`tags ${set.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(' ')}`];
}

function probeSentence({ probe }: MemberStatus): string {
  if (probe === null) return 'PostgreSQL has not been asked yet';
  const when = `${formatAge(probe.ageMs)} ago`;
  const said: Readonly<Record<typeof probe.kind, string>> = {
    primary: `PostgreSQL said ${when} that it is not in recovery: it takes writes`,
    standby: `PostgreSQL said ${when} that it is in recovery: a standby`,
    starting: `PostgreSQL was starting up ${when}`,
    stopping: `PostgreSQL was shutting down ${when}`,
    down: `no PostgreSQL was there ${when}`,
    silent: `PostgreSQL did not answer ${when}, nothing is known`,
    denied: `PostgreSQL was there ${when}, but refused our session`,
  };
  const error = probe.error === null ? '' : ` (${probe.error})`;
  const answered = probe.kind === 'primary' || probe.kind === 'standby';
  const last =
    answered || probe.lastAnswer === null
      ? ''
      : `; its last answer was ${probe.lastAnswer.kind}, ${formatAge(probe.lastAnswer.ageMs)} ago`;
  return `${said[probe.kind]}${error}${last}`;
}
