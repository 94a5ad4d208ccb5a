// The mirror while etcd and the network misbehave: no event is lost, no freshness is claimed that is not there, and it always comes back.
import { execFileSync } from 'node:child_process';
import { connect as connectHttp2, createServer, type Http2Server } from 'node:http2';
import { join } from 'node:path';
import { type Revision, revision } from '@pgrouted/core/model/units';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { etcdSpec, type ObservedMirror, observeMirror } from '../lab/observed-mirror.ts';
import { realClock } from '../lab/probing.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { startTcpProxy, type TcpProxy } from '../lab/tcp-proxy.ts';

const prefix = '/service/orders/';
const key = `${prefix}leader`;
const folder = temporaryFolder();
let lab: EtcdLab;
let proxies: readonly TcpProxy[];

beforeAll(async () => {
  lab = await startEtcd({ folder: folder.path, members: 3 });
  proxies = await Promise.all(lab.members.map((member) => startTcpProxy(member.port)));
});

afterAll(async () => {
  await Promise.all((proxies ?? []).map((proxy) => proxy.close()));
  await lab?.stop();
  folder.remove();
});

/** A mirror that reaches the members through the proxies. */
async function observe(): Promise<ObservedMirror> {
  const observed = observeMirror(etcdSpec(proxies.map(({ port }) => `http://127.0.0.1:${port}`)));
  onTestFinished(() => observed.close());
  await observed.watching(3);
  return observed;
}

interface Traffic {
  readonly acknowledged: readonly { readonly value: string; readonly revision: Revision; readonly at: number }[];
  readonly stop: () => Promise<void>;
}

/** Writes one value after the other with a client of its own, straight to the members, and notes what etcd has acknowledged. */
function writeAllTheTime(): Traffic {
  const clients = lab.endpoints.map(
    (hosts) => new Etcd3({ hosts, grpcOptions: { 'grpc.use_local_subchannel_pool': 1 } }),
  );
  const acknowledged: { value: string; revision: Revision; at: number }[] = [];
  let going = true;
  const done = (async () => {
    for (let i = 0; going; i += 1) {
      const value = `v${i}`;
      const put = clients[i % clients.length]?.put(key).value(value).exec();
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, 300, undefined));
      const answer = await Promise.race([put?.catch(() => undefined), late]);
      if (answer !== undefined)
        acknowledged.push({ value, revision: revision(answer.header.revision), at: realClock.now() });
    }
    for (const client of clients) client.close();
  })();
  return {
    acknowledged,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

/** No acknowledged write is missing, none is told twice, order is kept, and no snapshot claims to be fresher than it is. */
async function holdsItsPromises(observed: ObservedMirror, { acknowledged }: Traffic): Promise<void> {
  const last = acknowledged.at(-1)?.revision ?? 0n;
  await observed.until('the last write', (snapshot) => snapshot.revision >= last);
  expect(acknowledged.length).toBeGreaterThan(10);
  const revisions = observed.changes.flatMap((change) => (change.kind === 'events' ? [change.revision] : []));
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => (a < b ? -1 : 1)));
  const told = new Set(revisions);
  // What a declared loss of history covers is all that may be missing.
  let before = 0n;
  const gaps: { readonly after: bigint; readonly to: bigint }[] = [];
  for (const change of observed.changes) {
    if (change.kind === 'relisted') gaps.push({ after: before, to: change.snapshot.revision });
    before = change.snapshot.revision;
  }
  const missing = acknowledged.filter(
    ({ revision }) => !told.has(revision) && !gaps.some(({ after, to }) => revision > after && revision <= to),
  );
  expect(missing).toEqual([]);
  const untrue = observed.changes.filter(({ snapshot }) =>
    acknowledged.some(({ at, revision }) => at < snapshot.confirmedAt && revision > snapshot.revision),
  );
  expect(untrue).toEqual([]);
}

const relists = (observed: ObservedMirror) => observed.mirror.status().counters.relists;

