// Where the routers of a fleet keep what they share: `<prefix>/<cluster>/overrides/<id>` and `<prefix>/<cluster>/routers/<router>`. Names are escaped as in a
// URL, so that none of them can leave its place. Never reads a value.

export type FleetKey =
  | { readonly kind: 'override'; readonly cluster: string; readonly id: string }
  | { readonly kind: 'router'; readonly cluster: string; readonly router: string };

/** What begins every key: the prefix as configured (`/pgrouted`) and a slash. */
export const fleetRange = (prefix: string): string => `${prefix}/`;

export const overrideKey = (prefix: string, cluster: string, id: string): string =>
  `${prefix}/${encodeURIComponent(cluster)}/overrides/${encodeURIComponent(id)}`;

export const routerKey = (prefix: string, cluster: string, router: string): string =>
  `${prefix}/${encodeURIComponent(cluster)}/routers/${encodeURIComponent(router)}`;

/** Undefined: it is no key of ours; whoever put it there may have his reasons. */
export function parseFleetKey(prefix: string, key: string): FleetKey | undefined {
  if (!key.startsWith(fleetRange(prefix))) return undefined;
  const [cluster, room, name, ...more] = key
    .slice(prefix.length + 1)
    .split('/')
    .map(decoded);
  if (more.length > 0 || !cluster || !name) return undefined;
  if (room === 'overrides') return { kind: 'override', cluster, id: name };
  return room === 'routers' ? { kind: 'router', cluster, router: name } : undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    // A broken escape: nobody's name.
    return undefined;
  }
}
