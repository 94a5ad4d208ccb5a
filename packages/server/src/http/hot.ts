// Answers that many ask for again and again, given from memory and before any route is looked for: made once for each URL as it was written, kept for as
// long as what they were made from has not changed. Never more than a bounded number of them, for URLs come from clients. Knows no route.
import type { RequestListener, ServerResponse } from 'node:http';
import type { Freshness, MembersAnswer, RouterApi } from '@pgrouted/core/controller/api';
import { factHeaders } from './facts.ts';
import { jsonText, jsonType } from './json.ts';
import type { RequestCounts } from './request-counts.ts';

/** A status and a body, ready to be sent as often as they are asked for. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The body's length in bytes, as the header has it. */
  readonly length: string;
}

export function answerOf(status: number, value: unknown): Answer {
  const body = jsonText(value);
  return { status, body, length: String(Buffer.byteLength(body)) };
}

/** An answer and the route that made it, for the counts. */
interface Kept {
  readonly route: string;
  readonly answer: Answer;
}

/** Below this lies all that tells of members. */
const aboutMembers = '/v1/';

/** The whole memory is at most their product: 128 KiB of URLs. */
const greatestNumber = 256;
const longestUrl = 512;

export class HotAnswers {
  readonly #api: RouterApi;
  readonly #counts: RequestCounts;
  readonly #byUrl = new Map<string, Kept>();
  /** What all kept answers were made from; another object is another picture. */
  #facts: MembersAnswer | undefined;

  constructor(api: RouterApi, counts: RequestCounts) {
    this.#api = api;
    this.#counts = counts;
  }

  /** Answers what is kept; hands everything else on. Whoever asks for members before anything is known of them waits for that moment. */
  before(next: RequestListener): RequestListener {
    const handle: RequestListener = (request, response) => {
      const url = request.url ?? '';
      // Nothing is kept before the router can be asked: the routes say so then.
      const facts = request.method === 'GET' && this.#byUrl.has(url) ? this.#api.members() : undefined;
      const kept = facts === undefined ? undefined : this.#kept(facts, url);
      if (facts === undefined || kept === undefined) next(request, response);
      else this.#send(response, facts, kept);
    };
    return (request, response) => {
      const settling = request.url?.startsWith(aboutMembers) === true ? this.#api.settling() : undefined;
      if (settling === undefined) handle(request, response);
      else void settling.then(() => handle(request, response));
    };
  }

  /** A route's own way: makes the answer by `make`, which must depend on nothing but the members and the URL, keeps it and sends it. */
  answer(
    response: ServerResponse,
    route: string,
    url: string,
    make: (members: MembersAnswer['members']) => Answer,
  ): void {
    const facts = this.#api.members();
    const kept = this.#kept(facts, url) ?? this.#keep(url, { route, answer: make(facts.members) });
    this.#send(response, facts, kept);
  }

  /** For tests: how many are kept. */
  get size(): number {
    return this.#byUrl.size;
  }

  #kept(facts: MembersAnswer, url: string): Kept | undefined {
    if (facts !== this.#facts) {
      this.#byUrl.clear();
      this.#facts = facts;
    }
    return this.#byUrl.get(url);
  }

  #keep(url: string, made: Kept): Kept {
    if (url.length > longestUrl) return made;
    // Somebody asks for ever new URLs: those who ask for the same ones are back in here at once.
    if (this.#byUrl.size >= greatestNumber) this.#byUrl.clear();
    this.#byUrl.set(url, made);
    return made;
  }

  #send(response: ServerResponse, { source }: MembersAnswer, { route, answer }: Kept): void {
    this.#counts.count(route, answer.status);
    response.writeHead(answer.status, headersOf(answer, source, this.#api.freshness()));
    // To HEAD Node sends no body.
    response.end(answer.body);
  }
}

function headersOf({ length }: Answer, source: string, freshness: Freshness): string[] {
  const headers = factHeaders(source, freshness);
  headers.push('Content-Type', jsonType, 'Content-Length', length);
  return headers;
}
