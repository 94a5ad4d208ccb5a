import { describe, expect, it } from 'vitest';
import { failing, primaryAt, probeSpec, standbyAt } from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import { silentLog } from '../model/log.ts';
import { type ProbeReading, type ProbeState, withReading } from '../model/probe.ts';
import type { PostgresHost } from '../model/spec.ts';
import { type Millis, millis } from '../model/units.ts';
import { decide } from '../routing/decide.ts';
import type { FeedEvents } from './feed.ts';
import { type Asking, type PostgresClusterSpec, PostgresFeed } from './postgres-feed.ts';

const host = (name: string, port: number): PostgresHost => ({
  name,
  address: { host: '127.0.0.1', port },
  connection: probeSpec,
});
const hosts = [host('pg1', 5432), host('pg2', 5433), host('pg3', 5434)];
const spec: PostgresClusterSpec = {
  name: 'orders',
  source: { kind: 'postgres', hosts },
  probe: probeSpec,
  grace: 'auto',
  services: [],
};

/** A prober whose servers say what the test says, when it says so. */
class Told implements Asking {
  readonly clock = new ManualClock();
  readonly heard: string[] = [];
  readonly feed: PostgresFeed;
  hurried: readonly string[] = [];
  watched: readonly string[] = [];
  #readings: ReadonlyMap<string, ProbeState> = new Map();
  #onReading: FeedEvents['onReading'] = () => {};

  constructor() {
    this.feed = new PostgresFeed({
      spec,
      clock: this.clock,
      log: silentLog,
      onNews: () => this.heard.push('news'),
      onConfirmed: () => this.heard.push('confirmed'),
      onReading: (member, { latest }) => this.heard.push(`${member} ${latest.kind}`),
      ask: (onReading) => {
        this.#onReading = onReading;
        return this;
      },
    });
    this.feed.start();
  }

  watch: Asking['watch'] = (members) => {
    this.watched = members.map(({ name }) => name);
  };
  hurry: Asking['hurry'] = (members) => {
    this.hurried = [...new Set(members)].sort();
  };
  readings: Asking['readings'] = () => this.#readings;
  query: Asking['query'] = async (member, text) => ({ ok: true, rows: [[member, text]] });
  close: Asking['close'] = async () => {};

  /** It was asked `agoMs` ago, and this is the answer. */
  say(name: string, kind: ProbeReading['kind'], agoMs = 0): void {
    const at = millis(this.clock.now() - agoMs);
    const state = withReading(this.#readings.get(name), readingOf(kind, at));
    this.#readings = new Map([...this.#readings, [name, state]]);
    this.#onReading(name, state);
  }

  calm(): this {
    this.say('pg1', 'primary');
    this.say('pg2', 'standby');
    this.say('pg3', 'standby');
    return this;
  }

  /** What `prove` gives, and whether it has ended yet. */
  prove(member: string): { readonly proof: Promise<boolean>; readonly ended: () => boolean } {
    let ended = false;
    const proof = this.feed.prove(member).finally(() => {
      ended = true;
    });
    return { proof, ended: () => ended };
  }
}

const readingOf = (kind: ProbeReading['kind'], at: Millis): ProbeReading =>
  kind === 'primary' ? primaryAt(at) : kind === 'standby' ? standbyAt(at) : failing(kind, at);

describe('the feed of a cluster that nobody manages', () => {
  it('asks every server from the start, and has a picture of them before any has answered', () => {
    const told = new Told();
    expect(told).toMatchObject({ watched: ['pg1', 'pg2', 'pg3'], heard: ['news'] });
    expect(told.feed.picture()?.members.map(({ stateText }) => stateText)).toEqual(Array(3).fill('not asked'));
    expect(told.feed.learntAt()).toBeUndefined();
  });

  it('gives the very same picture until somebody has said something', async () => {
    const told = new Told().calm();
    const picture = told.feed.picture();
    expect(picture?.leadership).toMatchObject({ kind: 'held', member: 'pg1' });
    await told.clock.pass(500);
    expect(told.feed.picture()).toBe(picture);
    told.say('pg2', 'standby');
    expect(told.feed.picture()).not.toBe(picture);
    expect(told.heard).toEqual(['news', 'pg1 primary', 'pg2 standby', 'pg3 standby', 'pg2 standby']);
  });

  it('tells when the word of a silent primary will be too old, and drops it then', async () => {
    const told = new Told().calm();
    expect(told.feed.changesAt()).toBeUndefined();
    await told.clock.pass(1_000);
    told.say('pg1', 'silent');
    const held = told.feed.picture();
    expect(held?.leadership.kind).toBe('held');
    const changesAt = told.feed.changesAt() ?? 0;
    expect(changesAt - told.clock.now()).toBe(2_000);
    await told.clock.pass(1_999);
    expect(told.feed.picture()).toBe(held);
    await told.clock.pass(1);
    expect(told.feed.picture()?.leadership).toMatchObject({ kind: 'vacant', former: 'pg1' });
    expect(told.feed.changesAt()).toBeUndefined();
  });

  it('is as old as the oldest of the last readings, and fresh when all who answer were heard', async () => {
    const told = new Told().calm();
    const at = told.clock.now();
    await told.clock.pass(700);
    told.say('pg1', 'primary');
    told.say('pg2', 'standby');
    expect(told.feed.learntAt()).toBe(at);
    expect(told.feed.freshSince()).toBe(at);
    told.say('pg3', 'silent', 200);
    expect(told.feed.learntAt()).toBe(at + 500);
    expect(told.feed.freshSince()).toBe(at + 700);
  });

  it('asks whoever answers anew when all that is known is old at once', async () => {
    const told = new Told().calm();
    told.say('pg3', 'silent');
    told.clock.stall(60_000);
    told.feed.refresh();
    expect(told.hurried).toEqual(['pg1', 'pg2']);
    told.say('pg1', 'primary');
    told.say('pg2', 'standby');
    expect(told.hurried).toEqual([]);
    expect(told.feed.freshSince()).toBe(told.clock.now());
  });

  it('puts a question of our own to the server that is named', async () => {
    expect(await new Told().feed.query('pg2', 'select 1')).toEqual({ ok: true, rows: [['pg2', 'select 1']] });
  });
});

describe('before a writer is opened', () => {
  it('every server that answers is asked once more, and the member has to say so again', async () => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof, ended } = told.prove('pg1');
    expect(told.hurried).toEqual(['pg1', 'pg2', 'pg3']);
    told.say('pg1', 'primary');
    told.say('pg2', 'standby');
    await told.clock.pass(1);
    expect(ended()).toBe(false);
    told.say('pg3', 'standby');
    expect(await proof).toBe(true);
    expect(told.hurried).toEqual([]);
  });

