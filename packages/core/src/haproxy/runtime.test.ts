// The faults come from a socket of our own: a real HAProxy can't be told to answer half.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import { type ModelSocket, serveModel } from '../../test/haproxy-socket.ts';
import { realClock } from '../../test/real-clock.ts';
import { exchange } from './exchange.ts';
import { RuntimeSocket } from './runtime.ts';

describe('a transaction', () => {
  let served: ModelSocket;
  let socket: RuntimeSocket;
  beforeEach(async () => {
    served = await serveModel(
      new HaproxyModel([
        { backend: 'b', name: 's', port: 1, admin: 5, op: 0, weight: 1, checkFails: false, sessions: 0, ending: 0 },
      ]),
    );
    socket = new RuntimeSocket({ path: served.path, clock: realClock, deadlineMs: 300 });
  });
  afterEach(async () => {
    socket.close();
    await served.stop();
  });

  it('is one line, and its answer is everything up to the end', async () => {
    expect(await socket.transact(['show info', 'set server b/s state ready'])).toEqual({
      kind: 'answer',
      text: expect.stringMatching(/^Name: HAProxy\n(.+\n)+\n\n$/),
    });
    expect(served.lines).toEqual(['show info;set server b/s state ready']);
  });

  it('never has more than three connections open, those held ready included', async () => {
    for (let i = 0; i < 20; i += 1) {
      await socket.transact(['show info']);
      if (i % 5 === 0) await vi.waitFor(() => expect(served.open()).toBe(2), { timeout: 4_000 });
    }
    expect(served.most()).toBeLessThanOrEqual(3);
  });

  it('is put again on a fresh connection when the waiting one died with its worker', async () => {
    await socket.transact(['show info']);
    await vi.waitFor(() => expect(served.open()).toBe(2), { timeout: 4_000 });
    served.fault = 'no answer';
    served.beforeLine = () => {
      served.fault = 'none';
    };
    expect((await socket.transact(['show info'])).kind).toBe('answer');
  });

  it.each([
    ['silent', 'hung'],
    ['no answer', 'protocol'],
    ['denied', 'no_permission'],
  ] as const)('with a HAProxy that is "%s" fails as %s', async (fault, kind) => {
    served.fault = fault;
    expect(await socket.transact(['show info', 'set server b/s state ready'])).toEqual({
      kind,
      error: expect.stringContaining(served.path),
    });
  });

  it('without anybody listening is told as not running', async () => {
    const nobody = new RuntimeSocket({ path: `${served.path}-nosuch`, clock: realClock });
    expect((await nobody.transact(['show info'])).kind).toBe('not_running');
    nobody.close();
  });

  it('never carries a line end or a line that is too long', async () => {
    await expect(socket.transact(['show info\nset server b/s state ready'])).rejects.toThrow();
    await expect(socket.transact(['x'.repeat(9_000)])).rejects.toThrow();
    expect(served.lines).toEqual([]);
  });

  it.each(['half', 'garbage'] as const)('is no read-back if the answer is %s', async (fault) => {
    served.fault = fault;
    const read = await exchange(socket, [], { backends: [{ backend: 'b', exclusive: true, servers: [] }] }, undefined);
    expect(read.kind).toBe('protocol');
  });

  it('with a read-back tells what is held, and a backend that is not there as no servers', async () => {
    const backends = ['b', 'nosuch'].map((backend) => ({ backend, exclusive: true, servers: [] }));
    const read = await exchange(socket, ['set server b/s state ready'], { backends }, undefined);
    expect(read).toMatchObject({ kind: 'facts', facts: { servers: [{ server: 's', inRotation: true, sessions: 0 }] } });
  });
});
