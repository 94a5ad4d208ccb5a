// Both ways in to HAProxy's check: the fast one, and the route that takes over what it leaves.
import { createServer, type RequestListener, type Server } from 'node:http';
import { silentLog } from '@pgrouted/core/model/log';
import { afterEach, describe, expect, it } from 'vitest';
import { type Picture, routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';
import { checksFirst } from './check.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const lines: NonNullable<Picture['lines']> = {
  'orders_primary/pg1': { status: 200, state: 'ready', code: 'leader_proven' },
  'orders_primary/pg2': { status: 503, state: 'maint', code: 'not_leader' },
};

async function stage(api = routerOf({ lines })) {
  const metrics = createMetrics();
  const app = buildHttp(api, { metrics, clock: systemClock, log: silentLog });
  await app.ready();
  const ask = async (handle: RequestListener, path: string, method = 'GET') => {
    const server = createServer(handle);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const headers = { connection: 'close' };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    return [answer.status, answer.headers.get('content-type'), await answer.text()];
  };
  const fast = checksFirst(app.routing, api, metrics.requests);
  return {
    counts: () => metrics.requests.all(),
    fast: (path: string, method?: string) => ask(fast, path, method),
    route: (path: string, method?: string) => ask(app.routing, path, method),
  };
}

describe("the fast way in of HAProxy's check", () => {
  it.each([
    ['/haproxy/orders_primary/pg1', 'GET'],
    ['/haproxy/orders_primary/pg2', 'GET'],
    ['/haproxy/nope/pg1', 'GET'],
    ['/haproxy/orders_primary/pg1', 'HEAD'],
    ['/haproxy/orders_primary/pg%31', 'GET'],
    ['/haproxy/orders_primary', 'GET'],
    ['/haproxy/orders_primary/pg1?x', 'GET'],
  ])('answers %s (%s) as the route does, and counts it', async (path, method) => {
    const { fast, route, counts } = await stage();
    const answer = await fast(path, method);
    expect(await route(path, method)).toEqual(answer);
    expect(counts().map(({ n }) => n)).toEqual([2]);
  });

  it('leaves it to the route to say that something broke', async () => {
    const { fast } = await stage({
      ...routerOf({}),
      checkLine: () => {
        throw new Error('not started');
      },
    });
    const [status, , body] = await fast('/haproxy/orders_primary/pg1');
    expect([status, JSON.parse(String(body))]).toEqual([500, { error: 'internal error' }]);
  });
});
