import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import type { MemberAnswer, MembersAnswer } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import { afterEach, describe, expect, it } from 'vitest';
import { routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';
import { answerOf, HotAnswers } from './hot.ts';
import { listsFirst } from './lists.ts';
import { RequestCounts } from './request-counts.ts';

const noAnswer: Omit<MembersAnswer, 'members'> = { source: 'patroni' };

describe('hot answers', () => {
  /** Answers to nobody: what was made, and what was kept. */
  const stage = () => {
    let facts: MembersAnswer = { ...noAnswer, members: [] };
    const answers = new HotAnswers({ ...routerOf({}), members: () => facts }, new RequestCounts());
    const made: string[] = [];
    return {
      answers,
      made,
      change: () => {
        facts = { ...facts };
      },
      ask: (url: string): void =>
        answers.answer(new ServerResponse(new IncomingMessage(new Socket())), '/route', url, () => {
          made.push(url);
          return answerOf(200, url);
        }),
    };
  };

  it('are made once for each URL, and anew from other facts', () => {
    const { ask, change, made } = stage();
    for (const url of ['/a', '/b', '/a', '/b']) ask(url);
    expect(made).toEqual(['/a', '/b']);
    change();
    for (const url of ['/a', '/a']) ask(url);
    expect(made).toEqual(['/a', '/b', '/a']);
  });

  it('stay few, whatever URLs are asked for', () => {
    const { answers, ask } = stage();
    for (let index = 0; index < 1_000; index += 1) {
      ask(`/v1/primary?group=${index}`);
      expect(answers.size).toBeLessThanOrEqual(256);
    }
  });

  it('are not kept for URLs that are long', () => {
    const { answers, ask, made } = stage();
    const url = `/${'x'.repeat(512)}`;
    ask(url);
    ask(url);
    expect(made).toEqual([url, url]);
    expect(answers.size).toBe(0);
  });

  it('know their length in bytes', () => {
    expect(answerOf(200, 'pgé')).toEqual({ status: 200, body: '"pgé"', length: '6' });
  });
});

describe('the lists over a connection that is kept', () => {
  const servers: Server[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))));

  const member = (name: string, status: MemberAnswer['status']): MemberAnswer => ({
    cluster: 'orders',
    member: name,
    status,
    groups: ['orders'],
  });
  const calm: MembersAnswer = {
    ...noAnswer,
    members: [member('pgé', 'primary'), member('pg2', 'standby'), member('pg3', 'unavailable')],
  };
  const switched: MembersAnswer = {
    ...noAnswer,
    members: [member('pgé', 'unavailable'), member('pg2', 'primary'), member('pg3', 'standby')],
  };

  /** Both ways in to one API: the hot one, and the routes alone. */
  const stage = async () => {
    let facts = calm;
    const metrics = createMetrics();
    let settling: Promise<void> | undefined;
    const api = { ...routerOf({ revision: '7', ageMs: 3 }), members: () => facts, settling: () => settling };
    const app = buildHttp(api, { metrics, clock: systemClock, log: silentLog });
    await app.ready();
    const listening = async (handle: RequestListener): Promise<number> => {
      const server = createServer(handle);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    };
    return {
      hot: await listening(listsFirst(app)),
      routes: await listening(app.routing),
      counted: () => metrics.requests.all().reduce((sum, { n }) => sum + n, 0),
      switchOver: () => {
        facts = switched;
      },
      settle: (): (() => void) => {
        let end = (): void => {};
        settling = new Promise((resolve) => {
          end = () => {
            settling = undefined;
            resolve();
          };
        });
        return () => end();
      },
    };
  };

  const urls = [
    '/v1/primary',
    '/v1/primary?group=orders',
    '/v1/primary?group=nope',
    '/v1/primaries',
    '/v1/standbys?group=orders&group=nope',
    '/v1/pg%C3%A9/status',
    '/v1/pg3/status',
    '/v1/pg9/status',
    '/v1/nothing',
    '/v1/primary/',
  ];

  it('wait while too little is known to answer; what does not tell of members does not', async () => {
    const { hot, switchOver, settle } = await stage();
    const settled = settle();
    const primary = fetch(`http://127.0.0.1:${hot}/v1/primary`);
    expect((await fetch(`http://127.0.0.1:${hot}/health/is-live`)).status).toBe(200);
    switchOver();
    settled();
    expect(await (await primary).json()).toBe('pg2');
  });

  it('are the same bytes by either way in, asked for the first time or again, before a switch and after it', async () => {
    const { hot, routes, counted, switchOver } = await stage();
    const requests = (method: string) => urls.map((url) => `${method} ${url} HTTP/1.1\r\nHost: here\r\n\r\n`).join('');
    const all = async (port: number): Promise<readonly string[]> => {
      const text = await exchange(port, `${requests('GET')}${requests('GET')}${requests('HEAD')}`);
      return text.replaceAll(/^Date: .*\r\n/gm, '').split(/(?=HTTP\/1\.1 )/);
    };
    const before = await all(hot);
    expect(before).toHaveLength(3 * urls.length + 1);
    expect(before).toEqual(await all(routes));
    expect(before.slice(0, urls.length)).toEqual(before.slice(urls.length, 2 * urls.length));
    switchOver();
    const after = await all(hot);
    expect(after).toEqual(await all(routes));
    expect([before[0], after[0]].map((answer) => answer?.split('\r\n\r\n')[1])).toEqual(['"pgé"', '"pg2"']);
    expect(counted()).toBe(4 * (3 * urls.length + 1));
  });

  it('bear the headers of the contract', async () => {
    const { hot } = await stage();
    const request = 'GET /v1/primary HTTP/1.1\r\nHost: here\r\n\r\n';
    const [first, second] = (await exchange(hot, `${request}${request}`)).split(/(?=HTTP\/1\.1 )/);
    for (const answer of [first, second]) {
      expect(answer).toContain(
        [
          'HTTP/1.1 200 OK',
          'X-Pgrouted-Source: patroni',
          'X-Pgrouted-Revision: 7',
          'X-Pgrouted-Age-Ms: 3',
          'Content-Type: application/json; charset=utf-8',
          'Content-Length: 6',
          '',
        ].join('\r\n'),
      );
    }
  });
});

/** Everything that comes back on one connection; the last request, one more, ends it. */
function exchange(port: number, requests: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (more: string) => {
      text += more;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text));
    socket.write(`${requests}GET /v1/primaries HTTP/1.0\r\n\r\n`);
  });
}
