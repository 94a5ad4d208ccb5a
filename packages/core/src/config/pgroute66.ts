// PgRoute66's configuration file, as it stands -> a configuration for the source `postgres`. What PgRoute66 (0.8) takes is taken here; what it passes
// over is told as a warning. Two keys are ours, `haproxy` and `services`: PgRoute66 does not see them, so the way back needs no change.
import { dirname } from 'node:path';
import * as z from 'zod';
import type { PostgresHost } from '../model/spec.ts';
import type { ConfigError, ConfigResult, ConfigSurroundings, GroupsSpec } from './config.ts';
import { type Finding, isTable } from './findings.ts';
import { at, fromIssue, inOrder } from './issues.ts';
import { nearest } from './nearest.ts';
import { clustersOf } from './pgroute66-clusters.ts';
import { hostOf } from './pgroute66-host.ts';
import { httpOf } from './pgroute66-http.ts';
import type { Notes } from './pgroute66-notes.ts';
import { bad, good } from './quantities.ts';
import type { Reader } from './readers.ts';
import { backendFindings, backendsOf, servicesFindings, targetFindings, tooLong } from './rules-haproxy.ts';
import { fleetDefault, journalDefault, targetSchema } from './schema.ts';
import { maybe, type SchemaContext, value } from './schema-parts.ts';
import { servicesSchema } from './schema-service.ts';
import { targetOf } from './services.ts';
import { unknownMembers } from './warnings.ts';
import { formatPath, type Path, type YamlSource } from './yaml-source.ts';

const ownKeys = ['etcd', 'clusters', 'fleet', 'http', 'log', 'journal'];
/** What of PgRoute66's file has a meaning here. */
export const readKeys = ['hosts', 'groups', 'bind', 'port', 'ssl', 'loglevel', 'logfile', 'haproxy', 'services'];

/**
 * Whether this is PgRoute66's file: it has `hosts` at the top and no `clusters`. One without `hosts`, which PgRoute66 takes as well, by its other keys.
 * `elseSo`: what to take a file for that has no telling key at all.
 */
export function isPgRoute66(file: unknown, elseSo: boolean): boolean {
  if (file === null || file === undefined) return elseSo;
  if (!isTable(file)) return false;
  if ('clusters' in file) return false;
  if ('hosts' in file) return true;
  if (ownKeys.some((key) => key in file)) return false;
  return (
    elseSo || ['host_groups', 'bind', 'port', 'ssl', 'loglevel', 'logfile', 'verbosity'].some((key) => key in file)
  );
}

/** A value as PgRoute66 reads it: the text that is written, and nothing as the empty text. */
const scalar: Reader<string> = (written) => {
  if (written === null) return good('');
  // !!binary
  if (written instanceof Uint8Array) return good(Buffer.from(written).toString('utf8'));
  if (typeof written === 'string') return good(written);
  return bad(`one text is needed here, not ${Array.isArray(written) ? 'a list' : 'a map'}`, 'write it after the colon');
};

const groupsSchema = z.record(z.string(), z.array(value(scalar)).nullable()).nullish();

const fileSchema = (context: SchemaContext) =>
  z
    .looseObject({
      hosts: z.record(z.string(), z.record(z.string(), value(scalar)).nullable()).nullish(),
      groups: groupsSchema,
      bind: maybe(scalar),
      port: maybe(scalar),
      ssl: z.looseObject({ b64cert: maybe(scalar), b64key: maybe(scalar) }).nullish(),
      loglevel: maybe(scalar),
      logfile: maybe(scalar),
      haproxy: z.array(targetSchema(context)).nullish(),
      services: z.record(z.string(), servicesSchema).nullish(),
    })
    .nullish()
    .transform((file) => file ?? {});

