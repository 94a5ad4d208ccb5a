// What a person is told of the fleet: why it is not shared, and what he has to look at; and what of it concerns the other routers. What the link says in, words
// out; contacts nobody.
import { hostname } from 'node:os';
import type { PgroutedConfig } from '../config/config.ts';
import type { FleetProblem } from '../fleet/book.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { JournalEntry } from '../status/schema.ts';
import type { FleetLink } from './fleet-link.ts';

type Told = Pick<FleetLink, 'problem' | 'isRead'> & {
  readonly announcer: Pick<FleetLink['announcer'], 'error' | 'name' | 'renamedForMs'>;
  readonly book: Pick<FleetLink['book'], 'problems'>;
};

/** The record of a process before, of the same name, is gone by then. */
const NAME_TAKEN_AFTER_MS = 30_000;

/** Undefined: it is shared and this router is registered, or it is too early to say. */
export function fleetProblem(link: Told | undefined): string | undefined {
  if (link === undefined) return undefined;
  if (link.problem !== undefined)
    return link.isRead
      ? `${link.problem}; the overrides that were read last still count`
      : `${link.problem}; overrides that are set here are local`;
  return link.announcer.error === undefined ? undefined : `this router can't be registered: ${link.announcer.error}`;
}

/** `name`: what this router is to be called. */
export function fleetAlarms(link: Told | undefined, name: string): readonly Reason[] {
  if (link === undefined) return [];
  const { announcer, book } = link;
  const isTaken = (announcer.renamedForMs ?? 0) > NAME_TAKEN_AFTER_MS;
  return [
    ...(isTaken ? [reason('router_name_taken', { name, own: announcer.name })] : []),
    ...unreadableReasons(book.problems()),
  ];
}

export const unreadableReasons = (problems: readonly FleetProblem[]): readonly Reason[] =>
  problems.map(({ key, error }) => reason('fleet_record_unreadable', { key, error }));

/** What is told of clusters in these entries is nothing that the other routers are told. */
const silentKinds: ReadonlySet<JournalEntry['kind']> = new Set(['probe', 'fleet', 'config', 'started', 'stopping']);

/** After such an entry this router's own record may be another. */
export const concernsOthers = ({ kind }: Pick<JournalEntry, 'kind'>): boolean => !silentKinds.has(kind);

export const isShared = ({ fleet, etcd }: Pick<PgroutedConfig, 'fleet' | 'etcd'>): boolean =>
  fleet.enabled && etcd !== undefined;

/** What this router is to be called. */
export const nameOf = (configured: string | undefined): string => configured ?? hostname();
