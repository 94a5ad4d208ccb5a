// pgroutectl as a library: the program and its pure renderers.

export { run } from './program.ts';
export { renderEntry } from './render/events.ts';
export { renderExplain } from './render/explain.ts';
export { renderStatus } from './render/status.ts';
