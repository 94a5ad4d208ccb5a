// V8 set for many clusters: what is worth it for one (heap.ts) costs a router of hundreds most of its time, when all of them move at once.
import { setFlagsFromString } from 'node:v8';
import type { PgroutedConfig } from '@pgrouted/core/config/config';
import { compileAlways } from './compilers.ts';

const MANY = 64;

/** To be called before the router starts. How many clusters a namespace has is not known by then: it is taken to have many. */
export function roomFor({ clusters, discovery }: Pick<PgroutedConfig, 'clusters' | 'discovery'>): void {
  if (discovery.length === 0 && clusters.length < MANY) return;
  // Both cost memory (docs/scale.md): without the second V8 keeps all code interpreted, compilers or not.
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString('--no-optimize-for-size');
  compileAlways();
}
