// What must fit together within one service, the same in every form of configuration file. It looks at the words of a service together with those of its
// preset, and complains only of words that were written.
import { type Finding, finding, isTable, listOf, type Table, tableOf, textOf } from './findings.ts';
import { presetWords } from './presets.ts';
import { readDuration, readSize } from './quantities.ts';
import { name as readName } from './readers.ts';
import { memberPlace } from './readers-service.ts';
import { noManager } from './rules-postgres.ts';
import { addedPrefixDefault } from './server-parameters.ts';
import type { WrittenService } from './service-words.ts';
import type { Path } from './yaml-source.ts';

/** What else of a cluster decides whether a key has a meaning. */
export interface Surroundings {
  readonly source: 'patroni' | 'stolon' | 'postgres';
  /** Members are asked by SQL. */
  readonly probed: boolean;
}

export function serviceFindings(
  { name, words, written }: WrittenService,
  path: Path,
  around: Surroundings,
): readonly Finding[] {
  const service: Service = { words, written, path, around, primary: words['role'] === 'primary' };
  return [
    ...(readName(name).ok
      ? []
      : [finding(path, 'this is no name for a service', 'use 1 to 64 letters, digits, and the characters _ . : -')]),
    ...completeness(service),
    ...roleFindings(service),
    ...(service.primary ? writeFindings(service) : readFindings(service)),
    ...lagFindings(service),
    ...serversFindings(service),
  ];
}

interface Service {
  readonly words: Table;
  readonly written: Table;
  readonly path: Path;
  readonly around: Surroundings;
  readonly primary: boolean;
}

const removeIt = 'remove it';

/** One finding for each of these keys that was written. */
const meaningless = (
  { written, path }: Service,
  keys: readonly string[],
  why: string,
  remedy = removeIt,
): readonly Finding[] =>
  keys
    .filter((key) => written[key] !== undefined)
    .map((key) => finding([...path, key], `has no meaning ${why}`, remedy));

function completeness({ words, written, path }: Service): readonly Finding[] {
  const found: Finding[] = [];
  if (words['backend'] === undefined && words['backends'] === undefined)
    found.push(finding([...path, 'backend'], 'is missing', 'add it'));
  if (words['role'] === undefined) found.push(finding([...path, 'role'], 'is missing', 'add it'));
  const both = (one: string, other: string, remedy: string): void => {
    if (written[one] !== undefined && written[other] !== undefined)
      found.push(finding([...path, other], `beside '${one}' it is one word too many`, remedy));
  };
  both('backend', 'backends', 'keep one of the two');
  both('dest', 'port', "keep one of the two; the port that clients connect to is 'listen'");
  return found;
}

function roleFindings({ words, written, path, around: { source } }: Service): readonly Finding[] {
  const found: Finding[] = [];
  const { role } = words;
  const preset = presetWords(written['preset'], '');
  if (preset !== undefined && written['role'] !== undefined && (preset['role'] === 'primary') !== (role === 'primary'))
    found.push(
      finding(
        [...path, 'role'],
        `the preset '${String(written['preset'])}' is for ${preset['role'] === 'primary' ? 'writes' : 'reads'}`,
        "leave out 'preset' and write what the service is to have",
      ),
    );
  const where = [...path, written['role'] === undefined ? 'preset' : 'role'];
  if (source === 'postgres' && ['sync', 'async', 'quorum', 'standby_leader'].includes(String(role)))
    found.push(
      finding(
        where,
        `nobody tells who is '${String(role)}' where no cluster manager is asked`,
        "use 'replica' and a selector",
      ),
    );
  if (source === 'stolon' && role === 'quorum')
    found.push(finding(where, 'Stolon knows no quorum commit', "use 'sync'"));
  if (source === 'stolon' || source === 'postgres') {
    if (written['weight_tag'] !== undefined && written['weight_tag'] !== 'none')
      found.push(
        finding(
          [...path, 'weight_tag'],
          'has no meaning where members have no tags',
          "remove it; 'weight' of the server lines counts",
        ),
      );
  }
  if (source === 'postgres' && written['outage'] !== undefined) found.push(finding([...path, 'outage'], ...noManager));
  return found;
}

/** In a write service these end sessions, whatever is wanted: two writers are worse. */
const alwaysKilled = ['role_lost', 'down', 'absent', 'view_lost'];
const ofReads = ['max_lag', 'fallback', 'keep_at_least', 'backup'];

