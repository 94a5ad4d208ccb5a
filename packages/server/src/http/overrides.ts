// Overrides over HTTP: which count, and, for those who may, to set and to lift them. The only routes that change anything; what may be meant is judged by the
// router.
import type { OverrideAnswer, OverrideRefusal, OverrideRequest, RouterApi } from '@pgrouted/core/controller/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { controlRefusal } from './control.ts';
import { queryText, sendJson } from './json.ts';

/** Far above any request; a body that is longer is none. */
const bodyLimit = 16 * 1024;

const text = z.string().max(1_000);

const requestSchema = z
  .strictObject({
    cluster: text.optional(),
    member: text,
    service: text.nullish(),
    action: z.enum(['maint', 'drain', 'ready', 'weight']),
    weight: z.number().nullish(),
    owner: text,
    reason: text,
    for_seconds: z.number().positive().nullish(),
    expires_at: text.nullish(),
  })
  .refine(({ for_seconds, expires_at }) => for_seconds == null || expires_at == null, {
    message: 'for_seconds and expires_at are both there: one is enough',
  })
  .refine(({ action, weight }) => (action === 'weight') === (weight != null), {
    message: 'weight belongs to the action weight, and the action weight needs one',
  });

type Body = z.infer<typeof requestSchema>;

export function overrideRoutes(app: FastifyInstance, api: RouterApi): void {
  app.get('/v2/overrides', (_request, reply) => sendJson(reply, 200, { overrides: api.overrides() }));

  // In a scope of its own: everywhere else no body is read.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, parsed) => parsed(null, body));
    // Before the body is read.
    scope.addHook('onRequest', (request, reply, next) => {
      const refusal = controlRefusal(request, api.control());
      if (refusal === undefined) return next();
      if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
      const { status, error, remedy } = refusal;
      void sendJson(reply, status, { error, remedy });
    });

    scope.post('/v2/overrides', async (request, reply) => {
      const body = bodyOf(request);
      if ('error' in body) return refuse(reply, body.status, body.error, 'see docs/overrides.md');
      return tell(reply, 201, await api.setOverride(requestOf(body.value)));
    });

    scope.delete<{ Params: { cluster: string; id: string } }>(
      '/v2/overrides/:cluster/:id',
      async ({ params, query }, reply) => {
        const by = queryText(query, 'by') ?? '';
        if (by.trim() === '' || by.length > 256)
          return refuse(reply, 422, 'who lifts it is missing', 'add ?by=NAME to the URL');
        return tell(reply, 200, await api.liftOverride(params.cluster, params.id, by));
      },
    );
    done();
  });
}

type ReadBody = { readonly value: Body } | { readonly status: 415 | 422; readonly error: string };

function bodyOf({ headers, body }: FastifyRequest): ReadBody {
  // A form in a browser can't send this type without asking first.
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? ''))
    return { status: 415, error: 'the body has to be JSON, with content-type: application/json' };
  let json: unknown;
  try {
    json = JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    return { status: 422, error: 'the body is no JSON' };
  }
  const read = requestSchema.safeParse(json);
  if (read.success) return { value: read.data };
  const [issue] = read.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  return { status: 422, error: `${path === '' ? '' : `${path}: `}${issue?.message ?? 'it does not fit'}` };
}

function requestOf(body: Body): OverrideRequest {
  const { cluster, member, service, action, weight, owner, reason, for_seconds: seconds, expires_at: at } = body;
  return {
    cluster,
    member,
    service: service ?? undefined,
    action: action === 'weight' ? { kind: 'weight', weight: weight ?? Number.NaN } : { kind: action },
    owner,
    reason,
    ends: seconds != null ? { forMs: seconds * 1_000 } : at != null ? { at } : undefined,
  };
}

const statuses = { unknown: 404, unfit: 422, unavailable: 503 } as const satisfies Record<
  OverrideRefusal['as'],
  number
>;

function tell(reply: FastifyReply, done: 200 | 201, answer: OverrideAnswer): FastifyReply {
  if (answer.kind === 'refused') return refuse(reply, statuses[answer.as], answer.error, answer.remedy);
  const { override, why } = answer;
  return sendJson(reply, done, { override, scope: override.scope, why: why ?? null });
}

const refuse = (reply: FastifyReply, status: number, error: string, remedy: string): FastifyReply =>
  sendJson(reply, status, { error, remedy });
