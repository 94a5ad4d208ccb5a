// V8 set for few clusters or for many: what is worth it for one costs a router of hundreds most of its time, when all of them move at once.
import { setFlagsFromString } from 'node:v8';
import type { PgroutedConfig } from '@pgrouted/core/config/config';
import { compileAlways } from './compilers.ts';

const MANY = 64;

/** To be called before the router starts. How many clusters a namespace has is not known by then: it is taken to have many. */
export function roomFor({ clusters, discovery }: Pick<PgroutedConfig, 'clusters' | 'discovery'>): void {
  if (discovery.length === 0 && clusters.length < MANY) {
    // Only here: once it was set, however short, V8 stays slow (a move of a thousand clusters took twice the processor with it set and taken back).
    setFlagsFromString('--optimize-for-size');
    return;
  }
  // Both cost memory (docs/scale.md).
  setFlagsFromString('--semi-space-growth-factor=2');
  compileAlways();
}
