// Streams of Stolon clusters with something broken in them: values damaged, writes lost or out of order. Nothing may throw, and nobody is let in for writing
// whom the (readable) clusterdata of that moment does not name, to this proxy if it is one, and whose PostgreSQL does not say that it takes writes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../src/replay/replay.ts';
import { damaged, mutation } from './mutations.ts';
import { opens, untrue } from './recordings.ts';
import { namings } from './stolon-history.ts';
import { modesOf, stolonRecording, stolonReplayed } from './stolon-recordings.ts';

const names = [
  'failover',
  'failkeeper',
  'failover-dead-proxy',
  'init',
  'standby-cluster-promote',
  'sync-init',
] as const;
const recordings = new Map(names.map((name) => [name, stolonRecording(name)]));

const RUNS = 40;
/** Some hundred replays take their time on a busy machine. */
const LIMIT_MS = 60_000;

/** A session has ended, and the question why is under way. */
const ASKING_MS = 45;

/** What is done to the order of writes; plain data, so that a counterexample can be read. */
type Disorder =
  /** This one never happened. */
  | { readonly kind: 'lost'; readonly which: number }
  /** The contents of two writes change places. */
  | { readonly kind: 'swapped'; readonly one: number; readonly other: number }
  /** A write is made once more in the place of another. */
  | { readonly kind: 'repeated'; readonly one: number; readonly at: number }
  /** A key is gone. */
  | { readonly kind: 'deleted'; readonly which: number };

const disorder: fc.Arbitrary<Disorder> = fc.oneof(
  fc.record({ kind: fc.constant('lost' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('swapped' as const), one: fc.nat(), other: fc.nat() }),
  fc.record({ kind: fc.constant('repeated' as const), one: fc.nat(), at: fc.nat() }),
  fc.record({ kind: fc.constant('deleted' as const), which: fc.nat() }),
);

function disordered(original: readonly RecordedEvent[], disorders: readonly Disorder[]): readonly RecordedEvent[] {
  const events = original.filter((event) => 'key' in event);
  for (const how of disorders) {
    const place = (number: number): number => number % events.length;
    const content = (number: number) => {
      const { type, key, value, lease } = events[place(number)] ?? never();
      return { type, key, value, lease };
    };
    const put = (number: number, what: Partial<ReturnType<typeof content>>): void => {
      const event = events[place(number)] ?? never();
      events[place(number)] = { ...event, ...what };
    };
    switch (how.kind) {
      case 'lost':
        events.splice(place(how.which), 1);
        break;
      case 'swapped': {
        const [one, other] = [content(how.one), content(how.other)];
        put(how.one, other);
        put(how.other, one);
        break;
      }
      case 'repeated':
        put(how.at, content(how.one));
        break;
      case 'deleted':
        put(how.which, { type: 'delete', value: '', lease: '0' });
        break;
    }
  }
  return events;
}

function never(): never {
  throw new Error('no such event');
}

/** Replays it, and fails where somebody is let in who may not be. */
function hold(
  name: (typeof names)[number],
  which: number,
  change: (events: readonly RecordedEvent[]) => readonly RecordedEvent[],
) {
  const original = recordings.get(name) ?? never();
  const modes = modesOf(original);
  const mode = modes[which % modes.length] ?? never();
  const recorded = { ...original, events: change(original.events) };
  const history = namings(recorded.events);
  const offences: string[] = [];
  const changes = stolonReplayed(recorded, mode, (t_ms, { services, revision }) => {
    const ready = services[0]?.verdicts.filter(({ state }) => state === 'ready') ?? [];
    const naming = history.findLast((write) => write.revision <= revision);
    for (const { member } of ready) {
      const enabled = mode.as === undefined || naming?.enabled.includes(mode.as) === true;
      if (ready.length > 1 || member !== naming?.keeper || !enabled) offences.push(`${member} at ${t_ms}`);
    }
  });
  expect(offences).toEqual([]);
  if (mode.proof === 'record') return;
  const tooLong = untrue(opens(changes, recorded.endMs), recorded).filter(
    ({ fromMs, toMs }) => toMs - fromMs > ASKING_MS,
  );
  expect(tooLong).toEqual([]);
}

const some = <T>(what: fc.Arbitrary<T>) => fc.array(what, { minLength: 1, maxLength: 6 });

describe('a stream of a Stolon cluster', () => {
  it(
    'with broken values lets in nobody who is not named',
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...names),
          fc.nat(),
          some(fc.tuple(fc.nat(), mutation)),
          (name, which, mutations) => {
            hold(name, which, (events) => damaged(events, mutations));
          },
        ),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );

  it(
    'with writes lost, repeated or out of order lets in nobody who is not named',
    () => {
      fc.assert(
        fc.property(fc.constantFrom(...names), fc.nat(), some(disorder), (name, which, disorders) => {
          hold(name, which, (events) => disordered(events, disorders));
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );

  it(
    'with clusterdata broken or out of order lets in nobody who is not named',
    () => {
      const isData = (event: RecordedEvent): boolean => 'key' in event && event.key.endsWith('/clusterdata');
      fc.assert(
        fc.property(
          fc.constantFrom(...names),
          fc.nat(),
          some(disorder),
          fc.array(fc.tuple(fc.nat(), mutation), { maxLength: 6 }),
          (name, which, disorders, mutations) => {
            hold(name, which, (events) => {
              const data = damaged(disordered(events.filter(isData), disorders), mutations);
              return [...events.filter((event) => !isData(event)), ...data].sort((a, b) => a.t_ms - b.t_ms);
            });
          },
        ),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );
});
