// The same health check asked of a node's own Patroni and of pgrouted, which answers for it: what the two say, side by side.
import { request } from 'node:http';

export type Method = 'GET' | 'HEAD' | 'OPTIONS';

/** The status of an answer; Node's fetch would hide what comes after an OPTIONS. */
export function statusOf(method: Method, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${url}: no answer within 5 s`)));
    asked.on('error', reject);
    asked.end();
  });
}

export interface CheckedNode {
  readonly name: string;
  readonly restPort: number;
}

export interface Comparison {
  /** `OPTIONS /replica n2: 200` for each answer that both give. */
  readonly agreed: readonly string[];
  /** `OPTIONS /replica n2: 200 by Patroni, 503 by pgrouted`. */
  readonly differing: readonly string[];
}

/** `url`: of pgrouted. `paths`: behind `/check/`, and of Patroni's REST API. */
export async function compareChecks(
  url: string,
  nodes: readonly CheckedNode[],
  methods: readonly Method[],
  paths: readonly string[],
): Promise<Comparison> {
  const agreed: string[] = [];
  const differing: string[] = [];
  for (const path of paths) {
    const asked = methods.flatMap((method) => nodes.map((node) => ({ method, ...node })));
    await Promise.all(
      asked.map(async ({ method, name, restPort }) => {
        const [theirs, ours] = await Promise.all([
          statusOf(method, `http://127.0.0.1:${restPort}/${path}`),
          statusOf(method, `${url}/v1/${name}/check/${path}`),
        ]);
        const what = `${method} /${path} ${name}: ${theirs}`;
        if (ours === theirs) agreed.push(what);
        else differing.push(`${what} by Patroni, ${ours} by pgrouted`);
      }),
    );
  }
  return { agreed, differing };
}

/** A body with its inner fields under `outer.inner`. */
export type Words = ReadonlyMap<string, unknown>;

/** The JSON of a check asked by GET, whatever its status. */
export async function wordsOf(url: string): Promise<Words> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return new Map(flat(await answer.json(), []));
}

function flat(value: unknown, path: readonly string[]): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, [...path, key]));
}
