// Promises P1 and P4 where a target drives more backends than it looks at one by one: whatever HAProxy held, whatever is decided, typed, broken off or reloaded
// meanwhile, no command lets a second writer in, nor anybody who shall not be in; and within a second all is as decided.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ModelServer } from '../../test/haproxy-model.ts';
import type { Cut } from '../../test/many-backends.ts';
import { BACKENDS, disabled, ManyStage, NAMES, type Wishes } from '../../test/many-stage.ts';

vi.mock('./runtime.ts', async (original) => ({
  ...(await original<typeof import('./runtime.ts')>()),
  RuntimeSocket: (await import('../../test/many-backends.ts')).ModelRuntime,
}));

const COUNT = BACKENDS.length;

const held = fc.record({
  admin: fc.constantFrom(0, 1, 4, 5, 8, 9),
  stopped: fc.boolean(),
  weight: fc.constantFrom(0, 1),
  checkFails: fc.boolean(),
  sessions: fc.nat({ max: 2 }),
});
/** A few kinds of backends, dealt out among many: what fails shrinks to something that can be read. */
const kinds = fc.array(fc.tuple(held, held, held), { minLength: 1, maxLength: 5 });
const lines = fc
  .tuple(kinds, fc.array(fc.nat(), { minLength: COUNT, maxLength: COUNT }))
  .map(([all, dealt]): readonly ModelServer[] =>
    BACKENDS.flatMap(({ backend }, i) =>
      NAMES.flatMap((name, n): readonly ModelServer[] => {
        const one = all[(dealt[i] ?? 0) % all.length]?.[n];
        if (one === undefined) return [];
        const { stopped, ...rest } = one;
        const op = (rest.admin & 0x23) !== 0 || (stopped && rest.checkFails) ? 0 : 2;
        return [{ ...rest, op, backend, name, port: 1 + n, ending: 0 }];
      }),
    ),
  );
const wish = fc.constantFrom<Wishes>(
  ['ready', 'maint', 'maint'],
  ['maint', 'ready', 'maint'],
  ['maint', 'maint', 'ready'],
  ['maint', 'maint', 'maint'],
  ['drain', 'maint', 'maint'],
  ['keep', 'maint', 'maint'],
  ['maint', 'drain', 'ready'],
);
const some = fc.oneof(fc.constant(BACKENDS.map((_, i) => i)), fc.array(fc.nat({ max: COUNT - 1 }), { maxLength: 12 }));
const typed = fc.constantFrom('state ready', 'state maint', 'state drain', 'weight 0%', 'health up');
const hand = fc.record({
  kind: fc.constant('hand' as const),
  which: fc.nat({ max: COUNT - 1 }),
  name: fc.constantFrom(...NAMES),
  command: typed,
});
type Event =
  | { readonly kind: 'decide'; readonly which: readonly number[]; readonly states: Wishes }
  | { readonly kind: 'hand'; readonly which: number; readonly name: string; readonly command: string }
  | { readonly kind: 'cut'; readonly cut: Cut }
  | { readonly kind: 'reload'; readonly servers: readonly ModelServer[] };
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('decide' as const), which: some, states: wish }) },
  { weight: 3, arbitrary: hand },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      cut: fc.record({ commands: fc.nat({ max: 80 }), part: fc.constantFrom(0, 0.3, 0.6, 0.9, 0.999) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reload' as const), servers: fc.oneof(fc.constant(disabled), lines) }),
  },
);
const pause = fc.constantFrom(0, 1, 2, 3, 7, 30, 250, 900);

function run(s: ManyStage, event: Event): void {
  if (event.kind === 'decide') s.decide(event.which, event.states);
  else if (event.kind === 'hand') s.hand(event.which, event.name, event.command);
  else if (event.kind === 'cut') s.world.cut = event.cut;
  else s.world.reload(event.servers);
}

describe('a target that drives many backends', { timeout: 120_000 }, () => {
  it('keeps one writer in each through whatever happens, and holds all as decided a second after the last of it', async () => {
    const script = fc.array(fc.tuple(event, pause), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(wish, script, lines, async (first, events, start) => {
        const s = new ManyStage(start);
        try {
          s.decide([], first);
          for (const [what, ms] of events) {
            await s.clock.pass(ms);
            run(s, what);
          }
          s.world.cut = undefined;
          await s.clock.pass(1_000);
          expect(s.world.broken).toEqual([]);
          expect(s.left()).toEqual([]);
          expect(s.target.status().converged).toBe(true);
        } finally {
          await s.close();
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
