// What others may take from the daemon's package: the HTTP API over any router.
export { buildHttp, type HttpOptions } from './http/app.ts';
export { createMetrics } from './metrics.ts';
