// PgRoute66's lists, as its clients know them: statuses, bodies, names, order, groups and content type are its contract. Headers are added.
import type { RequestListener } from 'node:http';
import type { MembersAnswer, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance } from 'fastify';
import { type Answer, answerOf, HotAnswers } from './hot.ts';
import { queryText } from './json.ts';
import type { RequestCounts } from './request-counts.ts';

type Members = MembersAnswer['members'];
type Status = Members[number]['status'];

/** What a client asks these routes with; the URL that it is kept by says the same. */
interface Asked {
  readonly query: unknown;
  readonly params: unknown;
}

const decorator = 'hotLists';

/** The way in for requests: lists that were asked for before are answered at once, everything else goes to the routes of `app`, which has to be ready. */
export const listsFirst = (app: FastifyInstance): RequestListener =>
  app.getDecorator<HotAnswers>(decorator).before(app.routing);

export function listRoutes(app: FastifyInstance, api: RouterApi, requests: RequestCounts): void {
  const answers = new HotAnswers(api, requests);
  app.decorate(decorator, answers);
  const route = (path: string, make: (members: Members, asked: Asked) => Answer): void => {
    app.get(path, (request, reply) => {
      // Past fastify's own way of sending, so that both ways in send the same bytes.
      reply.hijack();
      answers.answer(reply.raw, path, request.raw.url ?? path, (members) => make(members, request));
    });
  };
  route('/v1/primary', (members, { query }) => {
    const [name, other] = namesOf(members, 'primary', query);
    if (name === undefined) return answerOf(404, '');
    // More than one: points nowhere, on purpose.
    return other === undefined ? answerOf(200, name) : answerOf(409, '');
  });
  route('/v1/primaries', (members, { query }) => answerOf(200, namesOf(members, 'primary', query)));
  route('/v1/standbys', (members, { query }) => answerOf(200, namesOf(members, 'standby', query)));
  route('/v1/:name/status', (members, { params }) => {
    const asked = queryText(params, 'name');
    const statuses = new Set(members.filter(({ member }) => member === asked).map(({ status }) => status));
    const [status, other] = statuses;
    if (status === undefined) return answerOf(404, 'invalid');
    // Members of several clusters may share a name: unless they agree, nothing can be said.
    if (other !== undefined || status === 'unavailable') return answerOf(422, 'unavailable');
    return answerOf(200, status);
  });
}

/** In the order of their bytes in UTF-8, as Go sorts. `all` is everybody, and an unknown group is empty. */
function namesOf(members: Members, status: Status, query: unknown): readonly string[] {
  const group = queryText(query, 'group') ?? 'all';
  return members
    .filter((one) => one.status === status && (group === 'all' || one.groups.includes(group)))
    .map(({ member }) => member)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
