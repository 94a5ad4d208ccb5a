// pgroutectl replay: a recorded stream through the daemon's own source and decision code on a virtual clock. Contacts nobody.
import { readFileSync } from 'node:fs';
import { explainReason } from '@pgrouted/core/model/reason';
import type { StoredClusterSpec } from '@pgrouted/core/model/spec';
import {
  parseEvents,
  parseProbes,
  type RecordedEvent,
  type ReplayChange,
  replay as runReplay,
} from '@pgrouted/core/replay/replay';
import { sourcePrefix } from '@pgrouted/core/source/source';
import { type Parsed, parsed } from '@pgrouted/core/store/parsed';
import { chooseStoredCluster, readConfig } from '../config-file.ts';
import { type ExitCode, errorText, exitCodes, Failure } from '../failure.ts';
import { type Io, lookOf } from '../io.ts';
import { renderChange } from '../render/replay.ts';
import { clean } from '../render/text.ts';

export interface ReplayOptions {
  readonly config: string;
  readonly cluster: string | undefined;
  /** Files; `-` is standard input. */
  readonly events: string;
  readonly probe: string | undefined;
  /** The uid of a Stolon proxy in the recording. */
  readonly as: string | undefined;
  readonly untilMs: number | undefined;
  readonly text: boolean;
}

export async function replay(io: Io, options: ReplayOptions): Promise<ExitCode> {
  const cluster = chooseStoredCluster(readConfig(io, options.config, 'none'), options.cluster);
  if (options.events === '-' && options.probe === '-') {
    throw new Failure('only one of EVENTS and --probe can be standard input', exitCodes.usage);
  }
  if (options.probe !== undefined && cluster.probe === undefined) {
    throw new Failure(
      `cluster ${clean(cluster.name)} has no \`probe:\` in ${options.config}, so it would not look at ${options.probe}; add \`probe: {}\` to it`,
      exitCodes.usage,
    );
  }
  const prefix = sourcePrefix(cluster.source);
  const events = expected(parseEvents(await textOf(io, options.events), named(options.events)));
  checkPrefix(events, prefix, options);
  const passive = registrationNotice(events, prefix, cluster, options);
  const probes =
    options.probe === undefined
      ? parsed(undefined)
      : parseProbes(await textOf(io, options.probe), named(options.probe));
  const { as, untilMs } = options;
  const changes = runReplay({ cluster, prefix, events, probes: expected(probes), as, untilMs });
  if (passive !== undefined) io.err(`pgroutectl: ${passive}\n`);
  const look = lookOf(io);
  io.out(changes.map((change) => (options.text ? renderChange(change, look) : jsonLine(change))).join(''));
  return exitCodes.ok;
}

function jsonLine({ t_ms, service, member, state, reason }: ReplayChange): string {
  const { code, facts } = reason;
  return `${JSON.stringify({ t_ms, service, member, state, reason: { code, text: explainReason(reason), facts } })}\n`;
}

/** A stream of another cluster would replay without an error and without a line: that is worth a word. */
function checkPrefix(events: readonly RecordedEvent[], prefix: string, { events: file, config }: ReplayOptions): void {
  const keys = events.flatMap((event) => ('key' in event ? [event.key] : []));
  // The key that tells best whose stream it is.
  const first = keys.find((key) => key.endsWith('/clusterdata')) ?? keys[0];
  if (first === undefined)
    throw new Failure(`${named(file)} holds no key of etcd: is it a stream of \`pgroutectl record\`?`);
  if (keys.some((key) => key.startsWith(prefix))) return;
  throw new Failure(
    `${named(file)} holds no key below ${prefix} (it has ${clean(first.slice(0, 100))}): is it of another cluster than ${config} describes?`,
  );
}

/** What to say about a Stolon stream that is decided as by a router that only reads. Refuses a proxy that is not in the recording. */
function registrationNotice(
  events: readonly RecordedEvent[],
  prefix: string,
  { name, source }: StoredClusterSpec,
  { as, events: file, config }: ReplayOptions,
): string | undefined {
  if (source.kind !== 'stolon') {
    if (as === undefined) return undefined;
    throw new Failure(
      `cluster ${clean(name)} in ${config} is Patroni's: it has no proxies to replay as`,
      exitCodes.usage,
    );
  }
  const infos = `${prefix}proxies/info/`;
  const proxies = new Set(
    events.flatMap((event) => ('key' in event && event.key.startsWith(infos) ? [event.key.slice(infos.length)] : [])),
  );
  const known = proxies.size === 0 ? 'it has none' : `it has ${[...proxies].sort().map(clean).join(', ')}`;
  if (as !== undefined) {
    if (proxies.has(as)) return undefined;
    throw new Failure(`${named(file)} holds no proxy ${clean(as)}; ${known}`);
  }
  // A router that is configured so decided just like that.
  if (!source.register) return undefined;
  return `decided as a passive reader would; --as UID decides as that registered proxy of the recording had to (${known})`;
}

const named = (file: string): string => (file === '-' ? '(standard input)' : file);

async function textOf(io: Io, file: string): Promise<string> {
  if (file === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of io.input) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`the recording can't be read: ${errorText(error)}`);
  }
}

function expected<T>(result: Parsed<T>): T {
  if (result.ok) return result.value;
  throw new Failure(clean(result.error));
}
