// A target that drives more backends than it looks at one by one: what it must not miss between two looks at all of them. On a clock that the test moves, against a
// model of HAProxy.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACKENDS, disabled, ManyStage } from '../../test/many-stage.ts';

vi.mock('./runtime.ts', async (original) => ({
  ...(await original<typeof import('./runtime.ts')>()),
  RuntimeSocket: (await import('../../test/many-backends.ts')).ModelRuntime,
}));

let s: ManyStage;
beforeEach(async () => {
  s = new ManyStage(disabled);
  s.decide([], ['ready', 'maint', 'maint']);
  await s.clock.pass(4_000);
  expect(s.left()).toEqual([]);
  expect(s.target.status()).toMatchObject({ converged: true, convergedSerial: 1, problems: [] });
});
afterEach(() => s.close());

const line = (backend: string, name: string) => {
  const found = s.world.model.server(backend, name);
  if (found === undefined) throw new Error(`no ${backend}/${name}`);
  return found;
};
/** Moves on until the expectation holds, for so long at most. */
async function within(ms: number, holds: () => boolean): Promise<boolean> {
  for (let passed = 0; passed < ms && !holds(); passed += 1) await s.clock.pass(1);
  return holds();
}

describe('a target of many backends', { timeout: 30_000 }, () => {
  it.each([0.2, 0.5, 0.9, 0.999])(
    'finds what a hand changed though the answer that told of it broke off at %d',
    async (part) => {
      s.hand(5, 'b', 'state ready');
      s.hand(8, 'a', 'state maint');
      const { failures } = s.target.status().counters;
      s.world.cut = { commands: 1_000, part, has: 'show servers state' };
      await s.clock.pass(2_000);
      expect(s.target.status().counters.failures).toBe(failures + 1);
      expect(s.left()).toEqual([]);
      expect(s.held('b5')).toEqual([
        ['a', 'in', expect.any(Number)],
        ['b', 'out', 0],
        ['c', 'out', 0],
      ]);
      expect(s.held('b8')[0]?.[1]).toBe('in');
    },
  );

  it('ends the sessions that a server got while a hand had let it in, though it was out again before the next look', async () => {
    s.hand(5, 'b', 'state ready');
    s.hand(5, 'b', 'state maint');
    expect(line('b5', 'b').sessions).toBe(1);
    expect(await within(1_000, () => line('b5', 'b').sessions === 0)).toBe(true);
  });

  it('does not let a writer in again while such sessions remain', async () => {
    s.hand(5, 'b', 'state ready');
    s.hand(5, 'b', 'state maint');
    s.hand(5, 'a', 'state maint');
    line('b5', 'a').sessions = 0;
    expect(await within(1_000, () => line('b5', 'a').sessions > 0)).toBe(true);
    expect(line('b5', 'b').sessions).toBe(0);
  });

  it('ends a session that shows up on the old writer only right after the new one was let in', async () => {
    s.decide([5, 6, 7], ['maint', 'ready', 'maint']);
    expect(await within(100, () => s.world.model.accepting('b5')[0]?.name === 'b')).toBe(true);
    await s.clock.pass(2);
    line('b5', 'a').sessions = 1;
    expect(await within(300, () => line('b5', 'a').sessions === 0)).toBe(true);
  });

  it('lets nobody in on what it knew before a command of its own whose answer broke off', async () => {
    s.world.cut = { commands: 1_000, part: 0.5, has: 'set server b5/b state ready' };
    s.decide([5], ['maint', 'ready', 'maint']);
    expect(await within(100, () => line('b5', 'b').sessions > 0)).toBe(true);
    s.decide([5], ['maint', 'maint', 'ready']);
    expect(await within(100, () => line('b5', 'c').sessions > 0)).toBe(true);
    expect(s.world.broken).toEqual([]);
    expect(s.target.status().counters.failures).toBe(1);
  });

  it('obeys the first of two entries for one backend, and says so', async () => {
    const [first, ...others] = s.world.desired.backends.slice(5);
    if (first === undefined) throw new Error('no backend');
    const all = [...s.world.desired.backends.slice(0, 5), first, ...others];
    const twin = { ...first, servers: first.servers.map((one) => ({ ...one, state: 'maint' as const })) };
    s.submit({ serial: 2, backends: [...all, twin] });
    const executed = s.world.model.executed.length;
    await s.clock.pass(2_000);
    expect(s.world.model.executed.slice(executed)).toEqual([]);
    expect(s.target.status().problems.map(({ code }) => code)).toEqual(['backend_asked_twice']);
  });

  it('has let go of what was read back for that alone, not of what was counted a while ago', async () => {
    line('b5', 'c').sessions = 3;
    expect(s.target.letGo(['b5'])).toMatchObject({ kind: 'holds' });
    const told: number[] = [];
    for (let ms = 0; ms < 200; ms += 1) {
      await s.clock.pass(1);
      if (s.target.letGo(['b5']).kind === 'let_go') told.push(line('b5', 'c').sessions);
    }
    expect(told.length).toBeGreaterThan(0);
    expect(Math.max(...told)).toBe(0);
  });

  it('takes nothing of another worker for its own', async () => {
    s.world.reload(disabled);
    expect(await within(1_000, () => s.world.model.accepting('b5').length === 1)).toBe(true);
    expect(await within(1_000, () => s.target.status().converged)).toBe(true);
    expect(s.target.facts?.worker.pid).toBe(1_001);
    expect(s.target.facts?.servers).toHaveLength(BACKENDS.length * 3);
    expect(s.world.broken).toEqual([]);
    expect(s.left()).toEqual([]);
  });
});
