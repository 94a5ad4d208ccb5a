// Answers that many ask for again and again, given from memory: made once for each URL as it was written, kept for as long as what they were made from
// has not changed. Never more than a bounded number of them, for URLs come from clients. Knows no route.
import type { Freshness } from '@pgrouted/core/controller/api';
import type { FastifyReply } from 'fastify';
import { jsonText, jsonType } from './json.ts';

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

/** The whole memory is at most their product: 128 KiB of URLs. */
const greatestNumber = 256;
const longestUrl = 512;

/** `Facts`: the value that all answers are made from, told apart by identity: another object is another picture. */
export class HotAnswers<Facts extends object> {
  readonly #byUrl = new Map<string, Answer>();
  #facts: Facts | undefined;

  /** The answer to `url` by these facts; `make` must depend on nothing else than the two. */
  of(facts: Facts, url: string, make: () => Answer): Answer {
    if (facts !== this.#facts) {
      this.#byUrl.clear();
      this.#facts = facts;
    }
    const known = this.#byUrl.get(url);
    if (known !== undefined) return known;
    const made = make();
    if (url.length <= longestUrl) {
      // Somebody asks for ever new URLs: those who ask for the same ones are back in here at once.
      if (this.#byUrl.size >= greatestNumber) this.#byUrl.clear();
      this.#byUrl.set(url, made);
    }
    return made;
  }

  /** For tests: how many are kept. */
  get size(): number {
    return this.#byUrl.size;
  }
}

/**
 * Sends it past fastify's own way of sending, which costs about as much again as the rest of such an answer. HEAD is right here too: Node leaves the
 * body out.
 */
export function sendHot(reply: FastifyReply, answer: Answer, source: string, { revision, ageMs }: Freshness): void {
  const headers = ['X-Pgrouted-Source', source];
  if (revision !== undefined) headers.push('X-Pgrouted-Revision', revision);
  if (ageMs !== undefined) headers.push('X-Pgrouted-Age-Ms', String(ageMs));
  headers.push('Content-Type', jsonType, 'Content-Length', answer.length);
  reply.hijack();
  reply.raw.writeHead(answer.status, headers);
  reply.raw.end(answer.body);
}
