// What a target says it has let go of, with a real HAProxy: an acknowledgement to Stolon hangs on it, so it must never come too early, and must come.
// Sessions that resist, and those that show up late, are shown by the model (packages/core/src/haproxy/target.test.ts).
import { connect } from 'node:net';
import type { Desired } from '@pgrouted/core/haproxy/desired';
import type { LetGo } from '@pgrouted/core/haproxy/let-go';
import { afterEach, describe, expect, it } from 'vitest';
import { type DrivenTarget, type HaproxyStage, type HaproxyStageOptions, haproxyStage } from '../lab/haproxy-stage.ts';
import { eventually } from '../lab/process.ts';
import { openSession, openSessions } from '../lab/sessions.ts';

const stages: HaproxyStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    stage.haproxy.thaw();
    await stage.close();
  }
});
const start = async (options?: HaproxyStageOptions) => {
  const stage = await haproxyStage(options);
  stages.push(stage);
  return stage;
};
const letGo = ({ target }: DrivenTarget): LetGo => target.letGo(['be_rw']);
const says = (driven: DrivenTarget, kind: LetGo['kind']) =>
  eventually(`letGo to say ${kind}`, () => (letGo(driven).kind === kind ? true : undefined));
const holdsBecause = (driven: DrivenTarget, why: string) =>
  eventually(`letGo to hold because ${why}`, () => {
    const answer = letGo(driven);
    return answer.kind === 'holds' && answer.why.includes(why) ? true : undefined;
  });
/** The tail connection stands a moment after the first read-back; a few polls later there is no doubt. */
const settled = ({ target }: DrivenTarget) => {
  const until = target.status().counters.exchanges + 3;
  return eventually('a few polls', () => target.status().counters.exchanges > until);
};
/** Sessions on the servers of the write service, as an independent witness reads them from the worker that answers. */
const sessionsIn = async ({ haproxy }: HaproxyStage) => {
  const rows = (await haproxy.ask('show stat be_rw 4 -1')).split('\n').filter((row) => row.startsWith('be_rw,'));
  return rows.reduce((sum, row) => sum + Number(row.split(',')[4]), 0);
};

/** A connection that stays with the worker that took it. */
const prompt = async (path: string) => {
  const socket = connect(path);
  let received = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    received += text;
  });
  const ask = async (line: string) => {
    received = '';
    socket.write(`${line}\n`);
    return eventually(`an answer to "${line}"`, () => (received.endsWith('\n> ') ? received : undefined));
  };
  await ask('prompt');
  return { ask, close: () => socket.destroy() };
};

describe('a HAProxy', () => {
  it('has let go of a fenced writer when nothing is left, and no session comes after that, however many clients push', async () => {
    const stage = await start({ servers: 2 });
    let judge: () => void = () => {};
    const driven = stage.drive({ onTurn: () => judge() });
    let pushing = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (pushing) (await openSession(stage.writePort)).close();
    });
    try {
      for (let serial = 1; serial <= 20; serial += 2) {
        await driven.hold(stage.writesOn(serial, 'pg1'));
        const sessions = await openSessions(stage.writePort, 20);
        const told = new Promise<void>((resolve) => {
          judge = () => letGo(driven).kind === 'let_go' && resolve();
        });
        driven.target.submit(stage.writesOn(serial + 1, undefined));
        await told;
        judge = () => {};
        for (let sample = 0; sample < 10; sample += 1) expect(await sessionsIn(stage)).toBe(0);
        await Promise.all(sessions.map((session) => session.ended));
      }
    } finally {
      pushing = false;
      await Promise.all(clients);
    }
  });

  it('holds while its writer drains, and has let go when it is taken out', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    await says(driven, 'let_go');
    const session = await openSession(stage.writePort);
    const drains: Desired = {
      serial: 2,
      backends: stage.writesOn(2, 'pg1').backends.map((backend) => ({
        ...backend,
        servers: backend.servers.map((one) => (one.state === 'ready' ? { ...one, state: 'drain' as const } : one)),
      })),
    };
    await driven.hold(drains);
    expect(letGo(driven)).toEqual({ kind: 'holds', why: 'HAProxy (haproxy): 1 session remains on be_rw/pg1' });
    expect(await session.echo('still served')).toBe(true);
    driven.target.submit(stage.writesOn(3, undefined));
    await says(driven, 'let_go');
    await session.ended;
  });

  it('keeps a server that is to be kept, and lets go of everyone beside it', async () => {
    const stage = await start();
    const first = stage.drive();
    await first.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await first.target.close();
    await stage.haproxy.ask('set server be_rw/pg2 state ready');
    const asked: string[] = [];
    const next = stage.drive({
      authorize: async (_, opens) => {
        asked.push(...opens.map(({ server }) => server));
        return true;
      },
    });
    const kept: Desired = {
      serial: 1,
      backends: stage.writesOn(1, 'pg1').backends.flatMap((backend) =>
        backend.exclusive
          ? {
              ...backend,
              servers: backend.servers.map((one) => (one.state === 'ready' ? { ...one, state: 'keep' as const } : one)),
            }
          : [],
      ),
    };
    await next.hold(kept);
    await says(next, 'let_go');
    expect(await stage.inRotation('be_rw')).toEqual(['pg1']);
    expect(await session.echo('untouched')).toBe(true);
    // Somebody closes it: then it is out, and stays out.
    await stage.haproxy.ask('set server be_rw/pg1 state maint');
    await session.ended;
    await says(next, 'let_go');
    await settled(next);
    expect(await stage.inRotation('be_rw')).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('that does not answer may hold anything; once it goes on it has let go', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    stage.haproxy.freeze();
    driven.target.submit(stage.writesOn(2, undefined));
    await holdsBecause(driven, 'does not answer');
    expect(session.open()).toBe(true);
    stage.haproxy.thaw();
    await says(driven, 'let_go');
    await session.ended;
  });
});

