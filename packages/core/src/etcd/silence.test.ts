import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/manual-clock.ts';
import { SilenceGuard } from './silence.ts';

const setup = () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const world = { heardAt: clock.now(), answersAnything: false };
  const hear = () => {
    world.heardAt = clock.now();
  };
  const guard = new SilenceGuard({
    clock,
    heardAt: () => world.heardAt,
    doubtMs: 800,
    giveUpMs: 400,
    askAnything: () => {
      seen.push('asked');
      if (world.answersAnything) clock.after(1, hear);
    },
    onSilent: () => seen.push('silent'),
  });
  return { clock, guard, seen, world, hear };
};

describe('SilenceGuard', () => {
  it('gives a peer up that owes an answer and shows no sign of life', async () => {
    const { clock, guard, seen } = setup();
    await clock.pass(5_000);
    guard.expect();
    await clock.pass(1_199);
    expect(seen).toEqual(['asked']);
    await clock.pass(1);
    expect(seen).toEqual(['asked', 'silent']);
  });

  it('goes on doubting when the answer is no longer waited for', async () => {
    const { clock, guard, seen } = setup();
    await clock.pass(1);
    const answered = guard.expect();
    await clock.pass(1);
    answered();
    await clock.pass(2_000);
    expect(seen).toEqual(['asked', 'silent']);
  });

  it('lets a peer be that answers anything at all, like one without a leader', async () => {
    const { clock, guard, seen, world } = setup();
    world.answersAnything = true;
    await clock.pass(1);
    guard.expect();
    await clock.pass(10_000);
    expect(seen).toContain('asked');
    expect(seen).not.toContain('silent');
  });

  it('runs no timer when nothing is due', async () => {
    const { clock, guard, hear } = setup();
    const answered = guard.expect();
    await clock.pass(1);
    hear();
    answered();
    expect(clock.pending).toBe(0);
  });

  it('does not take a stall of its own for silence of the peer', async () => {
    const { clock, guard, seen, hear } = setup();
    await clock.pass(1);
    guard.expect();
    await clock.pass(900);
    clock.stall(5_000);
    await clock.pass(1);
    hear();
    await clock.pass(100);
    expect(seen).toEqual(['asked']);
  });
});
