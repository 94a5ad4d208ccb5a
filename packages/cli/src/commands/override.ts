// pgroutectl maint, drain, ready, weight, lift, overrides: an operator's own word about a member, set, taken back and listed.
import { hostname, userInfo } from 'node:os';
import { change } from '../api/change.ts';
import { getStatus } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { tokenOf } from '../api/token.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import { type Io, lookOf } from '../io.ts';
import { doneSentences, renderOverrides } from '../render/overrides.ts';
import { clean } from '../render/text.ts';
import type { Output } from './status.ts';

export type Action = 'maint' | 'drain' | 'ready' | 'weight';

export interface SetOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  readonly action: Action;
  readonly member: string;
  /** Of action weight. */
  readonly weight: number | undefined;
  readonly cluster: string | undefined;
  readonly service: string | undefined;
  /** Undefined: until it is lifted. */
  readonly forMs: number | undefined;
  readonly reason: string;
  readonly owner: string | undefined;
  readonly tokenFile: string | undefined;
}

/** Who asks: `alice@lb1`. Behind sudo the person, not root. */
export function ownerOf({ env }: Pick<Io, 'env'>, given: string | undefined): string {
  if (given !== undefined) return given;
  const user = env['SUDO_USER'] || env['USER'] || env['LOGNAME'] || userInfo().username;
  return `${user}@${hostname()}`;
}

export async function setOverride(io: Io, options: SetOptions): Promise<ExitCode> {
  const { router, action, member, weight, cluster, service, forMs, reason } = options;
  const done = await change(router, {
    method: 'POST',
    path: '/v2/overrides',
    query: {},
    body: {
      ...(cluster === undefined ? {} : { cluster }),
      member,
      service: service ?? null,
      action,
      ...(weight === undefined ? {} : { weight }),
      owner: ownerOf(io, options.owner),
      reason,
      for_seconds: forMs === undefined ? null : forMs / 1_000,
    },
    token: tokenOf(io, options.tokenFile),
  });
  io.out(options.output === 'json' ? `${JSON.stringify(done, null, 2)}\n` : doneSentences(done, 'set'));
  return exitCodes.ok;
}

export interface LiftOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  readonly id: string;
  readonly cluster: string | undefined;
  readonly owner: string | undefined;
  readonly tokenFile: string | undefined;
}

export async function liftOverride(io: Io, options: LiftOptions): Promise<ExitCode> {
  const { router, id } = options;
  const cluster = options.cluster ?? (await clusterOf(router, id));
  const done = await change(router, {
    method: 'DELETE',
    path: `/v2/overrides/${encodeURIComponent(cluster)}/${encodeURIComponent(id)}`,
    query: { by: ownerOf(io, options.owner) },
    body: undefined,
    token: tokenOf(io, options.tokenFile),
  });
  io.out(options.output === 'json' ? `${JSON.stringify(done, null, 2)}\n` : doneSentences(done, 'lifted'));
  return exitCodes.ok;
}

/** Ids are random: one that stands in one cluster alone needs no name of it. */
async function clusterOf(router: RouterAddress, id: string): Promise<string> {
  const { overrides = [] } = await getStatus(router);
  const [found, other] = overrides.filter((one) => one.id === id);
  if (found === undefined) {
    const known = overrides.map((one) => one.id).join(', ');
    throw new Failure(`no override ${clean(id)} stands; ${known === '' ? 'none does' : `known: ${clean(known)}`}`);
  }
  if (other !== undefined)
    throw new Failure(`${clean(id)} stands in several clusters; say which one with --cluster NAME`, exitCodes.usage);
  return found.cluster;
}

export interface ListOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  readonly cluster: string | undefined;
}

export async function listOverrides(io: Io, { router, output, cluster }: ListOptions): Promise<ExitCode> {
  const { overrides = [] } = await getStatus(router);
  const asked = overrides.filter((one) => cluster === undefined || one.cluster === cluster);
  io.out(output === 'json' ? `${JSON.stringify(asked, null, 2)}\n` : renderOverrides(asked, lookOf(io)));
  return exitCodes.ok;
}
