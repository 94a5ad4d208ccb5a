import { silentLog } from '@pgrouted/core/model/log';
import { afterEach, describe, expect, it } from 'vitest';
import { entryOf, routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function listening(router: ReturnType<typeof routerOf>): Promise<string> {
  const app = buildHttp(router, { metrics: createMetrics(), clock: systemClock, log: silentLog });
  closing.push(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

/** Reads until the text holds `wanted`. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(wanted)) return text;
  }
  throw new Error(`the stream ended after ${text}`);
}

describe('the stream of events', () => {
  it('gives what is there, then what comes, each once', async () => {
    const router = routerOf({ entries: [entryOf(1), entryOf(2)] });
    const response = await fetch(`${await listening(router)}/v2/events/stream?after=1`);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    router.add(entryOf(3, { text: 'a\nb' }));
    const text = await readUntil(response, '"seq":3');
    expect(text).toContain(`id: 2\ndata: ${JSON.stringify(entryOf(2))}\n\n`);
    expect(text.match(/^id: .*/gm)).toEqual(['id: 2', 'id: 3']);
  });

  it("gives Stolon's handshake as it comes", async () => {
    const router = routerOf({});
    const response = await fetch(`${await listening(router)}/v2/events/stream`);
    const entry = entryOf(1, {
      kind: 'proxy',
      cluster: 'shop',
      revision: '4711',
      text: 'generation 4 acknowledged as proxy 5f2dd97f, 9.1 ms after it was seen',
    });
    router.add(entry);
    expect(await readUntil(response, '"seq":1')).toContain(`id: 1\ndata: ${JSON.stringify(entry)}\n\n`);
  });

  it('goes on where a browser that reconnects had come to', async () => {
    const router = routerOf({ entries: [entryOf(1), entryOf(2)] });
    const response = await fetch(`${await listening(router)}/v2/events/stream`, { headers: { 'last-event-id': '1' } });
    expect(await readUntil(response, '"seq":2')).not.toContain('"seq":1');
  });

  it('lets go of a follower that has left', async () => {
    const router = routerOf({});
    const url = await listening(router);
    const leaving = new AbortController();
    const response = await fetch(`${url}/v2/events/stream`, { signal: leaving.signal });
    expect(router.listeners()).toBe(1);
    leaving.abort();
    await response.text().catch(() => undefined);
    await expect.poll(() => router.listeners()).toBe(0);
  });

  it('has room for fifty followers', async () => {
    const url = await listening(routerOf({}));
    const all = await Promise.all(Array.from({ length: 51 }, () => fetch(`${url}/v2/events/stream`)));
    expect(
      all
        .map(({ status }) => status)
        .sort()
        .slice(-2),
    ).toEqual([200, 503]);
  });

  it('ends when the server stops', async () => {
    const app = buildHttp(routerOf({}), { metrics: createMetrics(), clock: systemClock, log: silentLog });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${url}/v2/events/stream`);
    const end = response.text().catch(() => 'broken off');
    await app.close();
    expect(await end).toMatch(/^$|broken off/);
  });

  it('refuses what is no number', async () => {
    const url = await listening(routerOf({}));
    expect((await fetch(`${url}/v2/events/stream?after=x`)).status).toBe(400);
  });
});
