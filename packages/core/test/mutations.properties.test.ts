// Real recordings with something broken in them: bytes flipped, fields dropped or of another type, keys lost. Nothing may throw, and nobody is let in for
// writing whom the (readable) leader key does not name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/replay/replay.ts';
import { aSpec } from './cluster.ts';
import { damaged, mutation } from './mutations.ts';
import { authorities, recording } from './recordings.ts';

const names = [
  'switchover',
  'switchover-v20',
  'kill-primary-node',
  'pause-primary-patroni-stop',
  'sync-switchover-v4',
  'standby-cluster-promote',
] as const;
/** Some hundred replays take their time on a busy machine. */
const LIMIT_MS = 60_000;

const recordings = new Map(names.map((name) => [name, recording(name)]));

describe('a broken recording', () => {
  it(
    'never throws and never lets in a member that the leader key does not name',
    () => {
      const broken = fc.array(fc.tuple(fc.nat(), mutation), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(fc.constantFrom(...names), broken, fc.boolean(), (name, mutations, probed) => {
          const original = recordings.get(name);
          if (original === undefined) return;
          const events = damaged(original.events, mutations);
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
    },
    LIMIT_MS,
  );
});
