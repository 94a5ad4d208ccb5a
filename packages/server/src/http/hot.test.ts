import { connect } from 'node:net';
import type { MemberAnswer, MembersAnswer } from '@pgrouted/core/controller/api';
import { silentLog } from '@pgrouted/core/model/log';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { routerOf } from '../../test/picture.ts';
import { systemClock } from '../clock.ts';
import { createMetrics } from '../metrics.ts';
import { buildHttp } from './app.ts';
import { answerOf, HotAnswers } from './hot.ts';

describe('hot answers', () => {
  it('are made once for each URL, and anew from other facts', () => {
    const answers = new HotAnswers<object>();
    const made: string[] = [];
    const ask = (facts: object, url: string) =>
      answers.of(facts, url, () => {
        made.push(url);
        return answerOf(200, made.length);
      }).body;
    const before = {};
    expect([ask(before, '/a'), ask(before, '/b'), ask(before, '/a')]).toEqual(['1', '2', '1']);
    const after = {};
    expect([ask(after, '/a'), ask(after, '/a'), ask(before, '/a')]).toEqual(['3', '3', '4']);
  });

  it('stay few, whatever URLs are asked for', () => {
    const answers = new HotAnswers<object>();
    const facts = {};
    for (let index = 0; index < 5_000; index += 1) {
      expect(answers.of(facts, `/v1/primary?group=${index}`, () => answerOf(200, index)).body).toBe(String(index));
      expect(answers.size).toBeLessThanOrEqual(256);
    }
  });

  it('are not kept for URLs that are long', () => {
    const answers = new HotAnswers<object>();
    expect(answers.of({}, `/${'x'.repeat(512)}`, () => answerOf(404, '')).status).toBe(404);
    expect(answers.size).toBe(0);
  });

  it('know their length in bytes', () => {
    expect(answerOf(200, 'pgé')).toEqual({ status: 200, body: '"pgé"', length: '6' });
  });
});

describe('the lists over a connection that is kept', () => {
  let app: FastifyInstance | undefined;
  afterEach(() => app?.close());

  const member = (name: string, status: MemberAnswer['status']): MemberAnswer => ({
    cluster: 'orders',
    member: name,
    status,
    groups: ['orders'],
  });
  const calm: MembersAnswer = { members: [member('pgé', 'primary'), member('pg2', 'standby')], source: 'patroni' };
  const switched: MembersAnswer = { ...calm, members: [member('pgé', 'unavailable'), member('pg2', 'primary')] };

  it('are answered in order, each by what is known when it is asked', async () => {
    let asked = 0;
    // The third question comes after a switch.
    const members = (): MembersAnswer => {
      asked += 1;
      return asked < 3 ? calm : switched;
    };
    app = buildHttp(
      { ...routerOf({ revision: '7', ageMs: 3 }), members },
      { metrics: createMetrics(), clock: systemClock, log: silentLog },
    );
    await app.listen({ host: '127.0.0.1', port: 0 });
    const request = 'GET /v1/primary?group=orders HTTP/1.1\r\nHost: here\r\n\r\n';
    const text = await exchange(app, `${request}${request}${request}HEAD /v1/none HTTP/1.0\r\n\r\n`);
    const [first, second, third] = text.split(/(?=HTTP\/1\.1 )/);
    const head = (length: number): string =>
      [
        'HTTP/1.1 200 OK',
        'X-Pgrouted-Source: patroni',
        'X-Pgrouted-Revision: 7',
        'X-Pgrouted-Age-Ms: 3',
        'Content-Type: application/json; charset=utf-8',
        `Content-Length: ${length}`,
        '',
      ].join('\r\n');
    expect(first).toContain(head(6));
    expect(first?.endsWith('\r\n\r\n"pgé"')).toBe(true);
    expect(second?.replace(/^Date: .*$/m, '')).toBe(first?.replace(/^Date: .*$/m, ''));
    expect(third).toContain(head(5));
    expect(third?.endsWith('\r\n\r\n"pg2"')).toBe(true);
  });
});

/** Everything that comes back on one connection, until the other side ends it. */
function exchange(app: FastifyInstance, requests: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (more: string) => {
      text += more;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text));
    socket.write(requests);
  });
}
