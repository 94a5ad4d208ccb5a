// For HAProxy's own check of a server line: is this server decided ready, by a router that is alive? Where HAProxy asks this, the death of
// pgrouted closes the service (fail-closed). Where it does not, HAProxy keeps its last state.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { ServiceStatus, StatusDocument } from '@pgrouted/core/status/schema';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './json.ts';

export function checkRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get<{ Params: { backend: string; server: string } }>('/haproxy/:backend/:server', (request, reply) => {
    const state = stateOf(api.status(), request.params.backend, request.params.server);
    return sendJson(reply, state === 'ready' || state === 'kept' ? 200 : 503, state);
  });
}

/** `kept`: neither decided in nor out for a moment after a start; closing it for that would cut what the process before had let in. */
type State = ServiceStatus['servers'][number]['state'] | 'kept' | 'unknown';

/** What is decided for the server line `server` of `backend`; `unknown` unless exactly one state is. */
function stateOf(status: StatusDocument, backend: string, server: string): State {
  const services = status.clusters.flatMap((cluster) => cluster.services).filter((one) => one.backend === backend);
  const states = new Set(
    services
      .flatMap((service) => service.servers)
      .filter(({ member, held }) => {
        const lines = held.flatMap((one) => one.server ?? []);
        // Until HAProxy has been read the member's own name stands for its line.
        return lines.length > 0 ? lines.includes(server) : member === server;
      })
      .map(({ member, state }) => (services.some(({ kept }) => kept === member) ? 'kept' : state)),
  );
  const [state, other] = states;
  return state === undefined || other !== undefined ? 'unknown' : state;
}
