// The one line that `systemctl status pgrouted` shows: who takes writes, whether HAProxy holds what is decided, what is wrong. Pure, and without secrets: all
// of it stands in /v2/status.
import type { ClusterStatus, ReasonDocument, StatusDocument, TargetStatusDocument } from '@pgrouted/core/status/schema';

/** Up to so many clusters are named one by one. */
const NAMED = 3;
/** More names than this are a number. */
const NAMES = 5;
/** What a terminal shows of it, and systemd passes on. */
const LONGEST = 400;
const LONGEST_ALARM = 160;

export function statusLine(status: StatusDocument): string {
  const parts = [clustersText(status.clusters), targetsText(status.targets), alarmsText(alarmsOf(status))];
  return cut(parts.filter((part) => part !== '').join('; '), LONGEST);
}

function clustersText(clusters: readonly ClusterStatus[]): string {
  if (clusters.length === 0) return 'no cluster yet';
  if (clusters.length <= NAMED) return clusters.map(clusterText).join('; ');
  const without = clusters.filter((cluster) => !isServed(cluster)).map(({ name }) => name);
  const served = `${clusters.length} clusters, `;
  return served + (without.length === 0 ? 'each with a primary' : `without a primary: ${listed(without)}`);
}

function clusterText(cluster: ClusterStatus): string {
  const { name, view, source } = cluster;
  if (view === null) return `${name}: ${source.kind === 'postgres' ? 'its servers were' : 'etcd was'} not heard yet`;
  const write = writeService(cluster);
  if (write === undefined) return `${name}: ${primaryOf(cluster) ?? 'nobody'} is primary`;
  const decided = write.servers.filter(({ state }) => state === 'ready');
  const writer = decided.find(({ held }) => held.some((one) => one.state === 'ready'));
  if (writer !== undefined) return `${name}: ${writer.member} takes writes`;
  const [awaited] = decided;
  return awaited === undefined
    ? `${name}: nobody takes writes (${write.reason.text})`
    : `${name}: ${awaited.member} is to take writes, no HAProxy sends it any yet`;
}

const writeService = ({ services }: ClusterStatus) => services.find(({ role }) => role === 'primary');

const primaryOf = ({ members }: ClusterStatus): string | undefined =>
  members.find(({ status }) => status === 'primary')?.name;

/** It has a write service that routes; without one, a primary. */
const isServed = (cluster: ClusterStatus): boolean =>
  writeService(cluster)?.routing ?? primaryOf(cluster) !== undefined;

function targetsText(targets: readonly TargetStatusDocument[]): string {
  const [first] = targets;
  if (first === undefined) return '';
  const astray = targets.filter(({ converged }) => !converged);
  if (astray.length === 0)
    return targets.length === 1 ? 'HAProxy as decided' : `${targets.length} HAProxies as decided`;
  const named = astray.slice(0, NAMES).map((target) => `${target.name} ${conditionOf(target)}`);
  const rest = astray.length > NAMES ? ` and ${astray.length - NAMES} more` : '';
  return `HAProxy not as decided: ${named.join(', ')}${rest}`;
}

const conditionOf = ({ state }: TargetStatusDocument): string =>
  state === 'reachable' ? 'is being told' : `(${state.replaceAll('_', ' ')})`;

const alarmsOf = ({ clusters, targets, alarms = [], fleet }: StatusDocument): readonly ReasonDocument[] => [
  ...clusters.flatMap((cluster) => cluster.alarms),
  ...targets.flatMap(({ problems }) => problems),
  ...alarms,
  ...(fleet?.alarms ?? []),
];

function alarmsText(alarms: readonly ReasonDocument[]): string {
  const [first] = alarms;
  if (first === undefined) return '';
  return `${alarms.length === 1 ? 'alarm' : `${alarms.length} alarms, first`}: ${cut(first.text, LONGEST_ALARM)}`;
}

const listed = (names: readonly string[]): string =>
  names.length <= NAMES ? names.join(', ') : `${names.slice(0, NAMES).join(', ')} and ${names.length - NAMES} more`;

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 3)}...`);
