// V8 set for few clusters or for many: what is worth it for one costs a router of hundreds most of its time, when all of them move at once.
import { setFlagsFromString } from 'node:v8';
import type { PgroutedConfig } from '@pgrouted/core/config/config';
import { compileAlways } from './compilers.ts';
import { collectGarbage } from './garbage.ts';

const MANY = 64;

type Clusters = Pick<PgroutedConfig, 'clusters' | 'discovery'>;

const areMany = ({ clusters, discovery }: Clusters): boolean => discovery.length > 0 || clusters.length >= MANY;

/** To be called before the router starts. How many clusters a namespace has is not known by then: it is taken to have many. */
export function roomFor(config: Clusters): void {
  if (!areMany(config)) {
    // Only here: once it was set, however short, V8 stays slow (a move of a thousand clusters took twice the processor with it set and taken back).
    setFlagsFromString('--optimize-for-size');
    return;
  }
  // Both cost memory (docs/scale.md).
  setFlagsFromString('--semi-space-growth-factor=2');
  compileAlways();
  // Now, while there is little: later it would stop a router of hundreds for a third of a second.
  collectGarbage();
}

/** To be called once, when the start is over. Until then V8 may take what it likes: a start that collects all the time takes a sixth longer. */
export function roomAfterStart(config: Clusters): void {
  if (areMany(config)) return;
  // The young generation stays at 1 MB instead of growing to 16: collections come more often, and each is shorter.
  setFlagsFromString('--semi-space-growth-factor=1');
  collectGarbage();
}