/** `source`: the file, read as yaml.v2 reads it; `file`: its path, for messages and as the start of relative paths of `haproxy`. */
export function pgRoute66Config(source: YamlSource, file: string, surroundings: ConfigSurroundings): ConfigResult {
  const errors: ConfigError[] = source.problems.map(({ path, ...problem }) => ({
    file,
    path: formatPath(path),
    ...problem,
  }));
  if (source.broken) return { ok: false, errors: inOrder(errors) };
  const refuse = (found: Finding): void => void errors.push({ file, ...at(source.placeOf(found.path), found) });
  const warnings = source.passedOver.map((what) => `${what} is not used`);
  const notes: Notes = {
    complain: (path, message, remedy) => refuse({ path, message, remedy }),
    warn: (path, message) => void warnings.push(path.length === 0 ? message : `${formatPath(path)}: ${message}`),
    isLoneKey: source.isLoneKey,
  };
  const read = fileSchema({ ...surroundings, folder: dirname(file) }).safeParse(source.value);
  for (const found of haproxyFindings(source.value)) refuse(found);
  if (!read.success) {
    errors.push(...read.error.issues.flatMap((issue) => fromIssue(issue, source)).map((error) => ({ file, ...error })));
    return { ok: false, errors: inOrder(errors) };
  }

  warnOfOtherKeys(source.value, notes);
  const { haproxy, services } = read.data;
  const hosts = Object.entries(read.data.hosts ?? {}).flatMap(([name, words]) => {
    const host = hostOf(name, words ?? {}, notes, surroundings);
    return host === undefined ? [] : [host];
  });
  if (Object.keys(read.data.hosts ?? {}).length === 0)
    notes.warn(['hosts'], 'there are none, so every list is empty, as with PgRoute66');
  warnOfTwins(hosts, notes);
  const named = groupsOf(read.data, Object.keys(read.data.hosts ?? {}), notes);
  const clusters = clustersOf({ hosts, groups: named, services: services ?? {} }, notes);
  const http = httpOf(read.data, notes);
  if (services && !haproxy) notes.warn(['services'], "no HAProxy is told of them; name its socket with 'haproxy'");
  if (haproxy && !services) notes.warn(['haproxy'], "there is nothing to drive; name the backends with 'services'");
  if (errors.length > 0) return { ok: false, errors: inOrder(errors) };
  return {
    ok: true,
    warnings,
    config: {
      etcd: undefined,
      clusters,
      discovery: [],
      fleet: { ...fleetDefault, enabled: false },
      haproxy: (haproxy ?? []).map(targetOf),
      http,
      groups: { clusters: false, named },
      log: {
        level: read.data.loglevel?.toLowerCase() === 'debug' ? 'debug' : 'info',
        file: read.data.logfile || undefined,
      },
      journal: journalDefault,
    },
  };
}

function warnOfTwins(hosts: readonly PostgresHost[], notes: Notes): void {
  const seen = new Map<string, string>();
  for (const { name, address } of hosts) {
    const where = `${address.host.toLowerCase()}:${address.port}`;
    const other = seen.get(where);
    if (other === undefined) seen.set(where, name);
    else
      notes.warn(
        ['hosts', name],
        `is the same server as ${JSON.stringify(other)}: where it takes writes, two of them do`,
      );
  }
}

/** The rules of the two keys that are ours. */
function haproxyFindings(file: unknown): readonly Finding[] {
  if (!isTable(file)) return [];
  const services = isTable(file['services']) ? Object.entries(file['services']) : [];
  const pathOf = (group: string): Path => ['services', group];
  return [
    ...services.flatMap(([group, map]) =>
      servicesFindings(map, pathOf(group), 'add a service, or remove the key', { source: 'postgres', probed: true }),
    ),
    ...services.flatMap(([group, map]) => tooLong(map, pathOf(group), group)),
    ...backendFindings(services.flatMap(([group, map]) => backendsOf(map, pathOf(group), group))),
    ...targetFindings(file['haproxy']),
  ];
}

function warnOfOtherKeys(file: unknown, notes: Notes): void {
  for (const key of isTable(file) ? Object.keys(file) : []) {
    if (readKeys.includes(key) || key === 'host_groups') continue;
    if (notes.isLoneKey([key])) {
      notes.warn([], 'a key at the top has no value and is not used');
      continue;
    }
    const meant = ownKeys.includes(key) ? undefined : nearest(key, readKeys);
    notes.warn([key], `is not used${meant === undefined ? '' : `; did you mean '${meant}'?`}`);
  }
}

interface GroupKeys {
  readonly groups?: z.output<typeof groupsSchema>;
  readonly host_groups?: unknown;
}

/** Groups as written. `all` is no group of its own: it always means every host. */
function groupsOf(file: GroupKeys, hosts: readonly string[], notes: Notes): GroupsSpec['named'] {
  const other = groupsSchema.safeParse(file.host_groups);
  const useOther = file.groups === undefined && other.success;
  if (file.host_groups !== undefined)
    notes.warn(
      ['host_groups'],
      useOther
        ? "PgRoute66 does not know this key; here it is taken for 'groups'"
        : "is not used; the key that counts is 'groups'",
    );
  const [key, written] = useOther ? (['host_groups', other.data] as const) : (['groups', file.groups] as const);
  return Object.entries(written ?? {}).flatMap(([name, members]) => {
    if (name === 'all') {
      notes.warn([key, name], 'is not used: `all` always means every host');
      return [];
    }
    const list = members ?? [];
    for (const line of unknownMembers(formatPath([key, name]), list, hosts)) notes.warn([], line);
    return [{ name, members: list }];
  });
}
