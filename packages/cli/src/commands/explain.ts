// pgroutectl explain: for each service in or out, and why.
import type { StatusDocument } from '@pgrouted/core/status/schema';
import { getStatus } from '../api/documents.ts';
import type { RouterAddress } from '../api/request.ts';
import { type ExitCode, exitCodes, Failure } from '../failure.ts';
import { type Io, lookOf } from '../io.ts';
import { explanations, type Question, renderExplain } from '../render/explain.ts';
import { handshakeOf } from '../render/handshake.ts';
import { clean } from '../render/text.ts';
import type { Output } from './status.ts';

export interface ExplainOptions {
  readonly router: RouterAddress;
  readonly output: Output;
  readonly asked: Question;
}

export async function explain(io: Io, { router, output, asked }: ExplainOptions): Promise<ExitCode> {
  const doc = await getStatus(router);
  const all = explanations(doc, asked);
  const missing = unknownName(doc, asked);
  if (missing !== undefined) throw new Failure(missing);
  if (output === 'table') {
    io.out(
      all.length === 0
        ? 'no member is known yet, so there is nothing to explain; see pgroutectl status\n'
        : renderExplain(doc, asked, lookOf(io)),
    );
    return exitCodes.ok;
  }
  const handshakes = new Map(doc.clusters.map((cluster) => [cluster.name, handshakeOf(cluster)]));
  const rows = all.map(({ cluster, service, server, record, override }) => ({
    cluster,
    service: service.name,
    backend: service.backend,
    role: service.role,
    open: service.open,
    routing: service.routing,
    serviceReason: service.reason,
    // Of a registered Stolon proxy only; elsewhere there is no such key.
    handshake: service.role === 'primary' ? handshakes.get(cluster) : undefined,
    member: server.member,
    state: server.state,
    reason: server.reason,
    held: server.held,
    override: override ?? null,
    record,
  }));
  io.out(`${JSON.stringify(rows, null, 2)}\n`);
  return exitCodes.ok;
}

/** Which asked name the router does not know, with the names that it does. */
function unknownName(doc: StatusDocument, asked: Question): string | undefined {
  const clusters = doc.clusters.filter((cluster) => asked.cluster === undefined || cluster.name === asked.cluster);
  const check = (what: string, name: string | undefined, known: readonly string[]): string | undefined => {
    if (name === undefined || known.includes(name)) return undefined;
    const names = [...new Set(known)].map(clean).join(', ');
    return `no ${what} named ${clean(name)}; ${names === '' ? 'none is known' : `known: ${names}`}`;
  };
  const services = clusters.flatMap((cluster) => cluster.services.map((service) => service.name));
  // A member is known by its record or because a service still judges it.
  const members = clusters.flatMap((cluster) => [
    ...cluster.members.map((member) => member.name),
    ...cluster.services.flatMap((service) => service.servers.map((server) => server.member)),
  ]);
  return (
    check(
      'cluster',
      asked.cluster,
      doc.clusters.map((cluster) => cluster.name),
    ) ??
    check('service', asked.service, services) ??
    check('member', asked.member, members)
  );
}
