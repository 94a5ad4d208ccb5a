// Whom a selector selects in this picture: members as selectors see them, each selector asked once for each picture. Judges nobody's safety.
import { type Reason, reason } from '../model/reason.ts';
import type { ClusterView, Member, Role } from '../model/view.ts';
import { lagOf, replayDelayOf } from './lag.ts';
import type { Case } from './ruling.ts';
import { compileSelector, type Selection, type Selector, selectFrom } from './selector.ts';
import type { SelectableMember } from './selector-words.ts';

const asked = new WeakMap<ClusterView, Map<string, Selection>>();

/** Whom the selector of this text takes. One that can't be compiled, or fails on a member, takes nobody. */
export function selectionOf(given: Case, text: string): Selection {
  const known = asked.get(given.view) ?? new Map<string, Selection>();
  asked.set(given.view, known);
  const before = known.get(text);
  if (before !== undefined) return before;
  const selection = evaluate(given, text);
  known.set(text, selection);
  return selection;
}

/** Why this selector keeps the member out; undefined: it takes it, or there is none. */
export function selectorRefuses(given: Case, selector: string | undefined, member: string): Reason | undefined {
  if (selector === undefined || selectionOf(given, selector).names.has(member)) return undefined;
  return reason('not_selected', { member });
}

/** Selectors that take nobody because they could not be evaluated: for a person to look at. */
export const failedSelectors = (given: Case, service: string, texts: readonly string[]): readonly Reason[] =>
  texts.flatMap((selector) => {
    const { error } = selectionOf(given, selector);
    return error === undefined ? [] : [reason('selector_failed', { service, selector, error })];
  });

function evaluate(given: Case, text: string): Selection {
  const reading = compileSelector(text);
  if (!reading.ok) return { names: new Set(), error: reading.message };
  const { selector } = reading;
  return selectFrom(
    selector,
    given.view.members.map((member) => shown(given, member, selector)),
  );
}

function shown(given: Case, member: Member, { fields }: Selector): SelectableMember {
  const { name, address, stateText, running, sync, timeline, probe, tags } = member;
  const role = roleNow(given.view, member);
  const said = probe?.latest.kind === 'standby' || probe?.latest.kind === 'primary' ? probe.latest.timeline : undefined;
  const delayMs = fields.has('lag_seconds') ? replayDelayOf(given, member) : undefined;
  return {
    name,
    host: address?.host ?? null,
    port: address?.port ?? null,
    role,
    state: stateText,
    running,
    sync,
    // Lags grow old: they are looked at only where they are asked for, so that nothing else is judged anew when they do.
    lag: (fields.has('lag') ? lagOf(given, member) : undefined) ?? null,
    lag_seconds: delayMs === undefined ? null : delayMs / 1_000,
    timeline: said ?? timeline ?? null,
    tags: {
      ...tags.custom,
      noloadbalance: tags.noloadbalance,
      nofailover: tags.nofailover,
      nosync: tags.nosync,
    },
    pg_role: pigstyRole(tags.custom['pg_role'], role),
    pg_offline_query: isSet(tags.custom['pg_offline_query']),
  };
}

/** Who leads is known before its record says so, and who led still says so for a while. */
function roleNow({ leadership, settings }: ClusterView, { name, role, probe }: Member): Role {
  if (leadership.kind === 'vacant') return role;
  if (leadership.member === name) return settings.standbyCluster ? 'standby_leader' : 'primary';
  if (role === 'standby_leader' && settings.standbyCluster) return 'replica';
  if (role !== 'primary') return role;
  return probe?.latest.kind === 'standby' ? 'replica' : 'demoted';
}

/** In Pigsty's inventory a role is written once; a tag made of it still says primary or replica after a switchover, and so does not count. */
function pigstyRole(tag: unknown, role: Role): string {
  return typeof tag === 'string' && tag !== 'primary' && tag !== 'replica' ? tag : role;
}

/** As Patroni takes its own tags: also written as text. */
const isSet = (tag: unknown): boolean => tag === true || (typeof tag === 'string' && /^(?:true|yes|on|1)$/i.test(tag));
