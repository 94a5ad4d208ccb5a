// An override as it stands in etcd: JSON of version 1, written by routers and, where need be, by hand. Read once at this edge; what can't be read is left out
// by whoever asks, never guessed.
import * as z from 'zod';
import type { Clock } from '../model/clock.ts';
import type { Override, OverrideAction } from '../model/override.ts';
import { after, type Millis } from '../model/units.ts';
import { hasControlCharacter } from '../store/names.ts';
import { type Parsed, parsed, parseJson, unreadable } from '../store/parsed.ts';
import type { FleetEntry } from './store.ts';

/** Owner, reason and names are shown on terminals and in logs. */
export const LONGEST_TEXT = 256;
export const GREATEST_WEIGHT = 256;

const text = z
  .string()
  .min(1)
  .max(LONGEST_TEXT)
  .refine((value) => !hasControlCharacter(value), 'control characters');
const instant = z.iso.datetime({ offset: true });

const common = {
  version: z.literal(1),
  member: text,
  service: text.nullish(),
  owner: text,
  reason: text,
  created_at: instant,
  expires_at: instant.nullish(),
  lifted: z.object({ by: text, at: instant }).nullish(),
};

const recordSchema = z.discriminatedUnion('action', [
  z.object({ ...common, action: z.literal('maint') }),
  z.object({ ...common, action: z.literal('drain') }),
  z.object({ ...common, action: z.literal('ready') }),
  z.object({ ...common, action: z.literal('weight'), weight: z.int().min(0).max(GREATEST_WEIGHT) }),
]);

/** A record that was read: the override, and who took it back, if somebody did. */
export interface KnownOverride {
  readonly override: Override;
  /** It does not count any more; its record goes by itself soon. */
  readonly liftedBy: string | undefined;
  /** As it is in etcd, for the next write. */
  readonly entry: FleetEntry;
}

/** One instant on both clocks. */
export interface Moment {
  readonly now: Millis;
  readonly wall: Date;
}

export const momentOf = (clock: Clock): Moment => ({ now: clock.now(), wall: clock.wall() });

/** On this router's clock, what the time of day says; reckoned once, so that a clock that is set afterwards moves no override. */
export const instantOf = (iso: string, { now, wall }: Moment): Millis => after(now, Date.parse(iso) - wall.getTime());

export function readOverride(id: string, entry: FleetEntry, moment: Moment): Parsed<KnownOverride> {
  const version = parseJson(entry.value, z.object({ version: z.number() }));
  if (version.ok && version.value.version !== 1)
    return unreadable(`version ${version.value.version}; only version 1 is understood`);
  const record = parseJson(entry.value, recordSchema);
  if (!record.ok) return record;
  const { member, service, owner, reason, created_at, expires_at, lifted } = record.value;
  const action: OverrideAction =
    record.value.action === 'weight' ? { kind: 'weight', weight: record.value.weight } : { kind: record.value.action };
  return parsed({
    override: {
      id,
      member,
      service: service ?? undefined,
      action,
      owner,
      reason,
      createdAt: created_at,
      expiresAt: expires_at ?? undefined,
      since: instantOf(created_at, moment),
      until: expires_at == null ? undefined : instantOf(expires_at, moment),
      scope: 'fleet',
      revision: entry.modRevision,
    },
    liftedBy: lifted?.by,
    entry,
  });
}

/** The record's text. */
export function overrideText(
  { member, service, action, owner, reason, createdAt, expiresAt }: Override,
  lifted?: { readonly by: string; readonly at: string },
): string {
  return JSON.stringify({
    version: 1,
    member,
    service: service ?? null,
    action: action.kind,
    ...(action.kind === 'weight' ? { weight: action.weight } : {}),
    owner,
    reason,
    created_at: createdAt,
    expires_at: expiresAt ?? null,
    ...(lifted === undefined ? {} : { lifted }),
  });
}

/** Whether it still counts at this instant. */
export const isInForce = ({ until }: Pick<Override, 'until'>, now: Millis): boolean =>
  until === undefined || now < until;
