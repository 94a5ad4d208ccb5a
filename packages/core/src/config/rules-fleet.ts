// What must fit together in what routers share: our own keys in etcd stay apart from those of the cluster managers.
import { type Finding, finding, type Table, tableOf, textOf } from './findings.ts';
import { normalNamespace } from './readers.ts';

/** `kept`: where the managers keep their state: prefixes without a slash at the end. */
export function fleetFindings(root: Table, kept: readonly string[]): readonly Finding[] {
  const fleet = tableOf(root['fleet']);
  const written = textOf(fleet['prefix']);
  const found: Finding[] = [];
  if (fleet['enabled'] === false)
    for (const key of ['prefix', 'name'])
      if (fleet[key] !== undefined)
        found.push(finding(['fleet', key], "has no meaning with 'enabled: false'", 'remove it'));
  if (written === undefined) return found;
  const prefix = normalNamespace(written);
  const other = kept.find((one) => one === prefix || one.startsWith(`${prefix}/`) || prefix.startsWith(`${one}/`));
  if (prefix !== '' && other !== undefined)
    found.push(
      finding(
        ['fleet', 'prefix'],
        `meets ${other}, where a cluster manager keeps its state`,
        'choose a prefix that nothing else uses, such as /pgrouted',
      ),
    );
  return found;
}
