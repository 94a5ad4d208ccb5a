// The engine as a library: a router from a checked configuration. The rooms have entries of their own (`@pgrouted/core/haproxy/target`).
export type { PgroutedConfig } from './config/config.ts';
export { parseConfig } from './config/parse.ts';
export type { RouterApi } from './controller/api.ts';
export { type RunningRouter, startRouter } from './controller/router.ts';
export { statusSchema } from './status/schema.ts';
