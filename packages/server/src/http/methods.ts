// HEAD and OPTIONS wherever there is a GET. (PgRoute66 answers 404; its clients send neither.) Fastify makes HEAD by itself.
import type { FastifyInstance } from 'fastify';

const allowed = 'GET, HEAD, OPTIONS';

/** For the routes that are added after this call; a route that has OPTIONS itself keeps its own. */
export function answerOptions(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url }) => {
    const methods = [method].flat();
    if (!methods.includes('GET') || methods.includes('OPTIONS')) return;
    app.options(url, (_request, reply) => reply.code(204).header('allow', allowed).send());
  });
}
