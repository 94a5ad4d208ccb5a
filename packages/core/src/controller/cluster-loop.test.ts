// One cluster's loop with a feed that says what the test says, on a clock that the test moves.
import { describe, expect, it } from 'vitest';
import {
  ago,
  aSpec,
  aView,
  heldBy,
  now,
  primaryAt,
  said,
  standbyAt,
  vacantAfter,
  withMember,
} from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import { after, type Millis, millis, revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { ClusterLoop } from './cluster-loop.ts';
import type { Feed } from './feed.ts';
import { Journal } from './journal.ts';
import { Heart } from './standstill.ts';

const words = (loop: ClusterLoop, backend: string) =>
  loop.desired.find((one) => one.backend === backend)?.servers.map(({ member, state }) => `${member} ${state}`);

/** The usual cluster, as if it had been confirmed and asked at this instant. */
function soundAt(at: Millis, prefix: string | undefined): ClusterView {
  const view = aView({ confirmedAt: at, leadership: heldBy('n1', { seenAt: ago(90_000) }) });
  const sound = [
    ['n1', said(primaryAt(ago(30_000)), primaryAt(at))] as const,
    ['n2', said(standbyAt(at))] as const,
    ['n3', said(standbyAt(at))] as const,
  ].reduce((so, [name, probe]) => withMember(so, name, { probe }), view);
  return prefix === undefined ? { ...sound, source: 'postgres' } : sound;
}

const PREFIX = '/service/demo/';

/** `prefix`: undefined for servers that are asked themselves. */
function stage(prefix: string | undefined) {
  const clock = new ManualClock();
  // The instant of the pictures in test/cluster.ts.
  clock.stall(now - clock.now());
  const journal = new Journal(clock, 100);
  const spec = prefix === undefined ? { ...aSpec(), source: { kind: 'postgres', hosts: [] } as const } : aSpec();
  let picture: ClusterView | undefined;
  let learntAt: Millis | undefined;
  let changesAt: Millis | undefined;
  let releasing = false;
  let refreshed = 0;
  const published: string[] = [];
  const feed: Feed = {
    prefix,
    dueAt: undefined,
    start: () => {},
    close: async () => {},
    picture: () => picture,
    changesAt: () => changesAt,
    learntAt: () => learntAt,
    freshSince: () => learntAt,
    refresh: () => {
      refreshed += 1;
    },
    follow: () => {},
    isProven: () => false,
    prove: async () => false,
    query: async () => ({ ok: false, error: 'not here' }),
    status: () => undefined,
  };
  const loop: ClusterLoop = new ClusterLoop({
    spec,
    feed,
    clock,
    heart: new Heart(clock),
    journal,
    overrides: () => [],
    proxy: () => ({
      state: () => undefined,
      get releasing() {
        return releasing;
      },
      lostTouch: () => false,
      wake: () => {},
    }),
    publish: () => published.push((words(loop, 'demo_primary') ?? []).join(', ')),
    onPass: () => {},
  });
  const shows = (view: ClusterView) => {
    picture = view;
    learntAt = clock.now();
  };
  return {
    clock,
    loop,
    published,
    refreshed: () => refreshed,
    shows,
    /** Everything is confirmed and asked now. */
    sound: () => shows(soundAt(clock.now(), prefix)),
    changes: (at: Millis) => {
      changesAt = at;
    },
    release: () => {
      releasing = true;
    },
    texts: () => journal.since(0, 100).entries.map(({ text }) => text),
  };
}

describe("a cluster's loop", () => {
  it('tells by when a pass is to come, and of none that is put off on purpose', async () => {
    const { clock, loop, sound, release } = stage(PREFIX);
    expect(loop.dueAt).toBeUndefined();
    sound();
    loop.start();
    loop.pass();
    const { reviewAt } = loop.decision ?? {};
    expect(reviewAt).toBeGreaterThan(clock.now());
    expect(loop.dueAt).toBe(reviewAt);
    // As if the timer for it had been lost: nothing else comes to look.
    clock.stall(120_000);
    expect(loop.dueAt).toBe(reviewAt);
    sound();
    await clock.pass(500);
    expect(loop.dueAt).toBeGreaterThan(clock.now());
    release();
    expect(loop.dueAt).toBeUndefined();
    loop.stop();
    expect(loop.dueAt).toBeUndefined();
  });

  it('touches nothing while nothing is known, and closes the writes when that has lasted too long', async () => {
    const { clock, loop, published, texts } = stage(PREFIX);
    loop.start();
    await clock.pass(18_900);
    expect(published).toEqual([]);
    await clock.pass(200);
    expect(published).toEqual(['']);
    expect(loop.desired.map(({ backend, servers }) => [backend, servers])).toEqual([['demo_primary', []]]);
    expect(texts()).toEqual([expect.stringMatching(/^etcd could not be read for 19 s since the start/)]);
  });

  it('publishes what was decided once, until it is something else', async () => {
    const { clock, loop, published, sound, shows } = stage(PREFIX);
    sound();
    loop.start();
    loop.news(undefined);
    expect(published).toEqual(['n1 ready, n2 maint, n3 maint']);
    await clock.pass(300);
    sound();
    loop.confirmed(false);
    loop.reading('n1', said(primaryAt(clock.now())));
    expect(published).toHaveLength(1);
    shows({ ...soundAt(clock.now(), PREFIX), leadership: vacantAfter(undefined, { revision: revision(61) }) });
    loop.news(undefined);
    expect(published.at(-1)).toBe('n1 maint, n2 maint, n3 maint');
    loop.stop();
    expect(clock.pending).toBe(1); // the journal's
  });

  it('tells a target that was refused again as soon as the view is confirmed', () => {
    const { loop, published, sound } = stage(PREFIX);
    sound();
    loop.news(undefined);
    loop.confirmed(true);
    expect(published).toHaveLength(2);
  });

  it('looks again when the picture changes by time alone', async () => {
    const { clock, loop, published, shows, sound, changes } = stage(undefined);
    sound();
    changes(after(clock.now(), 50));
    loop.news(undefined);
    expect(published).toEqual(['n1 ready, n2 maint, n3 maint']);
    shows({ ...soundAt(clock.now(), undefined), members: [] });
    await clock.pass(52);
    expect(published).toHaveLength(2);
  });

  it('decides nothing any more once it lets go of everything', () => {
    const { loop, published, sound, release } = stage(PREFIX);
    sound();
    release();
    loop.news(undefined);
    expect(loop.decision).toBeUndefined();
    loop.override([]);
    expect(published).toHaveLength(1);
  });

  it.each([
    ['etcd has', PREFIX],
    ['the servers have', undefined],
  ])('judges nothing after a standstill before %s been asked again', async (who, prefix) => {
    const { clock, loop, published, sound, texts, refreshed } = stage(prefix);
    sound();
    loop.start();
    loop.news(undefined);
    clock.stall(60_000);
    await clock.pass(100);
    expect(refreshed()).toBe(1);
    expect(published).toHaveLength(1);
    expect(texts()).toContain(
      `pgrouted itself stood still for 60000 ms; nothing is judged before ${who} been asked again`,
    );
    sound();
    loop.news(undefined);
    expect(published).toEqual(['n1 ready, n2 maint, n3 maint']);
    expect(loop.view?.confirmedAt).toBe(clock.now());
    loop.stop();
  });

  it('knows whether its decision holds at this instant, and makes another where its time is over', () => {
    const { clock, loop, sound } = stage(PREFIX);
    expect(loop.isCurrent()).toBe(true);
    sound();
    loop.news(undefined);
    expect([loop.isCurrent(), loop.view?.confirmedAt]).toEqual([true, now]);
    // As if timers were late: the decision says itself until when it is good.
    clock.stall(990);
    expect(loop.decision?.reviewAt).toBeLessThanOrEqual(millis(now + 1_010));
    clock.stall(20);
    sound();
    expect([loop.isCurrent(), loop.view?.confirmedAt]).toEqual([true, clock.now()]);
    loop.stop();
    expect(loop.isCurrent()).toBe(false);
  });

  it('vouches for nothing after a standstill, before something was heard again', () => {
    const { clock, loop, sound } = stage(PREFIX);
    sound();
    loop.news(undefined);
    clock.stall(60_000);
    expect([loop.isCurrent(), loop.isCurrent()]).toEqual([false, false]);
    sound();
    expect(loop.isCurrent()).toBe(true);
  });

  it.each([
    ['tells when etcd does not confirm the view', PREFIX, 1],
    ['knows no confirmation where servers are asked themselves', undefined, 0],
  ])('%s', async (_, prefix, times) => {
    const { clock, loop, sound, texts } = stage(prefix);
    sound();
    loop.start();
    loop.news(undefined);
    await clock.pass(2_000);
    expect(texts().filter((text) => text.includes('has not confirmed the view'))).toHaveLength(times);
    loop.stop();
  });
});
