// Source `postgres`: nobody names a primary, so who takes writes is told by the servers' own words. One that alone says so is taken for the primary;
// of two nobody is. Pure.
import type { ProbeState } from './probe.ts';
import type { Millis } from './units.ts';

interface Asked {
  readonly name: string;
  readonly probe: ProbeState | undefined;
}

export type PrimaryByWords =
  | { readonly kind: 'none' }
  /** `silent`: it gives no answer now; its last one, `primary`, is young enough to stand. */
  | { readonly kind: 'one'; readonly member: string; readonly silent: boolean }
  /** In the order given. */
  | { readonly kind: 'several'; readonly members: readonly string[] };

/**
 * `isYoung`: an answer that was asked for then still counts while its server is silent or turns us away, which may only be load.
 * Such a server gives way to one that has begun to say `primary` since its last answer: that one took over.
 */
export function primaryByWords(members: readonly Asked[], isYoung: (at: Millis) => boolean): PrimaryByWords {
  const saying = members.filter(({ probe }) => probe?.latest.kind === 'primary');
  const lately = members.filter(({ probe }) => {
    const last = probe?.lastAnswer;
    if (last?.kind !== 'primary' || !isSilent(probe) || !isYoung(last.at)) return false;
    return !saying.some(({ probe: other }) => (other?.primarySince ?? last.at) > last.at);
  });
  const claiming = members.filter((member) => saying.includes(member) || lately.includes(member));
  const [first, second] = claiming;
  if (first === undefined) return { kind: 'none' };
  if (second !== undefined) return { kind: 'several', members: claiming.map(({ name }) => name) };
  return { kind: 'one', member: first.name, silent: lately.includes(first) };
}

/** Silent ever since it answered: one that was seen to go away has to answer again. */
const isSilent = (probe: ProbeState | undefined): boolean =>
  probe?.primarySince !== undefined && (probe.latest.kind === 'silent' || probe.latest.kind === 'denied');
