// What a selector may say: the fields of a member, the words of those fields that have few, the functions. The list is closed, so that a mistyped name is
// told when the configuration is read, and so that an expression's work is bounded by its length and the number of members.
import { serviceRoles } from '../model/service.ts';

/** A member as a selector sees it. */
export interface SelectableMember {
  readonly name: string;
  readonly host: string | null;
  readonly port: number | null;
  /** Who leads is `primary`, or `standby_leader` in a standby cluster; else what the member's record says. */
  readonly role: string;
  /** The record's own word. */
  readonly state: string;
  readonly running: boolean;
  readonly sync: string;
  /** Bytes; null: not known. */
  readonly lag: number | null;
  /** Seconds since the newest transaction that was replayed; null: not known. */
  readonly lag_seconds: number | null;
  readonly timeline: number | null;
  /** Custom tags, and noloadbalance, nofailover, nosync. */
  readonly tags: Readonly<Record<string, unknown>>;
  /** Pigsty's: the tag pg_role where it names something that Patroni has no word for (`offline`, `delayed`), else the role. */
  readonly pg_role: string;
  /** Pigsty's: the tag pg_offline_query; false without one. */
  readonly pg_offline_query: boolean;
}

export type SelectorField = keyof SelectableMember;

const fieldSet: Readonly<Record<SelectorField, true>> = {
  name: true,
  host: true,
  port: true,
  role: true,
  state: true,
  running: true,
  sync: true,
  lag: true,
  lag_seconds: true,
  timeline: true,
  tags: true,
  pg_role: true,
  pg_offline_query: true,
};

export const selectorFields: readonly string[] = Object.keys(fieldSet);

export const isSelectorField = (name: string): name is SelectorField => Object.hasOwn(fieldSet, name);

/** Fields that have one of few words: a comparison with any other would never be true. */
export const fieldWords: ReadonlyMap<string, readonly string[]> = new Map([
  ['role', ['primary', 'promoting', 'replica', 'standby_leader', 'demoted', 'uninitialized', 'unknown']],
  ['sync', serviceRoles.filter((role) => role === 'sync' || role === 'quorum' || role === 'async')],
]);

/** What others call the same. */
export const otherWords: ReadonlyMap<string, string> = new Map([
  ['master', 'primary'],
  ['leader', 'primary'],
  ['slave', 'replica'],
  ['standby', 'replica'],
  ['secondary', 'replica'],
  ['potential', 'async'],
]);

/** Functions that give back no more than they were given; what multiplies text (replace, join, pad_left) is of no use in a selector. */
export const selectorFunctions: readonly string[] = [
  'abs',
  'ceil',
  'contains',
  'ends_with',
  'floor',
  'keys',
  'length',
  'lower',
  'max',
  'min',
  'not_null',
  'reverse',
  'sort',
  'sort_by',
  'starts_with',
  'to_number',
  'to_string',
  'type',
  'upper',
  'values',
];
