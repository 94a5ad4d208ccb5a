// Patroni's REST API as the lab uses it: to ask a node what it is, and to order a switchover or a pause as patronictl does.

/** What `GET /patroni` says of its own node. */
export interface NodeStatus {
  readonly state: string;
  readonly role: string;
  readonly pause: boolean;
  readonly timeline: number | undefined;
}

async function call(port: number, method: string, path: string, body?: unknown, patienceMs = 30_000): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    signal: AbortSignal.timeout(patienceMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  // `GET /patroni` of a node that isn't healthy is 503 and still says what it is.
  if (!answer.ok && method !== 'GET') throw new Error(`${method} ${path} on port ${port}: ${answer.status} ${text}`);
  return text;
}

const field = (document: unknown, name: string): unknown =>
  typeof document === 'object' && document !== null
    ? Object.entries(document).find(([key]) => key === name)?.[1]
    : undefined;

export async function nodeStatus(restPort: number): Promise<NodeStatus> {
  const document: unknown = JSON.parse(await call(restPort, 'GET', '/patroni', undefined, 2_000));
  const timeline = field(document, 'timeline');
  return {
    state: String(field(document, 'state')),
    role: String(field(document, 'role')),
    pause: field(document, 'pause') === true,
    timeline: typeof timeline === 'number' ? timeline : undefined,
  };
}

/** Settles when Patroni says that the switchover is done; fails with its words when it is refused. */
export async function orderSwitchover(
  restPort: number,
  leader: string,
  candidate: string | undefined,
): Promise<string> {
  return call(restPort, 'POST', '/switchover', { leader, ...(candidate === undefined ? {} : { candidate }) }, 60_000);
}

/** Merges `patch` into the dynamic configuration; a null takes a key away. */
export async function patchConfig(restPort: number, patch: Readonly<Record<string, unknown>>): Promise<void> {
  await call(restPort, 'PATCH', '/config', patch);
}
