// What can be broken in a recording: bytes flipped, fields dropped or of another type, texts cut or replaced.
import fc from 'fast-check';
import type { RecordedEvent } from '../src/replay/replay.ts';

/** What is done to a value; plain data, so that a counterexample can be read. */
export type Mutation =
  | { readonly kind: 'flip'; readonly where: number; readonly bits: number }
  | { readonly kind: 'cut'; readonly where: number }
  | { readonly kind: 'replace'; readonly by: string }
  | { readonly kind: 'field'; readonly which: number; readonly by: unknown };

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), where: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), where: fc.nat() }),
  fc.record({
    kind: fc.constant('replace' as const),
    by: fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('', 'null', '[]', '{}', '0', '"x"', 'n1\n', 'x'.repeat(10_240), '__proto__'),
    ),
  }),
  // `by` undefined: the field is dropped.
  fc.record({
    kind: fc.constant('field' as const),
    which: fc.nat(),
    by: fc.option(fc.jsonValue({ maxDepth: 1 }), { nil: undefined }),
  }),
);

export function mutated(value: string, how: Mutation): string {
  switch (how.kind) {
    case 'flip': {
      const at = how.where % Math.max(1, value.length);
      return value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ how.bits) + value.slice(at + 1);
    }
    case 'cut':
      return value.slice(0, how.where % (value.length + 1));
    case 'replace':
      return how.by;
    case 'field': {
      // A field of the first level, found in the text, since the value may be broken already.
      const names = [...value.matchAll(/"(\w+)":/g)].map(([, name]) => name);
      const name = names[how.which % Math.max(1, names.length)];
      if (name === undefined) return value;
      return value.replace(new RegExp(`"${name}":("[^"]*"|[^,{}[\\]]*)`), () =>
        how.by === undefined ? '"":0' : `"${name}":${JSON.stringify(how.by)}`,
      );
    }
  }
}

/** The events with some of their values broken; each number chooses an event. */
export function damaged(
  original: readonly RecordedEvent[],
  mutations: readonly (readonly [which: number, how: Mutation])[],
): readonly RecordedEvent[] {
  const events = [...original];
  for (const [which, how] of mutations) {
    const at = which % events.length;
    const event = events[at];
    if (event?.type === 'put') events[at] = { ...event, value: mutated(event.value, how) };
  }
  return events;
}
