// What zod found -> what a person is told: place in the file, path, message and remedy.
import type { z } from 'zod';
import type { ConfigError } from './config.ts';
import type { Finding } from './findings.ts';
import { nearest } from './nearest.ts';
import { kindOf } from './readers.ts';
import { formatPath, type Path, type Place, type YamlSource } from './yaml-source.ts';

export type Placed = Omit<ConfigError, 'file'>;

export const at = (place: Place, finding: Finding): Placed => ({
  ...place,
  ...finding,
  path: formatPath(finding.path),
});

export const inOrder = (errors: readonly ConfigError[]): readonly ConfigError[] =>
  [...errors].sort((a, b) => a.line - b.line || a.column - b.column);

export function fromIssue(issue: z.core.$ZodIssue, source: YamlSource): readonly Placed[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey([...path, key], key, issue.message.split(' '), source));
  const written = valueAt(source.value, path);
  const place = source.placeOf(path);
  if (issue.code === 'custom')
    return [at(place, { path, message: issue.message, remedy: String(issue.params?.['remedy']) })];
  if (issue.code === 'too_small') return [at(place, { path, message: 'the list is empty', remedy: 'add an entry' })];
  if (issue.code !== 'invalid_type')
    return [at(place, { path, message: issue.message, remedy: 'see docs/configuration.md' })];
  if (path.length === 0 && (written === null || written === undefined))
    return [
      at(place, {
        path,
        message: 'nothing is configured yet',
        remedy: "the file has no keys, only comments if anything: add 'etcd' and 'clusters'; see docs/configuration.md",
      }),
    ];
  if (written === undefined) return [at(place, { path, message: 'is missing', remedy: 'add it' })];
  const needed = issue.expected === 'array' ? 'a list' : 'a map';
  const remedy =
    needed === 'a list' ? "start each entry with '- '" : "write its keys below it, indented, as 'key: value'";
  return [at(place, { path, message: `${needed} is needed here, not ${kindOf(written)}`, remedy })];
}

function unknownKey(path: Path, key: string, known: readonly string[], source: YamlSource): Placed {
  const place = source.placeOfKey(path);
  // `{password: one,two}` makes a key of `two`: it could be half a password, so it is not repeated.
  if (source.isLoneKey(path))
    return at(place, {
      path: path.slice(0, -1),
      message: 'a key without a value',
      remedy: 'put a text that holds a comma in quotes',
    });
  const meant = nearest(key, known);
  const remedy = meant === undefined ? `the keys here are ${known.join(', ')}` : `did you mean '${meant}'?`;
  return at(place, { path, message: 'there is no such key', remedy });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  );
}
