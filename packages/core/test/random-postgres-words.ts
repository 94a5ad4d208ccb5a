// Random things that three servers say one after the other, for properties: few instants and figures, so that coincidences are common.

import fc from 'fast-check';
import { lagLimitOfBytes } from '../src/model/service.ts';
import type { ClusterView } from '../src/model/view.ts';
import { Heard, type PostgresClusterSpec, postgresSpec, type Said, servers, type Word } from './postgres-words.ts';
import { optional } from './random-views.ts';

const word = fc.constantFrom<Word>(
  'primary',
  'primary',
  'primary',
  'standby',
  'standby',
  'silent',
  'denied',
  'down',
  'stopping',
  'starting',
);

const pause = fc.constantFrom(0, 0, 10, 50, 150, 200, 700, 1_000, 2_900, 3_000, 6_000);

const position = optional(fc.constantFrom(4_000, 5_000, 5_400, 6_000));

const step = fc.record({
  pause,
  server: fc.constantFrom(...servers),
  word,
  figures: fc.record({ position, received: position, timeline: optional(fc.constantFrom(3, 4)) }),
});

/** In the order in which it is heard. */
export const said: fc.Arbitrary<readonly Said[]> = fc.array(step, { maxLength: 14 }).map((steps) => {
  let at = 0;
  return steps.map(({ pause, server, word, figures: { position, received, timeline } }): Said => {
    at += pause;
    const figures = {
      ...(position === undefined ? {} : { position }),
      ...(received === undefined ? {} : { received }),
      ...(timeline === undefined ? {} : { timeline }),
    };
    return [at, server, word, figures];
  });
});

export const wishes: fc.Arbitrary<PostgresClusterSpec> = fc
  .record({
    maxLag: optional(fc.constantFrom(0, 500)).map((bytes) =>
      bytes === undefined ? undefined : lagLimitOfBytes(bytes),
    ),
    fallback: fc.constantFrom('primary' as const, 'none' as const),
  })
  .map(postgresSpec);

/** The picture some time after the last word. */
export const postgresPicture: fc.Arbitrary<ClusterView> = fc
  .tuple(said, pause)
  .map(([all, later]) => new Heard(all).viewAt((all.at(-1)?.[0] ?? 0) + later));
