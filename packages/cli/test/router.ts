// A small real HTTP server that serves given documents as pgrouted does, and a recording world for commands to run in.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { EventsDocument, JournalEntry } from '@pgrouted/core/status/schema';
import { type Io, systemClock } from '../src/io.ts';
import { run } from '../src/program.ts';

export interface Router {
  readonly url: string;
  /** What GET /v2/status answers: a document, or raw text with a status code. */
  answer: unknown;
  statusCode: number;
  /** The journal: what /v2/events answers and /v2/events/stream continues. */
  journal: JournalEntry[];
  /** Below this number entries have left the memory. */
  forgottenSeq: number;
  /** Adds an entry and tells it to those who follow. */
  readonly add: (entry: JournalEntry) => void;
  /** Ends every open stream, as a restart would. */
  readonly cutStreams: () => void;
  readonly streams: () => number;
  readonly sendRaw: (text: string) => void;
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

export async function startRouter(wantedPort = 0): Promise<Router> {
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://router');
    router.requests.push(`${url.pathname}${url.search}`);
    if (url.pathname === '/v2/status') {
      response.statusCode = router.statusCode;
      response.end(typeof router.answer === 'string' ? router.answer : JSON.stringify(router.answer));
    } else if (url.pathname === '/v2/events') {
      response.end(JSON.stringify(since(router, Number(url.searchParams.get('after') ?? 0))));
    } else if (url.pathname === '/v2/events/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': welcome\n\n');
      streams.add(response);
      response.once('close', () => streams.delete(response));
      const after = Number(request.headers['last-event-id'] ?? url.searchParams.get('after') ?? 0);
      for (const entry of since(router, after).entries) send(response, entry);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  server.listen(wantedPort, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const router: Router = {
    url: `http://127.0.0.1:${port}`,
    answer: {},
    statusCode: 200,
    journal: [],
    forgottenSeq: 0,
    add: (entry) => {
      router.journal.push(entry);
      for (const stream of streams) send(stream, entry);
    },
    cutStreams: () => {
      for (const stream of streams) stream.destroy();
    },
    streams: () => streams.size,
    sendRaw: (text) => {
      for (const stream of streams) stream.write(text);
    },
    requests: [],
    close: async () => {
      router.cutStreams();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return router;
}

function since({ journal, forgottenSeq }: Router, after: number): EventsDocument {
  return {
    entries: journal.filter((entry) => entry.seq > Math.max(after, forgottenSeq)),
    lastSeq: journal.at(-1)?.seq ?? 0,
    lost: after < forgottenSeq,
  };
}

function send(stream: ServerResponse, entry: JournalEntry): void {
  stream.write(`id: ${entry.seq}\nevent: ${entry.kind}\ndata: ${JSON.stringify(entry)}\n\n`);
}

export interface Run {
  readonly code: Promise<number>;
  /** What was written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Ctrl-C. */
  readonly interrupt: () => void;
  /** Resolves when `check` holds. */
  readonly until: (check: () => boolean) => Promise<void>;
}

export interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** Standard input. */
  readonly input?: string;
}

/** Runs pgroutectl with `args` in this process, in a world of its own. */
export function pgroutectl(args: readonly string[], world: World = {}): Run {
  let out = '';
  let err = '';
  const interruption = new AbortController();
  const input = new PassThrough();
  input.end(world.input ?? '');
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input,
    env: world.env ?? {},
    columns: world.columns,
    errIsTerminal: false,
    clock: systemClock,
    interrupted: interruption.signal,
  };
  return {
    code: run(args, io),
    out: () => out,
    err: () => err,
    interrupt: () => interruption.abort(),
    until: async (check) => {
      while (!check()) await new Promise((resolve) => setTimeout(resolve, 2));
    },
  };
}
