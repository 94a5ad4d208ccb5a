// The HTTP API: routes only, answered from the router's memory. Reads, never writes; nothing here waits for anything.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { Clock } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { errorText } from '../failure.ts';
import { checkRoutes } from './check.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { sendJson } from './json.ts';
import { listRoutes } from './lists.ts';
import { patroniCheckRoutes } from './patroni-check.ts';
import { pgsqlchkRoutes } from './pgsqlchk.ts';
import { statusRoutes } from './status.ts';

/** The text of GET /metrics. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface HttpOptions {
  readonly metrics: MetricsText;
  readonly clock: Clock;
  readonly log: Log;
}

/** The server, not yet listening. */
export function buildHttp(api: RouterApi, { metrics, clock, log }: HttpOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    // GET has no body worth reading, and there is nothing else.
    bodyLimit: 1024,
    // As PgRoute66: only GET is answered, HEAD is unknown.
    exposeHeadRoutes: false,
    // A stop must not wait for a client that keeps its connection or follows the events.
    forceCloseConnections: true,
    requestTimeout: 10_000,
    routerOptions: { maxParamLength: 1024 },
    // No route has a schema: nothing is loaded to compile one. Megabytes, otherwise.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (_error, _request, reply) => void refuse(reply, 400),
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404));
  app.setErrorHandler((error, request, reply) => {
    const status = clientError(error);
    if (status !== undefined) return refuse(reply, status);
    log.error(
      { method: request.method, route: request.routeOptions.url, err: errorText(error) },
      'a request has failed',
    );
    return refuse(reply, 500);
  });

  listRoutes(app, api);
  healthRoutes(app, api);
  statusRoutes(app, api);
  eventRoutes(app, api, clock);
  checkRoutes(app, api);
  patroniCheckRoutes(app, api);
  pgsqlchkRoutes(app, api);
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return app;
}

const noCompiler = (): never => {
  throw new Error('a route has a schema, and there is no compiler for schemas');
};

const messages = { 400: 'bad request', 404: 'no such route', 500: 'internal error' } as const;

/** Says no more than the status does: an error's own text may hold what the client sent. */
function refuse(reply: FastifyReply, status: number): FastifyReply {
  const message = status === 404 || status === 500 ? messages[status] : messages[400];
  return sendJson(reply, status, { error: message });
}

function clientError(error: unknown): number | undefined {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
