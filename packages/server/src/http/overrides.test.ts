import type { OverrideAnswer, OverrideRequest } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import { describe, expect, it } from 'vitest';
import { emptyStatus, type Picture, routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';
import { isLoopback } from './control.ts';

const override = {
  id: 'ab12cd34',
  cluster: 'orders',
  member: 'n2',
  service: null,
  action: 'drain' as const,
  weight: null,
  owner: 'alice',
  reason: 'disk',
  createdAt: '2026-11-21T12:00:00.000Z',
  expiresAt: null,
  endsInMs: null,
  scope: 'local' as const,
};
const done: OverrideAnswer = { kind: 'done', override, why: 'etcd is away' };
const body = { cluster: 'orders', member: 'n2', action: 'drain', owner: 'alice', reason: 'disk' };
const json = { 'content-type': 'application/json' };

function stage(picture: Picture = {}) {
  const taken: OverrideRequest[] = [];
  const lifted: (readonly string[])[] = [];
  const api = routerOf({
    control: { kind: 'loopback' },
    setOverride: async (request) => {
      taken.push(request);
      return done;
    },
    liftOverride: async (...asked) => {
      lifted.push(asked);
      return { ...done, why: undefined };
    },
    ...picture,
  });
  const app = buildHttp(api, { metrics: createMetrics(), clock: systemClock, log: silentLog });
  const post = (payload: unknown, headers: Readonly<Record<string, string>> = json, remoteAddress = '127.0.0.1') =>
    app.inject({
      method: 'POST',
      url: '/v2/overrides',
      headers,
      remoteAddress,
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  return { app, post, taken, lifted };
}

describe('GET /v2/overrides', () => {
  it('gives those that stand, to everybody', async () => {
    const { app } = stage({ control: { kind: 'off' }, status: { ...emptyStatus, overrides: [override] } });
    const answer = await app.inject({ url: '/v2/overrides', remoteAddress: '10.0.0.9' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { overrides: [override] }]);
  });
});

describe('POST /v2/overrides', () => {
  it('hands on what is asked for, and tells what came of it', async () => {
    const { post, taken } = stage();
    const answer = await post({ ...body, service: 'replica', for_seconds: 90 });
    expect([answer.statusCode, answer.json()]).toEqual([201, { override, scope: 'local', why: 'etcd is away' }]);
    expect(taken).toEqual([
      {
        cluster: 'orders',
        member: 'n2',
        service: 'replica',
        action: { kind: 'drain' },
        owner: 'alice',
        reason: 'disk',
        ends: { forMs: 90_000 },
      },
    ]);
    await post({ ...body, action: 'weight', weight: 7, expires_at: '2026-11-21T13:00:00Z' });
    expect(taken[1]).toMatchObject({ action: { kind: 'weight', weight: 7 }, ends: { at: '2026-11-21T13:00:00Z' } });
  });

  it.each([
    ['nonsense', 422, 'the body is no JSON'],
    [{ ...body, member: 7 }, 422, /^member: /],
    [{ ...body, action: 'promote' }, 422, /^action: /],
    [{ ...body, action: 'weight' }, 422, /the action weight needs one/],
    [{ ...body, weight: 3 }, 422, /weight belongs to the action weight/],
    [{ ...body, for_seconds: 1, expires_at: 'x' }, 422, /one is enough/],
    [{ ...body, for: '2h' }, 422, /for/],
  ])('refuses %j with what is wrong', async (payload, status, error) => {
    const { post, taken } = stage();
    const answer = await post(payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error).toMatch(error);
    expect(taken).toEqual([]);
  });

  it.each([
    ['unknown', 404],
    ['unfit', 422],
    ['unavailable', 503],
  ] as const)('says with its status what is %s', async (as, status) => {
    const { post } = stage({ setOverride: async () => ({ kind: 'refused', as, error: 'no', remedy: 'try' }) });
    const answer = await post(body);
    expect([answer.statusCode, answer.json()]).toEqual([status, { error: 'no', remedy: 'try' }]);
  });

  it('reads no body that is a form, or endless', async () => {
    const { post, taken } = stage();
    expect((await post(body, { 'content-type': 'text/plain' })).statusCode).toBe(415);
    expect((await post({ ...body, reason: 'x'.repeat(20_000) })).statusCode).toBe(400);
    expect(taken).toEqual([]);
  });
});

describe('DELETE /v2/overrides/:cluster/:id', () => {
  it('hands on who takes it back', async () => {
    const { app, lifted } = stage();
    const answer = await app.inject({ method: 'DELETE', url: '/v2/overrides/a%2Fb/ab12?by=bob' });
    expect([answer.statusCode, lifted]).toEqual([200, [['a/b', 'ab12', 'bob']]]);
    expect((await app.inject({ method: 'DELETE', url: '/v2/overrides/orders/ab12' })).statusCode).toBe(422);
  });
});

describe('who may change overrides', () => {
  it('with loopback: whoever connects from this machine, and speaks for himself', async () => {
    const { post } = stage();
    expect((await post(body, json, '::1')).statusCode).toBe(201);
    const far = await post(body, json, '10.0.0.9');
    expect([far.statusCode, far.json().remedy]).toEqual([403, expect.stringContaining('token_file')]);
    expect((await post(body, { ...json, 'x-forwarded-for': '10.0.0.9' })).statusCode).toBe(403);
  });

  it('never a page in a browser', async () => {
    for (const headers of [{ origin: 'http://127.0.0.1:8080' }, { 'sec-fetch-site': 'same-origin' }]) {
      const { post } = stage({ control: { kind: 'token', token: 's3cret' } });
      expect((await post(body, { ...json, ...headers, authorization: 'Bearer s3cret' })).statusCode).toBe(403);
    }
  });

  it('with a token: whoever shows it, from anywhere, and nobody else', async () => {
    const { post, taken } = stage({ control: { kind: 'token', token: 's3cret' } });
    expect((await post(body, { ...json, authorization: 'Bearer s3cret' }, '10.0.0.9')).statusCode).toBe(201);
    for (const authorization of ['', 'Bearer', 'Bearer s3cre', 'Bearer s3crets', 'Basic s3cret']) {
      const answer = await post(body, { ...json, authorization });
      expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(answer.body).not.toContain('s3cret');
    }
    expect(taken).toHaveLength(1);
  });

  it('with off: nobody', async () => {
    const { post } = stage({ control: { kind: 'off' } });
    const answer = await post(body);
    expect([answer.statusCode, answer.json().error]).toEqual([403, expect.stringContaining('http.control is off')]);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.8.7', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['127.0.0.1.evil.example', false],
    [undefined, false],
  ])('%s is of this machine: %s', (address, is) => {
    expect(isLoopback(address)).toBe(is);
  });
});

describe('GET /v2/fleet', () => {
  it('gives the fleet', async () => {
    const { app } = stage();
    const answer = await app.inject('/v2/fleet');
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { enabled: false, clusters: [] }]);
  });
});