describe('the network', () => {
  it('loses nothing to connections that are cut all the time, on all members', async () => {
    const observed = await observe();
    const traffic = writeAllTheTime();
    for (let i = 0; i < 40; i += 1) {
      proxies[i % 3]?.cut();
      if (i % 7 === 0) for (const proxy of proxies) proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await traffic.stop();
    await holdsItsPromises(observed, traffic);
  });

  it('loses nothing to black holes that wander from member to member', async () => {
    const observed = await observe();
    const traffic = writeAllTheTime();
    for (let i = 0; i < 6; i += 1) {
      const proxy = proxies[i % 3];
      proxy?.blackHole(true);
      await new Promise((resolve) => setTimeout(resolve, 700));
      proxy?.blackHole(false);
    }
    await traffic.stop();
    await holdsItsPromises(observed, traffic);
    await observed.watching(3);
  });

  it('claims no freshness while nothing comes through, says why, and goes on without a new list', async () => {
    const observed = await observe();
    for (const proxy of proxies) proxy.blackHole(true);
    const since = realClock.now();
    await eventually('proofs to fail', () => observed.mirror.status().error);
    expect(await observed.mirror.prove(300)).toMatchObject({ ok: false });
    expect(observed.mirror.snapshot()?.confirmedAt).toBeLessThan(since + 1);
    await eventually('every silent session to be dropped', () =>
      observed.mirror.status().members.every(({ connected, error }) => !connected && error !== undefined),
    );
    await lab.etcdctl('put', key, 'while away');
    for (const proxy of proxies) proxy.blackHole(false);
    await observed.until('a proof again', ({ confirmedAt }) => confirmedAt > since + 1);
    expect(observed.value(key)).toBe('while away');
    await observed.watching(3);
    expect(relists(observed)).toMatchObject({ rewind: 0, cluster_changed: 0, compacted: 0 });
  });
});

describe('etcd members', () => {
  it('that are killed and restarted, one after the other, cost no event', async () => {
    const observed = await observe();
    const traffic = writeAllTheTime();
    for (const member of lab.members) {
      await member.kill();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await member.restart();
      await lab.healthy();
    }
    await traffic.stop();
    await holdsItsPromises(observed, traffic);
  });

  it('that are frozen delay no proof for long, and are dropped and found again', async () => {
    const observed = await observe();
    const leader = await lab.leader();
    const follower = lab.members.find((member) => member !== leader);
    const index = lab.members.findIndex(({ name }) => name === follower?.name);
    const frozen = () => observed.mirror.status().members[index];
    onTestFinished(() => follower?.thaw());
    const traffic = writeAllTheTime();
    follower?.freeze();
    await eventually('the frozen member to be dropped', () => frozen()?.connected === false);
    for (let i = 0; i < 5; i += 1) expect(await observed.mirror.prove()).toMatchObject({ ok: true });
    follower?.thaw();
    await observed.watching(3);
    await traffic.stop();
    await holdsItsPromises(observed, traffic);
  });

  it('keep the mirror going when the frozen one leads', async () => {
    const observed = await observe();
    const leader = await lab.leader();
    onTestFinished(() => leader.thaw());
    leader.freeze();
    const since = realClock.now();
    await observed.until('a proof by the others', ({ confirmedAt }) => confirmedAt > since + 500);
    leader.thaw();
    await lab.healthy();
    await observed.watching(3);
    expect(relists(observed)).toMatchObject({ cluster_changed: 0 });
  });

  it('that are all down and back leave the mirror as it was, and up to date', async () => {
    const observed = await observe();
    await lab.etcdctl('put', key, 'before');
    await observed.until('the write', () => observed.value(key) === 'before');
    await lab.stop();
    await eventually('proofs to fail', () => observed.mirror.status().error);
    expect(observed.value(key)).toBe('before');
    expect(observed.mirror.status().members.every(({ connected }) => !connected)).toBe(true);
    const since = realClock.now();
    await Promise.all(lab.members.map((member) => member.restart()));
    await observed.until('a proof', ({ confirmedAt }) => confirmedAt > since);
    await lab.etcdctl('put', key, 'after');
    await observed.until('the write', () => observed.value(key) === 'after');
    expect(observed.told(key).at(-1)).toBe('after');
    expect(relists(observed)).toMatchObject({ rewind: 0, cluster_changed: 0 });
  });
});

describe('history', () => {
  it('that etcd has compacted while all connections were down is declared lost, and the state is right', async () => {
    const observed = await observe();
    for (const proxy of proxies) proxy.blackHole(true);
    for (const proxy of proxies) proxy.cut();
    for (let i = 0; i < 5; i += 1) await lab.etcdctl('put', key, `unseen ${i}`);
    const answer = JSON.parse(await lab.etcdctl('get', key, '-w', 'json')) as { header: { revision: number } };
    await lab.etcdctl('compact', String(answer.header.revision));
    for (const proxy of proxies) proxy.blackHole(false);
    for (const proxy of proxies) proxy.cut();
    await observed.until('the state', () => observed.value(key) === 'unseen 4');
    await observed.watching(3);
    const relisted = observed.changes.filter((change) => change.kind === 'relisted' && change.why !== 'start');
    expect(relisted).toHaveLength(1);
    expect(relisted[0]).toMatchObject({ historyLost: true });
    await lab.etcdctl('put', key, 'seen');
    await observed.until('the next write', () => observed.value(key) === 'seen');
    expect(observed.told(key).at(-1)).toBe('seen');
  });

  it('that was set back by a restore is noticed, and nothing newer is believed any more', async () => {
    const solo = temporaryFolder();
    onTestFinished(() => solo.remove());
    const one = await startEtcd({ folder: solo.path, members: 1 });
    onTestFinished(() => one.stop());
    await one.etcdctl('put', key, 'saved');
    const member = one.members[0];
    const data = join(solo.path, member?.name ?? '');
    await member?.stop();
    execFileSync('cp', ['-r', data, `${data}.saved`]);
    await member?.restart();
    const observed = observeMirror(etcdSpec(one.endpoints));
    onTestFinished(() => observed.close());
    await observed.watching(1);
    for (let i = 0; i < 20; i += 1) await one.etcdctl('put', key, `undone ${i}`);
    await one.etcdctl('put', `${prefix}new`, 'undone');
    await observed.until('the writes', ({ entries }) => entries.has(`${prefix}new`));
    await member?.stop();
    execFileSync('rm', ['-r', data]);
    execFileSync('mv', [`${data}.saved`, data]);
    await member?.restart();
    await observed.until('the saved state', ({ entries }) => entries.get(key)?.value === 'saved' && entries.size === 1);
    expect(relists(observed)).toMatchObject({ rewind: 1, cluster_changed: 0 });
    await one.etcdctl('put', key, 'again');
    await observed.until('the next write', () => observed.value(key) === 'again');
    expect(observed.told(key).at(-1)).toBe('again');
  });

  it('of another etcd cluster on the same ports replaces everything', async () => {
    const solo = temporaryFolder();
    onTestFinished(() => solo.remove());
    const one = await startEtcd({ folder: solo.path, members: 1 });
    onTestFinished(() => one.stop());
    for (let i = 0; i < 10; i += 1) await one.etcdctl('put', key, `old ${i}`);
    const observed = observeMirror(etcdSpec(one.endpoints));
    onTestFinished(() => observed.close());
    await observed.watching(1);
    const before = observed.mirror.snapshot()?.clusterId;
    await one.replace();
    await observed.until('the empty cluster', ({ entries, clusterId }) => entries.size === 0 && clusterId !== before);
    expect(relists(observed)).toMatchObject({ cluster_changed: 1 });
    await one.etcdctl('put', key, 'new');
    await observed.until('the next write', () => observed.value(key) === 'new');
    expect(observed.told(key).at(-1)).toBe('new');
  });

  it('of a stray endpoint, in another etcd cluster than the others, is left aside and told', async () => {
    const solo = temporaryFolder();
    onTestFinished(() => solo.remove());
    const stray = await startEtcd({ folder: solo.path, members: 1 });
    onTestFinished(() => stray.stop());
    await stray.etcdctl('put', key, 'stray');
    await lab.etcdctl('put', key, 'ours');
    const observed = observeMirror(etcdSpec(lab.endpoints.slice(0, 2)));
    onTestFinished(() => observed.close());
    await observed.watching(2);
    const mixed = observeMirror(etcdSpec([...lab.endpoints.slice(0, 2), ...stray.endpoints]));
    onTestFinished(() => mixed.close());
    const home = await mixed.until('a list', () => true);
    const odd = home.clusterId === observed.mirror.snapshot()?.clusterId ? stray.endpoints : lab.endpoints;
    await eventually('the odd ones to be told', () =>
      mixed.mirror
        .status()
        .members.some(({ endpoint, error }) => odd.includes(endpoint) && error?.includes('another etcd cluster')),
    );
    for (let i = 0; i < 5; i += 1) {
      expect(await mixed.mirror.prove()).toMatchObject({ ok: true });
      expect(mixed.mirror.snapshot()?.clusterId).toBe(home.clusterId);
    }
  });
});

/**
 * A fake by necessity: no real etcd can be told to stop delivering events. It stands between us and a real member, passes every call on,
 * and, while `deaf`, swallows what comes on watch streams.
 */
async function startDeafMember(
  target: string,
): Promise<{ endpoint: string; setDeaf: (deaf: boolean) => void; server: Http2Server }> {
  let deaf = false;
  const upstream = connectHttp2(target);
  upstream.on('error', () => {});
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const call = upstream.request({
      ':path': headers[':path'],
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    call.on('error', () => {});
    call.on('response', (answer) => {
      const ended = answer['grpc-status'] !== undefined;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: !ended });
    });
    let trailers = {};
    call.on('trailers', ({ 'grpc-status': status, 'grpc-message': message }) => {
      trailers = { 'grpc-status': status, ...(message === undefined ? {} : { 'grpc-message': message }) };
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.on('data', (chunk) => {
      if (!(deaf && String(headers[':path']).endsWith('/Watch'))) stream.write(chunk);
    });
    call.on('end', () => stream.end());
    stream.on('data', (chunk) => call.write(chunk));
    stream.on('end', () => call.end());
    stream.on('close', () => call.close());
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    upstream.destroy();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${port}`, setDeaf: (on) => (deaf = on), server };
}

describe('a watch that has gone deaf', () => {
  it('is found out and mended by the next proof', async () => {
    const member = await startDeafMember(lab.endpoints[0] ?? '');
    const observed = observeMirror(etcdSpec([member.endpoint]));
    onTestFinished(() => observed.close());
    await observed.watching(1);
    await lab.etcdctl('put', key, 'heard');
    await observed.until('the write', () => observed.value(key) === 'heard');
    member.setDeaf(true);
    await lab.etcdctl('put', key, 'unheard');
    await lab.etcdctl('put', `${prefix}extra`, 'unheard');
    await observed.until(
      'the state',
      ({ entries }) => entries.get(key)?.value === 'unheard' && entries.has(`${prefix}extra`),
    );
    expect(relists(observed).behind).toBeGreaterThan(0);
    expect(observed.mirror.status().members[0]?.watching).toBe(true);
    await lab.etcdctl('del', `${prefix}extra`);
    await observed.until('the deletion', ({ entries }) => !entries.has(`${prefix}extra`));
    member.setDeaf(false);
    await lab.etcdctl('put', key, 'heard again');
    await observed.until('the write', () => observed.value(key) === 'heard again');
  });
});