describe('after a reload', () => {
  it('the sessions of the old worker count, and end through its tail', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const writes = await openSessions(stage.writePort, 50);
    const [reader] = await openSessions(stage.readPort, 1);
    await settled(driven);
    const pid = await stage.haproxy.reload();
    await driven.until('reloaded', (report) => report.pid === pid);
    // They are on the server that shall be ready.
    await says(driven, 'let_go');
    expect(stage.servers.get('pg1')?.sessions()).toBeGreaterThanOrEqual(50);
    driven.target.submit(stage.writesOn(2, undefined));
    await says(driven, 'let_go');
    await Promise.all(writes.map((session) => session.ended));
    expect(await reader?.echo('reads are left alone')).toBe(true);
  });

  it('an old worker that hangs holds what it had', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await settled(driven);
    const old = await stage.haproxy.workerPid();
    await stage.haproxy.reload();
    await says(driven, 'let_go');
    process.kill(old, 'SIGSTOP');
    driven.target.submit(stage.writesOn(2, undefined));
    expect(letGo(driven)).toMatchObject({ kind: 'holds' });
    await holdsBecause(driven, `old worker pid ${old}`);
    expect(session.open()).toBe(true);
    process.kill(old, 'SIGCONT');
    await says(driven, 'let_go');
    await session.ended;
  });

  it('an old worker that can not be reached any more holds until its process is gone', async () => {
    const stage = await start();
    const ours = await prompt(stage.haproxy.adminSocket);
    const controls = async () =>
      (await ours.ask('show sess'))
        .split('\n')
        .filter((line) => line.includes(' fe=GLOBAL '))
        .map((line) => line.split(':')[0]);
    const own = new Set(await controls());
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await settled(driven);
    const old = await stage.haproxy.workerPid();
    await stage.haproxy.reload();
    await says(driven, 'let_go');
    await eventually('the old worker to be followed', () => driven.target.status().oldWorkers[0]?.reachable);
    // Somebody ends the connection that reaches it.
    for (const id of await controls()) if (!own.has(id)) await ours.ask(`shutdown session ${id}`);
    await holdsBecause(driven, `old worker pid ${old} can not be reached`);
    driven.target.submit(stage.writesOn(2, undefined));
    await eventually('the alarm', () => driven.codes().includes('old_worker_unreachable'));
    await holdsBecause(driven, `old worker pid ${old} can not be reached`);
    expect(await session.echo('out of reach')).toBe(true);
    process.kill(old, 'SIGKILL');
    await says(driven, 'let_go');
    await session.ended;
    expect(driven.codes()).toEqual([]);
    ours.close();
  });
});

describe('a HAProxy that ends', () => {
  it('softly is not gone while it serves a session, which is ended as soon as it must not be', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const writer = await openSession(stage.writePort);
    const reader = await openSession(stage.readPort);
    await settled(driven);
    stage.haproxy.stopSoftly();
    await driven.until('unreachable', ({ why }) => why === 'not_running');
    await says(driven, 'let_go');
    expect(await writer.echo('served on')).toBe(true);
    driven.target.submit(stage.writesOn(2, undefined));
    expect(letGo(driven)).toMatchObject({ kind: 'holds' });
    await says(driven, 'let_go');
    await writer.ended;
    expect(await reader.echo('reads are left alone')).toBe(true);
    expect(letGo(driven)).toEqual({ kind: 'let_go' });
    reader.close();
    await says(driven, 'not_running');
    await stage.haproxy.program.exited;
  });

  it('softly with nobody connected is not kept by us', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    await settled(driven);
    stage.haproxy.stopSoftly();
    await stage.haproxy.program.exited;
    await says(driven, 'not_running');
  });

  it('by force has no sessions', async () => {
    const stage = await start();
    const driven = stage.drive();
    await driven.hold(stage.writesOn(1, 'pg1'));
    const session = await openSession(stage.writePort);
    await settled(driven);
    stage.haproxy.kill();
    driven.target.submit(stage.writesOn(2, undefined));
    await says(driven, 'not_running');
    await session.ended;
    await stage.haproxy.restart();
    await says(driven, 'let_go');
  });

  it('before anybody looked is told as unreachable, and holds nothing', async () => {
    const stage = await start();
    await stage.haproxy.stop();
    const driven = stage.drive();
    driven.target.submit(stage.writesOn(1, 'pg1'));
    await says(driven, 'not_running');
    expect(driven.codes()).toEqual(['target_unreachable']);
  });
});
