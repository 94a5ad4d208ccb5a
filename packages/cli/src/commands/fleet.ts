// pgroutectl fleet: the routers that share a prefix in etcd, and whether all of them, and every HAProxy behind them, have taken the present leader over.
import type { FleetDocument } from '@pgrouted/core/status/schema';
import { getFleet } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import { type Io, lookOf, pause } from '../io.ts';
import { renderFleet } from '../render/fleet.ts';
import { clean } from '../render/text.ts';
import type { Output } from './status.ts';

export interface FleetOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  /** Undefined: all. */
  readonly cluster: string | undefined;
  /** Undefined: it is said how things are now. */
  readonly waitMs: number | undefined;
}

/** Between two looks while it is waited. */
const everyMs = 200;

export async function fleet(io: Io, { router, output, cluster, waitMs }: FleetOptions): Promise<ExitCode> {
  const until = io.clock.now() + (waitMs ?? 0);
  for (;;) {
    const document = asked(await getFleet(router), cluster);
    const isApplied = document.clusters.every(({ applied }) => applied);
    if (isApplied || io.interrupted.aborted || io.clock.now() >= until) {
      io.out(output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : renderFleet(document, lookOf(io)));
      return isApplied ? exitCodes.ok : exitCodes.failed;
    }
    await pause(io, everyMs);
  }
}

function asked(document: FleetDocument, cluster: string | undefined): FleetDocument {
  if (!document.shared)
    throw new Failure(
      document.enabled
        ? `this router knows of no other: ${clean(document.problem ?? 'the fleet has not been read yet')}`
        : 'this router shares nothing with others: there is no etcd in its configuration, or fleet.enabled is false',
    );
  if (cluster === undefined) return document;
  const clusters = document.clusters.filter((one) => one.cluster === cluster);
  if (clusters.length > 0) return { ...document, clusters };
  const known = document.clusters.map((one) => clean(one.cluster)).join(', ');
  throw new Failure(`no cluster named ${clean(cluster)}; ${known === '' ? 'none is known' : `known: ${known}`}`);
}
