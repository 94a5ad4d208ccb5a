// Real recordings with something broken in them: bytes flipped, fields dropped or of another type, keys lost. Nothing may throw, and nobody is let in for
// writing whom the (readable) leader key does not name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../src/replay/replay.ts';
import { replay } from '../src/replay/replay.ts';
import { aSpec } from './cluster.ts';
import { authorities, recording } from './recordings.ts';

const names = [
  'switchover',
  'switchover-v20',
  'kill-primary-node',
  'pause-primary-patroni-stop',
  'sync-switchover-v4',
  'standby-cluster-promote',
] as const;
const recordings = new Map(names.map((name) => [name, recording(name)]));

/** What is done to a value; plain data, so that a counterexample can be read. */
type Mutation =
  | { readonly kind: 'flip'; readonly where: number; readonly bits: number }
  | { readonly kind: 'cut'; readonly where: number }
  | { readonly kind: 'replace'; readonly by: string }
  | { readonly kind: 'field'; readonly which: number; readonly by: unknown };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
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

function mutated(value: string, how: Mutation): string {
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

describe('a broken recording', () => {
  it('never throws and never lets in a member that the leader key does not name', () => {
    const broken = fc.array(fc.tuple(fc.nat(), mutation), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...names), broken, fc.boolean(), (name, mutations, probed) => {
        const original = recordings.get(name);
        if (original === undefined) return;
        const events: RecordedEvent[] = [...original.events];
        for (const [which, how] of mutations) {
          const at = which % events.length;
          const event = events[at];
          if (event?.type === 'put') events[at] = { ...event, value: mutated(event.value, how) };
        }
        const history = authorities({ ...original, events });
        replay({
          cluster: aSpec({ probe: probed ? aSpec().probe : undefined }),
          prefix: original.prefix,
          events,
          probes: probed ? original.probes : undefined,
          onDecision: (_, { services, revision }, { settings, failsafeMembers }) => {
            const { holder, last } = history.findLast((write) => write.revision <= revision) ?? {};
            for (const { member, state } of services[0]?.verdicts ?? []) {
              if (state !== 'ready') continue;
              const kept = settings.paused || failsafeMembers.includes(member);
              expect(member).toBe(holder ?? (kept ? last : undefined));
            }
          },
        });
      }),
      { numRuns: 60 },
    );
  });
});
