// What the programs say of themselves: version, what they were built from, what they run on, and which protocols they speak. The same for both.
// Version and commit are put in when a bundle is made (scripts/bundle.mjs).
declare const __PGROUTED_VERSION__: string | undefined;
declare const __PGROUTED_COMMIT__: string | undefined;

/** `dev` when run from source. */
export const version: string = typeof __PGROUTED_VERSION__ === 'undefined' ? 'dev' : __PGROUTED_VERSION__;

/** Twelve digits, `+modified` when the files were others than the commit's; `unknown` when it was built without git, or not at all. */
export const commit: string = typeof __PGROUTED_COMMIT__ === 'undefined' ? 'unknown' : __PGROUTED_COMMIT__;

/** What a program runs on. */
export interface Runtime {
  /** As `process.versions` has them. */
  readonly node: string;
  readonly v8: string;
  /** The program and its runtime are one executable. */
  readonly inOneFile: boolean;
}

/** With whom we talk, and in which versions. Each is what the code reads or writes, or a limit that docs/ tells with the reason. */
export const protocols: readonly (readonly [who: string, what: string])[] = [
  ['etcd', 'API v3 by gRPC: Range, Watch, Txn, leases, Authenticate'],
  ['HAProxy', 'Runtime API, HAProxy 2.2 or later'],
  ['PostgreSQL', 'frontend protocol 3'],
  ['Patroni', "records of Patroni 2.0 or later in etcd v3, Patroni's REST health checks"],
  ['Stolon', 'clusterdata and proxy records of formatVersion 1'],
  ['PgRoute66', 'REST API /v1'],
  ['pgrouted', 'REST API /v2, schema 1; records of routers and overrides in etcd, version 1'],
];

/** What `--version` prints: `pgrouted 0.1.0` first, then a line for each thing. */
export function aboutText(program: string, runtime: Runtime): string {
  const lines = [
    ['commit', commit],
    [
      'runtime',
      `Node.js ${runtime.node}, V8 ${runtime.v8}${runtime.inOneFile ? ', in one file with the program' : ''}`,
    ],
    ...protocols,
  ] as const;
  const width = Math.max(...lines.map(([who]) => who.length));
  return [`${program} ${version}`, ...lines.map(([who, what]) => `  ${who.padEnd(width)}  ${what}`)].join('\n');
}
