// HAProxy's own watchdog (haproxy/pgrouted-watchdog.lua), loaded by a real HAProxy: it closes what nobody speaks for any more, and nothing else.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { millis } from '@pgrouted/core/model/units';
import { afterEach, describe, expect, it } from 'vitest';
import { askSocket, haproxyConfig, watchdogLua } from '../lab/haproxy.ts';
import { type DrivenTarget, type HaproxyStage, type HaproxyStageOptions, haproxyStage } from '../lab/haproxy-stage.ts';
import { eventually, temporaryFolder } from '../lab/process.ts';
import { type ClientSession, openSession, openSessions } from '../lab/sessions.ts';

const run = promisify(execFile);
const stages: HaproxyStage[] = [];
const feeders = new Set<NodeJS.Timeout>();
afterEach(async () => {
  for (const feeder of feeders) clearInterval(feeder);
  feeders.clear();
  for (const stage of stages.splice(0)) {
    stage.haproxy.thaw();
    await stage.close();
  }
});
const start = async (config: HaproxyStageOptions['config'] = { watchdog: true }) => {
  const stage = await haproxyStage({ config });
  stages.push(stage);
  return stage;
};
const feed = ({ target }: DrivenTarget, ms: number) =>
  target.feedWatchdog(new Map([['be_rw', millis(performance.now() + ms)]]));
/** Feeds as a living pgrouted does. Returns how to stop. */
const keepFeeding = (driven: DrivenTarget, ms: number) => {
  feed(driven, ms);
  const feeder = setInterval(() => feed(driven, ms), ms / 5);
  feeders.add(feeder);
  return () => clearInterval(feeder);
};
const armed = ({ target }: DrivenTarget) =>
  eventually('the watchdog to be armed', () => target.status().watchdog === 'armed' || undefined);
const watchdog = ({ haproxy }: HaproxyStage, order = '') => haproxy.ask(`pgrouted watchdog ${order}`.trimEnd());
/** How long ago it closed be_rw, as it says itself. */
const closedMsAgo = async (stage: HaproxyStage) => {
  const ms = /^closed be_rw at \S+, (\d+) ms ago$/m.exec(await watchdog(stage))?.[1];
  return ms === undefined ? undefined : Number(ms);
};
const closedFor = (stage: HaproxyStage, ms: number) =>
  eventually(`be_rw to have been closed for ${ms} ms`, async () => ((await closedMsAgo(stage)) ?? 0) > ms || undefined);
/** It served the session for longer than the watchdog would have, had it not been fed. */
const outlives = (session: ClientSession, ms: number) => {
  const until = performance.now() + ms;
  return eventually('time to pass', async () => {
    if (!(await session.echo('still served'))) throw new Error('the session has ended');
    return performance.now() > until || undefined;
  });
};
/** The tail connection stands a moment after the first read-back; a few polls later there is no doubt. */
const settled = ({ target }: DrivenTarget) => {
  const until = target.status().counters.exchanges + 3;
  return eventually('a few polls', () => target.status().counters.exchanges > until);
};

describe("HAProxy's watchdog", () => {
  it('closes the write service of a pgrouted that is gone, ends its sessions, and leaves read services alone', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const writes = await openSessions(stage.writePort, 50);
    const reader = await openSession(stage.readPort);
    feed(driven, 1_500);
    await armed(driven);
    await driven.target.close();
    await Promise.all(writes.map((session) => session.ended));
    expect(await stage.inRotation('be_rw')).toEqual([]);
    expect(await reader.echo('reads are left alone')).toBe(true);
    expect(await stage.inRotation('be_ro')).toEqual(['pg2', 'pg3']);
    expect(stage.haproxy.program.log()).toMatch(/pgrouted watchdog: .* backend be_rw is closed/);
  });

  it('closes again for some seconds what somebody lets in, then rests', async () => {
    const stage = await start();
    await stage.haproxy.ask('set server be_rw/pg1 state ready');
    await watchdog(stage, '100 be_rw');
    await closedFor(stage, 0);
    await stage.haproxy.ask('set server be_rw/pg1 state ready');
    await eventually('it to be closed again', async () => (await stage.inRotation('be_rw')).length === 0 || undefined);
    await closedFor(stage, 3_500);
    await stage.haproxy.ask('set server be_rw/pg1 state ready');
    await closedFor(stage, 5_000);
    expect(await stage.inRotation('be_rw')).toEqual(['pg1']);
  });

  it('leaves a pgrouted alone that speaks in time, however long', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    keepFeeding(driven, 2_000);
    await armed(driven);
    await outlives(session, 5_000);
    expect(await closedMsAgo(stage)).toBeUndefined();
    expect(driven.reports.map(({ kind }) => kind)).not.toContain('drift');
  });

  it('is disarmed when nothing is to be fed any more', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    feed(driven, 2_000);
    await armed(driven);
    driven.target.feedWatchdog(new Map());
    await driven.target.close();
    expect(await watchdog(stage)).toBe('nothing is armed\n\n');
    await outlives(session, 3_000);
  });

  it('tells once that it had closed a service, and pgrouted lets its server in again', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    feed(driven, 300);
    await session.ended;
    feed(driven, 30_000);
    expect(await driven.until('watchdog_fired')).toMatchObject({ backend: 'be_rw' });
    await eventually('writes to be served again', async () => (await openSession(stage.writePort)).server === 'pg1');
    feed(driven, 40_000);
    await settled(driven);
    expect(driven.reports.filter(({ kind }) => kind === 'watchdog_fired')).toHaveLength(1);
  });

  it('that has closed a service too early is told so by a pgrouted that lives', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    feed(driven, 600_000);
    await armed(driven);
    await watchdog(stage, '0 be_rw');
    await session.ended;
    await driven.until('watchdog_fired');
    await eventually('writes to be served again', async () => (await openSession(stage.writePort)).server === 'pg1');
    expect(await watchdog(stage)).toMatch(/^armed be_rw \d{6} ms left$/m);
  });

  it('counts the time for which HAProxy was stopped, and obeys no order of before', async () => {
    const stage = await start();
    await stage.haproxy.ask('set server be_rw/pg1 state ready');
    const session = await openSession(stage.writePort);
    await watchdog(stage, '2000 be_rw');
    stage.haproxy.freeze();
    const stale = askSocket(stage.haproxy.adminSocket, 'pgrouted watchdog 600000 be_rw', 60_000);
    // By the clock of the day, of which the watchdog gives a second away.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(session.open()).toBe(true);
    stage.haproxy.thaw();
    await session.ended;
    await stale;
    expect(await stage.inRotation('be_rw')).toEqual([]);
  });

  it('keeps no HAProxy from ending', async () => {
    const stage = await start();
    await watchdog(stage, '600000 be_rw');
    stage.haproxy.stopSoftly();
    await stage.haproxy.program.exited;
  });
});

