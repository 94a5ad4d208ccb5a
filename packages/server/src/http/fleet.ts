// The routers that share a prefix in etcd, as this one sees them: who is there, and whether all of them have taken the present leader over.
import type { RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { sendJson } from './json.ts';

export function fleetRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/v2/fleet', (_request, reply) => sendJson(reply, 200, api.fleet()));
}
