// docs/reasons.md is made from the list in the code: `pnpm exec vitest run --project unit reasons-document -u` writes it anew.
import { expect, it } from 'vitest';
import { postgresTexts } from '../src/model/postgres-texts.ts';
import { reasonSections } from '../src/model/reason.ts';
import { stolonTexts } from '../src/model/stolon-texts.ts';

const titles: Readonly<Record<string, string>> = {
  cluster: 'The cluster: no write service can be open',
  'write service: in': 'A server in a write service: why it is in',
  'write service: out': 'A server in a write service: why it is out',
  'read service': 'A server in a read service',
  'any service: out': 'A server in a service of either kind: why it is out',
  'service as a whole': 'A service as a whole',
  alarm: 'Alarms about a cluster',
  fleet: 'Alarms about the routers of a fleet',
  HAProxy: 'Alarms about a HAProxy',
};

const others: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Stolon', stolonTexts],
  ['No manager', postgresTexts],
];

const cell = (code: string, text: string): string => {
  const own = others.flatMap(([title, texts]) => (Object.hasOwn(texts, code) ? [`*${title}:* ${texts[code]}`] : []));
  return [text, ...own].join('<br>').replaceAll('|', '\\|');
};

const section = ([name, texts]: readonly [string, Readonly<Record<string, string>>]): string =>
  [
    `## ${titles[name] ?? name}`,
    '',
    '| code | what it says |',
    '|---|---|',
    ...Object.entries(texts).map(([code, text]) => `| \`${code}\` | ${cell(code, text)} |`),
    '',
  ].join('\n');

it('documents every reason', async () => {
  const document = [
    '# Reasons',
    '',
    'Every decision and every alarm carries a reason: a code, a sentence, and the facts that it rests on. Codes are stable; scripts and alerts may',
    'depend on them. `{name}` stands for a fact. They are seen in `pgroutectl explain`, in `/v2/status` and `/v2/events`, in the log and in the',
    'metric `pgrouted_alarms`.',
    '',
    'A reason is told in the words of the cluster manager. Where Stolon has others than Patroni, or where nobody manages the servers (source',
    '`postgres`), each sentence stands here; the fact `source` is `stolon` or `postgres` then.',
    '',
    ...Object.entries(reasonSections).map(section),
  ].join('\n');
  await expect(document).toMatchFileSnapshot('../../../docs/reasons.md');
});
