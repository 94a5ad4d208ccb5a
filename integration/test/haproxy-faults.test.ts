// A real HAProxy that hangs, refuses, or knows better by its own checks; and a router that goes away.
import { afterEach, describe, expect, it } from 'vitest';
import { type HaproxyStage, type HaproxyStageOptions, haproxyStage, sampleRotation } from '../lab/haproxy-stage.ts';
import { eventually } from '../lab/process.ts';
import { openSession } from '../lab/sessions.ts';

const stages: HaproxyStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});
const start = async (options?: HaproxyStageOptions) => {
  const stage = await haproxyStage(options);
  stages.push(stage);
  return stage;
};

describe('a HAProxy that hangs', () => {
  it('is told as hung; once it goes on it gets the newest decision, and never holds two writers', async () => {
    const stage = await start();
    const { hold, target, until, codes } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    stage.haproxy.freeze();
    target.submit(stage.writesOn(2, 'pg2'));
    await until('hung');
    expect(target.status()).toMatchObject({ state: 'hung', converged: false });
    expect(codes()).toContain('target_hung');
    target.submit(stage.writesOn(3, 'pg3'));
    const sampler = sampleRotation(stage, 'be_rw');
    stage.haproxy.thaw();
    await until('back');
    await until('converged', ({ serial }) => serial === 3);
    await session.ended;
    expect((await openSession(stage.writePort)).server).toBe('pg3');
    expect((await sampler.stop()).filter((set) => set.length > 1)).toEqual([]);
    expect(target.status()).toMatchObject({ state: 'reachable', problems: [] });
  });

  it('does not keep a target from closing', async () => {
    const stage = await start();
    const { hold, target } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    stage.haproxy.freeze();
    target.submit(stage.writesOn(2, 'pg2'));
    await target.close();
    stage.haproxy.thaw();
  });
});

describe('a stats socket below level admin', () => {
  it('is read and told of, again and again but not hot', async () => {
    const stage = await start({ config: { level: 'operator' } });
    const { target, until, codes } = stage.drive();
    target.submit(stage.writesOn(1, 'pg1'));
    expect(await until('unreachable')).toMatchObject({ why: 'no_permission' });
    await eventually('a read-back', () => target.status().facts?.servers.length === 6);
    expect(target.status()).toMatchObject({ state: 'no_permission', converged: false });
    expect(codes()).toContain('target_no_permission');
  });
});

describe("HAProxy's own check", () => {
  it('keeps a server out though it was let in: told, not repeated, and over when the server is there', async () => {
    const stage = await start({ servers: 2, config: { serverOptions: 'check inter 100ms fall 1 rise 1 disabled' } });
    await stage.servers.get('pg1')?.stop();
    const { hold, target, codes } = stage.drive();
    await hold(stage.writesOn(1, 'pg1'));
    await eventually('the check to fail', () => codes().includes('server_check_failing'));
    const { transactions } = target.status().counters;
    const polls = target.status().counters.exchanges + 3;
    await eventually('three more polls', () => target.status().counters.exchanges > polls);
    expect(target.status().counters.transactions).toBe(transactions);
    expect(target.status().converged).toBe(true);
  });
});

describe('a router that goes away', () => {
  it('leaves HAProxy and its sessions as they are, and so does the next one that agrees', async () => {
    const stage = await start();
    const first = stage.drive();
    await first.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await first.target.close();
    expect(await session.echo('after the stop')).toBe(true);
    const second = stage.drive();
    await second.hold(stage.writesOn(1, 'pg1'));
    expect(second.target.status().counters.transactions).toBe(0);
    expect(await session.echo('after the next start')).toBe(true);
  });
});
