// The HTTP API: routes only, answered from the router's memory; the availability check alone waits for PostgreSQL, and writes to it; overrides alone are written to
// etcd. Listens nowhere.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { Clock } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import Fastify, { type FastifyInstance } from 'fastify';
import { errorText } from '../failure.ts';
import { availabilityRoutes } from './availability.ts';
import { checkRoutes } from './check.ts';
import { eventRoutes } from './events.ts';
import { fleetRoutes } from './fleet.ts';
import { healthRoutes } from './health.ts';
import { listRoutes } from './lists.ts';
import { answerOptions } from './methods.ts';
import { overrideRoutes } from './overrides.ts';
import { patroniCheckRoutes } from './patroni-check.ts';
import { pgsqlchkRoutes } from './pgsqlchk.ts';
import { parametersOf } from './query.ts';
import { refuseBroken, refuseMalformed, refuseUndecodable, refuseUnknown } from './refusal.ts';
import type { RequestCounts } from './request-counts.ts';
import { statusRoutes } from './status.ts';

/** The text of GET /metrics, and what the API itself adds to it. */
export interface MetricsText {
  readonly contentType: string;
  readonly requests: RequestCounts;
  text(): Promise<string>;
}

export interface HttpOptions {
  readonly metrics: MetricsText;
  readonly clock: Clock;
  readonly log: Log;
}

/** Requests are given to its `routing`, once it is ready. */
export function buildHttp(api: RouterApi, { metrics, clock, log }: HttpOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: true,
    forceCloseConnections: true,
    // Longer than any URL that Node lets through: a name that nobody bears, and no error.
    routerOptions: { maxParamLength: 65_536, querystringParser: parametersOf },
    // No route has a schema: nothing is loaded to compile one. Megabytes, otherwise.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (_error, request, reply) => void refuseUndecodable(request, reply),
  });
  // No request has a body worth reading, whatever its type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _body, done) => done(null));
  app.setNotFoundHandler(refuseUnknown);
  app.setErrorHandler((error, request, reply) => {
    if (isClientError(error)) return refuseMalformed(request, reply);
    log.error(
      { method: request.method, route: request.routeOptions.url, err: errorText(error) },
      'a request has failed',
    );
    return refuseBroken(reply);
  });

  app.addHook('onSend', (request, reply, _payload, done) => {
    metrics.requests.count(request.routeOptions.url, reply.statusCode);
    done();
  });
  answerOptions(app);
  listRoutes(app, api, metrics.requests);
  availabilityRoutes(app, api);
  healthRoutes(app, api);
  statusRoutes(app, api);
  eventRoutes(app, api, clock);
  overrideRoutes(app, api);
  fleetRoutes(app, api);
  checkRoutes(app, api);
  patroniCheckRoutes(app, api);
  pgsqlchkRoutes(app, api);
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return app;
}

const noCompiler = (): never => {
  throw new Error('a route has a schema, and there is no compiler for schemas');
};

function isClientError(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}