describe("HAProxy's watchdog after a reload", () => {
  it('is armed in the new worker at once, and fed in the old one as long as pgrouted lives', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    const stop = keepFeeding(driven, 2_500);
    await armed(driven);
    await settled(driven);
    const pid = await stage.haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    await eventually('the new worker to be armed', async () =>
      (await watchdog(stage)).startsWith('armed be_rw') ? true : undefined,
    );
    await outlives(session, 6_000);
    stop();
    // Both close: the old worker its session, the new one its server.
    await session.ended;
    await closedFor(stage, 0);
  });

  it('goes on in the old worker when pgrouted is gone', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    feed(driven, 6_000);
    await armed(driven);
    const pid = await stage.haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    await driven.target.close();
    await session.ended;
  });

  it('is looked for anew: a file that loads it, or no longer does, is noticed', async () => {
    const stage = await start({});
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    keepFeeding(driven, 20_000);
    await eventually('it to be missed', () => driven.target.status().watchdog === 'absent' || undefined);
    expect(driven.codes()).toEqual(['watchdog_absent']);
    const { configFile } = stage.haproxy;
    const without = readFileSync(configFile, 'utf8');
    stage.haproxy.configure(without.replace('global\n', `global\n    lua-load ${watchdogLua}\n`));
    await stage.haproxy.reload();
    await armed(driven);
    expect(driven.codes()).toEqual([]);
    stage.haproxy.configure(without);
    await stage.haproxy.reload();
    await eventually('it to be missed again', () => driven.codes().includes('watchdog_absent') || undefined);
  });
});

describe("an order to HAProxy's watchdog", () => {
  it('is answered clearly, whatever it is', async () => {
    const stage = await start();
    const usage = expect.stringMatching(/^usage: pgrouted watchdog \[<ms>\|off <backend>\.\.\.\]/);
    for (const wrong of [
      'x be_rw',
      '-1 be_rw',
      '1.5 be_rw',
      '0x10 be_rw',
      '3600001 be_rw',
      '9'.repeat(40),
      '1000',
      'off',
    ]) {
      expect(await watchdog(stage, wrong)).toEqual(usage);
    }
    expect(await watchdog(stage, '60000 nosuch be_rw')).toBe('unknown nosuch\narmed be_rw 60000 ms left\n\n');
    expect(await watchdog(stage)).toMatch(/^armed be_rw \d+ ms left\n\n$/);
    expect(await watchdog(stage, 'off be_ro be_rw')).toBe('off be_ro\noff be_rw\n\n');
    expect(await watchdog(stage)).toBe('nothing is armed\n\n');
    expect(stage.haproxy.program.log()).not.toMatch(/runtime error|Lua cli|Lua task/i);
  });

  it('is taken from a socket of any level: whoever may connect may give one', async () => {
    const stage = await start({ watchdog: true, level: 'user' });
    expect(await stage.haproxy.ask('set server be_rw/pg1 state ready')).toBe('Permission denied\n\n');
    expect(await watchdog(stage, '60000 be_rw')).toBe('armed be_rw 60000 ms left\n\n');
  });

  it('would be lost where each thread has a Lua of its own: HAProxy does not start so', async () => {
    const folder = temporaryFolder();
    try {
      const config = (load: string) =>
        haproxyConfig({ writePort: 1, readPort: 2, servers: [], globalOptions: [`${load} ${watchdogLua}`] })({
          folder: folder.path,
          configFile: join(folder.path, 'haproxy.cfg'),
          adminSocket: join(folder.path, 'admin.sock'),
          masterSocket: join(folder.path, 'master.sock'),
        });
      const check = (text: string) => {
        writeFileSync(join(folder.path, 'haproxy.cfg'), text);
        return run('/usr/sbin/haproxy', ['-c', '-f', join(folder.path, 'haproxy.cfg')]);
      };
      await check(config('lua-load'));
      await expect(check(config('lua-load-per-thread'))).rejects.toMatchObject({
        stderr: expect.stringContaining('load pgrouted-watchdog.lua by lua-load, not by lua-load-per-thread'),
      });
    } finally {
      folder.remove();
    }
  });
});
