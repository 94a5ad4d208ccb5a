// A small real HTTP server that takes overrides and tells of a fleet as a test says, and remembers what it was asked.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: unknown;
}

export interface ChangingRouter {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What is answered, by method and path without a query; the last one again and again. */
  readonly answers: Map<string, (readonly [status: number, body: unknown])[]>;
  readonly close: () => Promise<void>;
}

export async function startChangingRouter(): Promise<ChangingRouter> {
  const asked: Asked[] = [];
  const answers: ChangingRouter['answers'] = new Map();
  const server = createServer((request, response) => {
    void read(request).then((one) => {
      asked.push(one);
      const waiting = answers.get(`${one.method} ${one.url.split('?')[0]}`) ?? [];
      const [status, body] = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? [404, { error: 'no such route' }];
      response.statusCode = status;
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const body = await text(request);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    authorization: request.headers.authorization,
    type: request.headers['content-type'],
    body: body === '' ? undefined : JSON.parse(body),
  };
}
