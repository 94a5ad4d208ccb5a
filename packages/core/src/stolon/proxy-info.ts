// proxies/info/<uid>: what a proxy tells the sentinel, in the exact JSON of Stolon's Go structs. Mixed casing: only infoUID has a tag there.
import * as z from 'zod';
import { parseJson, readOnce } from '../store/parsed.ts';

const NS_PER_MS = 1_000_000;

/** What a proxy tells about itself. */
export interface ProxyInfo {
  /** New with each put: by that, not by the lease, the sentinel sees that the proxy lives. */
  readonly infoUid: string;
  readonly uid: string;
  /** The proxy generation that it has acknowledged. */
  readonly generation: number;
  /** Undefined before Stolon 0.16, which introduced it. */
  readonly timeoutMs: number | undefined;
}

const uid = z.string().min(1).max(256);
const count = z.number().int().nonnegative();

const proxyInfoSchema = z
  .object({ infoUID: uid, UID: uid, Generation: count.default(0), ProxyTimeout: count.nullish() })
  .transform(
    ({ infoUID, UID, Generation, ProxyTimeout }): ProxyInfo => ({
      infoUid: infoUID,
      uid: UID,
      generation: Generation,
      timeoutMs: ProxyTimeout ? ProxyTimeout / NS_PER_MS : undefined,
    }),
  );

/** Reads a proxy's record, each entry once. */
export const readProxyInfo = readOnce((text) => parseJson(text, proxyInfoSchema));

/** The record as stolon-proxy 0.17 writes it: these keys in this order, the timeout as whole nanoseconds. */
export function proxyInfoJson({ infoUid, uid, generation, timeoutMs }: ProxyInfo & { timeoutMs: number }): string {
  return JSON.stringify({
    infoUID: infoUid,
    UID: uid,
    Generation: generation,
    ProxyTimeout: Math.round(timeoutMs * NS_PER_MS),
  });
}
