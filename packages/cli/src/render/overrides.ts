// Overrides for people: a table of all, a line for each on the status page, and the sentence after one was set or lifted. Pure.
import type { OverrideDocument } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { type Row, renderTable } from './table.ts';
import { clean, hang, type Look, paint } from './text.ts';

const columns = [
  { title: 'ID' },
  { title: 'CLUSTER', shrinkTo: 10 },
  { title: 'MEMBER', shrinkTo: 10 },
  { title: 'SERVICE', shrinkTo: 8 },
  { title: 'ACTION' },
  { title: 'ENDS IN' },
  { title: 'OWNER', shrinkTo: 10 },
  { title: 'WHY' },
] as const;

export function renderOverrides(overrides: readonly OverrideDocument[], look: Look): string {
  if (overrides.length === 0) return 'no override stands\n';
  const rows = overrides.map((one): Row => {
    const local = one.scope === 'local' ? [{ text: 'LOCAL: this router alone obeys it', ink: 'warn' as const }] : [];
    return {
      cells: [
        { text: one.id },
        { text: one.cluster },
        { text: one.member, ink: 'strong' },
        { text: one.service ?? 'all' },
        { text: actionOf(one) },
        { text: one.endsInMs === null ? 'open end' : formatAge(one.endsInMs) },
        { text: one.owner },
        { text: one.reason },
      ],
      notes: local,
    };
  });
  return `${renderTable(look, columns, rows, { indent: 0, wrapLast: true }).join('\n')}\n`;
}

/** One line or more for each, to stand below the alarms. */
export const overrideLines = (overrides: readonly OverrideDocument[], look: Look): readonly string[] =>
  overrides
    .flatMap((one) => hang('OVERRIDE  ', clean(`${one.cluster}: ${overrideSentence(one)}`), look.width))
    .map((line) => paint(look, 'warn', line));

/** `maint of n2 in replica by alice@lb1 (kernel update), for another 3 min [3f2a9c10]`. */
export function overrideSentence(one: OverrideDocument): string {
  const end = one.endsInMs === null ? 'until it is lifted' : `for another ${formatAge(one.endsInMs)}`;
  const local = one.scope === 'local' ? ', on this router alone' : '';
  return `${wordsOf(one)} by ${one.owner} (${one.reason}), ${end}${local} [${one.id}]`;
}

export function doneSentences(
  {
    override,
    scope,
    why,
  }: { readonly override: OverrideDocument; readonly scope: 'fleet' | 'local'; readonly why: string | null },
  done: 'set' | 'lifted',
): string {
  const words = clean(`${wordsOf(override)} in cluster ${override.cluster}`);
  if (done === 'lifted') return `${words} is lifted\n`;
  const end = override.endsInMs === null ? 'until it is lifted' : `for ${formatAge(override.endsInMs)}`;
  const lift = `pgroutectl lift ${clean(override.id)} takes it back`;
  const lines = [`${words} ${end}; ${lift}`];
  if (scope === 'local')
    lines.push(clean(`ONLY THIS ROUTER obeys it, until it ends or pgrouted is restarted: ${why ?? 'it is local'}`));
  return `${lines.join('\n')}\n`;
}

const wordsOf = (one: OverrideDocument): string =>
  `${actionOf(one)} of ${one.member}${one.service === null ? '' : ` in ${one.service}`}`;

const actionOf = ({ action, weight }: OverrideDocument): string =>
  action === 'weight' ? `weight ${weight ?? '?'}` : action;
