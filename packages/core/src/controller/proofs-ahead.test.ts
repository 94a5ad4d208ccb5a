import { describe, expect, it } from 'vitest';
import { aSpec, aView, heldBy, primaryAt, said, vacantAfter } from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { decide } from '../routing/decide.ts';
import { ProofsAhead } from './proofs-ahead.ts';

function stage() {
  const clock = new ManualClock();
  let proofs = 0;
  const ahead = new ProofsAhead(clock, () => {
    proofs += 1;
  });
  const look = (view: ClusterView) => ahead.look(view, decide(view, aSpec(), view.confirmedAt));
  return { clock, ahead, look, proofs: () => proofs };
}

/** Named at this instant; confirmed so that its promotion counts (`open`), or named too late for that. */
function named(at: Millis, open: boolean): ClusterView {
  const { members, ...view } = aView({ confirmedAt: at, leadership: heldBy('n1', { seenAt: at }) });
  const proven = members.map((member) => ({
    ...member,
    probe: open && member.name === 'n1' ? said(primaryAt(at)) : undefined,
  }));
  return { ...view, members: proven };
}

describe('proofs in advance', () => {
  it('are made again and again while a leader is named and not open, for ten seconds', async () => {
    const { clock, look, proofs } = stage();
    look(named(clock.now(), false));
    await clock.pass(1);
    expect(proofs()).toBe(0);
    await clock.pass(1);
    expect(proofs()).toBe(1);
    await clock.pass(30);
    expect(proofs()).toBe(3);
    await clock.pass(20_000);
    const most = proofs();
    expect(most).toBeGreaterThan(600);
    await clock.pass(1_000);
    expect(proofs()).toBe(most);
    expect(clock.pending).toBe(0);
  });

  it('end when it is open, when nobody is named, and when they are stopped', async () => {
    const { clock, ahead, look, proofs } = stage();
    for (const end of [
      () => look(named(clock.now(), true)),
      () => look(aView({ leadership: vacantAfter('n1') })),
      () => ahead.stop(),
    ]) {
      look(named(clock.now(), false));
      end();
      const before = proofs();
      await clock.pass(100);
      // One may have been on its way.
      expect(proofs()).toBeLessThanOrEqual(before + 1);
      expect(clock.pending).toBe(0);
    }
  });
});