function writeFindings(service: Service): readonly Finding[] {
  const { written, path } = service;
  const leave = tableOf(written['leave']);
  const servers = tableOf(written['servers']);
  const why = 'for a service of role primary';
  return [
    ...meaningless(service, ofReads, why),
    ...['lag', 'preferred']
      .filter((cause) => leave[cause] !== undefined)
      .map((cause) => finding([...path, 'leave', cause], `has no meaning ${why}`, removeIt)),
    ...alwaysKilled
      .filter((cause) => leave[cause] !== undefined && leave[cause] !== 'kill')
      .map((cause) =>
        finding([...path, 'leave', cause], `is always 'kill' ${why}: two servers must not take writes`, removeIt),
      ),
    ...(servers['backup'] === undefined
      ? []
      : [finding([...path, 'servers', 'backup'], `has no meaning ${why}`, removeIt)]),
  ];
}

function readFindings(service: Service): readonly Finding[] {
  const { words, written, path, around } = service;
  const found = [
    ...meaningless(service, ['hold'], 'for a service of reads', 'remove it; new connections wait for a writer only'),
  ];
  const lowest = words['backup'] === undefined && (words['fallback'] === undefined || words['fallback'] === 'none');
  if (tableOf(written['servers'])['backup'] !== undefined && lowest)
    found.push(
      finding(
        [...path, 'servers', 'backup'],
        "is of no use without 'backup' or 'fallback: primary'",
        'say who stands in, or remove it',
      ),
    );
  // Stolon's cluster spec has a limit of its own.
  if (words['max_lag'] === undefined && around.source !== 'stolon')
    found.push(...meaningless(service, ['keep_at_least'], "without 'max_lag'", "add 'max_lag', or remove it"));
  return found;
}

/** How much, as the file has it; undefined: left out, or wrong by itself. */
const amount = (reading: { readonly ok: boolean; readonly value?: number }): number | undefined =>
  reading.ok ? reading.value : undefined;

function lagFindings({ written, path, around, primary }: Service): readonly Finding[] {
  const lag = written['max_lag'];
  if (lag === undefined || primary) return [];
  const here = [...path, 'max_lag'];
  const map = tableOf(lag);
  const found: Finding[] = [];
  const inTime = map['time'] !== undefined || (typeof lag === 'string' && /\d\s*(ms|s|min|h|d)\s*$/.test(lag));
  if (inTime && !around.probed)
    found.push(
      finding(
        map['time'] === undefined ? here : [...here, 'time'],
        'a limit in time needs a probe: the records in etcd tell positions, no times',
        "add 'probe' to the cluster, or write a size such as 16MB",
      ),
    );
  if (typeof lag !== 'object' || lag === null) return found;
  if (map['bytes'] === undefined && map['time'] === undefined)
    found.push(finding(here, "has neither 'bytes' nor 'time'", 'add one of them, or both'));
  for (const [key, read] of [
    ['bytes', readSize],
    ['time', readDuration],
  ] as const) {
    const back = `${key}_back`;
    if (map[back] === undefined) continue;
    if (map[key] === undefined)
      found.push(finding([...here, back], `is of no use without '${key}'`, `add '${key}', or remove it`));
    const [out, enter] = [amount(read(map[key])), amount(read(map[back]))];
    if (out !== undefined && enter !== undefined && enter > out)
      found.push(
        finding(
          [...here, back],
          `is more than '${key}': a server would come back while it still has to go`,
          `write ${key} or less; left out it is half of it`,
        ),
      );
  }
  return found;
}

function serversFindings({ written, path }: Service): readonly Finding[] {
  const servers = tableOf(written['servers']);
  const here = [...path, 'servers'];
  const found: Finding[] = [];
  const { name = memberPlace, backup, match, spares } = servers;
  const add = isTable(servers['add']) ? textOf(servers['add']['prefix'] ?? addedPrefixDefault) : undefined;
  if (match === 'address' && servers['name'] !== undefined)
    found.push(finding([...here, 'name'], "has no meaning with 'match: address'", removeIt));
  if (backup !== undefined && backup === name)
    found.push(
      finding(
        [...here, 'backup'],
        'is the name of the other line too',
        `give the backup line a name of its own, such as ${memberPlace}-fb`,
      ),
    );
  const spare = textOf(spares);
  if (add !== undefined && spare !== undefined && (add.startsWith(spare) || spare.startsWith(add)))
    found.push(
      finding([...here, 'add', 'prefix'], `can't be told from 'spares', which starts alike`, 'choose another one'),
    );
  return found;
}

/** The backends that the words of a service name. */
export const backendsIn = ({
  words,
}: WrittenService): readonly { readonly key: string | undefined; readonly at: Path }[] =>
  words['backends'] === undefined
    ? [{ key: textOf(words['backend']), at: ['backend'] }]
    : listOf(words['backends']).map((backend, index) => ({ key: textOf(backend), at: ['backends', index] }));