  it('an answer to an earlier question does not count', async () => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof, ended } = told.prove('pg1');
    for (const name of ['pg2', 'pg3']) told.say(name, 'standby');
    told.say('pg1', 'primary', 5);
    await told.clock.pass(10);
    expect(ended()).toBe(false);
    told.say('pg1', 'primary');
    expect(await proof).toBe(true);
  });

  it('whoever gave no answer the last time is not waited for', async () => {
    const told = new Told().calm();
    told.say('pg2', 'silent');
    told.say('pg3', 'down');
    await told.clock.pass(400);
    const { proof } = told.prove('pg1');
    expect(told.hurried).toEqual(['pg1']);
    told.say('pg1', 'primary');
    expect(await proof).toBe(true);
  });

  it('one that stops to answer meanwhile is not waited for either', async () => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof } = told.prove('pg1');
    told.say('pg1', 'primary');
    told.say('pg3', 'standby');
    told.say('pg2', 'silent', 450);
    expect(await proof).toBe(true);
  });

  it.each(['silent', 'denied', 'down', 'standby'] as const)('a member that says %s is not proven', async (kind) => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof } = told.prove('pg1');
    told.say('pg1', kind);
    told.say('pg2', 'standby');
    told.say('pg3', 'standby');
    expect(await proof).toBe(false);
  });

  it('nobody is waited for longer than 300 ms', async () => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof, ended } = told.prove('pg1');
    told.say('pg1', 'primary');
    await told.clock.pass(299);
    expect(ended()).toBe(false);
    await told.clock.pass(1);
    expect(ended()).toBe(true);
    expect(await proof).toBe(true);
    const silent = told.prove('pg1');
    await told.clock.pass(300);
    expect(await silent.proof).toBe(false);
  });

  it('whom the decision hangs on stays hurried through it and after', async () => {
    const told = new Told().calm();
    const view = told.feed.picture();
    if (view === undefined) throw new Error('there is a picture');
    told.feed.follow(view, { ...decide(view, spec, told.clock.now()), probeHard: ['pg2'] });
    expect(told.hurried).toEqual(['pg2']);
    told.say('pg3', 'down');
    const { proof } = told.prove('pg1');
    expect(told.hurried).toEqual(['pg1', 'pg2']);
    await told.clock.pass(300);
    await proof;
    expect(told.hurried).toEqual(['pg2']);
  });

  it('a feed that is closed proves nothing more, and nobody waits for it', async () => {
    const told = new Told().calm();
    await told.clock.pass(400);
    const { proof } = told.prove('pg1');
    await told.feed.close();
    expect(await proof).toBe(false);
    expect(told.clock.pending).toBe(0);
  });
});
