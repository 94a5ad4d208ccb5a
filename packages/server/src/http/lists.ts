// PgRoute66's lists, as its clients know them: statuses, bodies, names, order, groups and content type are its contract. Headers are added.
import type { MembersAnswer, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { queryText, sendJson } from './json.ts';

type Status = MembersAnswer['members'][number]['status'];

export function listRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/v1/primary', (request, reply) => {
    const [name, other] = namesOf(answer(reply, api), 'primary', groupOf(request.query));
    if (name === undefined) return sendJson(reply, 404, '');
    // More than one: points nowhere, on purpose.
    return other === undefined ? sendJson(reply, 200, name) : sendJson(reply, 409, '');
  });
  app.get('/v1/primaries', (request, reply) =>
    sendJson(reply, 200, namesOf(answer(reply, api), 'primary', groupOf(request.query))),
  );
  app.get('/v1/standbys', (request, reply) =>
    sendJson(reply, 200, namesOf(answer(reply, api), 'standby', groupOf(request.query))),
  );
  app.get<{ Params: { name: string } }>('/v1/:name/status', (request, reply) => {
    const { members } = answer(reply, api);
    const statuses = new Set(
      members.filter(({ member }) => member === request.params.name).map(({ status }) => status),
    );
    const [status, other] = statuses;
    if (status === undefined) return sendJson(reply, 404, 'invalid');
    // Members of several clusters may share a name: unless they agree, nothing can be said.
    if (other !== undefined || status === 'unavailable') return sendJson(reply, 422, 'unavailable');
    return sendJson(reply, 200, status);
  });
}

/** The members, with the facts about them put into headers. */
function answer(reply: FastifyReply, api: RouterApi): MembersAnswer {
  const members = api.members();
  reply.header('X-Pgrouted-Source', members.source);
  const { revision, ageMs } = api.freshness();
  if (revision !== undefined) reply.header('X-Pgrouted-Revision', revision);
  if (ageMs !== undefined) reply.header('X-Pgrouted-Age-Ms', String(ageMs));
  return members;
}

const groupOf = (query: unknown): string => queryText(query, 'group') ?? 'all';

/** Groups are the clusters' names; `all` is every cluster, and an unknown group is empty. */
function namesOf({ members }: MembersAnswer, status: Status, group: string): readonly string[] {
  return members
    .filter((one) => one.status === status && (group === 'all' || one.groups.includes(group)))
    .map((one) => one.member)
    .sort();
}
