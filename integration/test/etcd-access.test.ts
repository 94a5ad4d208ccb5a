// Getting at etcd: passwords and tokens, certificates and their rotation, and what an operator reads when something is in the way.
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Authority, type KeyPair, makeAuthority } from '../lab/certificates.ts';
import { type EtcdLab, startEtcd } from '../lab/etcd.ts';
import { etcdSpec, type ObservedMirror, observeMirror } from '../lab/observed-mirror.ts';
import { eventually, freePort, temporaryFolder } from '../lab/process.ts';
import { startTcpProxy } from '../lab/tcp-proxy.ts';

const prefix = '/service/orders/';
const key = `${prefix}leader`;
const folder = temporaryFolder();
afterAll(() => folder.remove());

function observe(...args: Parameters<typeof observeMirror>): ObservedMirror {
  const observed = observeMirror(...args);
  onTestFinished(() => observed.close());
  return observed;
}

/** Waits until the status names an error in which all `parts` occur. */
const saying = (observed: ObservedMirror, ...parts: readonly string[]) =>
  eventually(
    `an error with ${parts.join(' and ')}`,
    () => {
      const errors = observed.mirror.status().members.map(({ error }) => error);
      if (errors.some((error) => parts.every((part) => error?.includes(part)))) return true;
      throw new Error(`the errors are: ${JSON.stringify(errors)}`);
    },
    8_000,
  );

describe('an etcd that asks for user and password', () => {
  const password = 'correct horse battery';
  let lab: EtcdLab;

  beforeAll(async () => {
    lab = await startEtcd({
      folder: folder.path,
      members: 3,
      auth: { rootPassword: 'root-secret' },
      args: ['--auth-token-ttl=1', '--bcrypt-cost=4'],
    });
    await lab.etcdctl('role', 'add', 'reader');
    await lab.etcdctl('role', 'grant-permission', 'reader', 'read', prefix, '--prefix=true');
    await lab.etcdctl('user', 'add', `pgrouted:${password}`);
    await lab.etcdctl('user', 'grant-role', 'pgrouted', 'reader');
  });
  afterAll(() => lab?.stop());

  it('is read with them, also when tokens have run out and streams begin anew', async () => {
    const observed = observe(etcdSpec(lab.endpoints, { user: 'pgrouted', password }));
    await observed.watching(3);
    for (const round of ['one', 'two']) {
      await lab.etcdctl('put', key, round);
      await observed.until('the write', () => observed.value(key) === round);
      // Longer than a token lives. Each member extends it only for use on itself, so some run out whatever we do.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await lab.members[0]?.kill();
      await lab.members[0]?.restart();
      await observed.watching(3);
    }
    expect(await observed.mirror.prove()).toMatchObject({ ok: true });
    expect(observed.mirror.status().counters.relists).toMatchObject({ behind: 0, rewind: 0, cluster_changed: 0 });
  });

  it('is read on when users and roles change, which makes older tokens useless', async () => {
    const observed = observe(etcdSpec(lab.endpoints, { user: 'pgrouted', password }));
    await observed.watching(3);
    await lab.etcdctl('role', 'grant-permission', 'reader', 'read', '/pgrouted/', '--prefix=true');
    for (let i = 0; i < 6; i += 1) expect(await observed.mirror.prove()).toMatchObject({ ok: true });
    await lab.etcdctl('put', key, 'after the change');
    await observed.until('the write', () => observed.value(key) === 'after the change');
  });

  it('says so when the password is wrong, and the password shows nowhere', async () => {
    const observed = observe(etcdSpec(lab.endpoints, { user: 'pgrouted', password: 'wrong-secret' }));
    await saying(observed, 'refuses this user and password');
    expect(observed.logged.join()).not.toContain('wrong-secret');
    expect(JSON.stringify(observed.mirror.status())).not.toContain('wrong-secret');
    expect(await observed.mirror.prove()).toMatchObject({ ok: false });
  });

  it('says so when none is configured', async () => {
    await saying(observe(etcdSpec(lab.endpoints)), 'wants a user and a password');
  });

  it('says so when the user may not read the prefix', async () => {
    const observed = observe(etcdSpec(lab.endpoints, { user: 'pgrouted', password }), { prefix: '/elsewhere/' });
    await saying(observed, 'permission denied');
    expect(observed.mirror.snapshot()).toBeUndefined();
  });

  it('is read on when the right to the prefix is taken away and given back', async () => {
    const observed = observe(etcdSpec(lab.endpoints, { user: 'pgrouted', password }));
    await observed.watching(3);
    await lab.etcdctl('role', 'revoke-permission', 'reader', prefix, '--prefix=true');
    await saying(observed, 'permission denied');
    const before = observed.mirror.snapshot()?.confirmedAt ?? 0;
    await lab.etcdctl('role', 'grant-permission', 'reader', 'read', prefix, '--prefix=true');
    await observed.until('a proof again', ({ confirmedAt }) => confirmedAt > before);
  });
});

describe('an etcd with JWT, where any change of users and roles makes every token useless', () => {
  it('is read on', async () => {
    const home = temporaryFolder();
    onTestFinished(() => home.remove());
    const [priv, pub] = [join(home.path, 'jwt.key'), join(home.path, 'jwt.pub')];
    execFileSync('openssl', ['genrsa', '-out', priv, '2048'], { stdio: 'ignore' });
    execFileSync('openssl', ['rsa', '-in', priv, '-pubout', '-out', pub], { stdio: 'ignore' });
    const lab = await startEtcd({
      folder: home.path,
      members: 1,
      auth: { rootPassword: 'root-secret' },
      args: [`--auth-token=jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=10m`, '--bcrypt-cost=4'],
    });
    onTestFinished(() => lab.stop());
    const proxy = await startTcpProxy(lab.members[0]?.port ?? 0);
    onTestFinished(() => proxy.close());
    const observed = observe(etcdSpec([`http://127.0.0.1:${proxy.port}`], { user: 'root', password: 'root-secret' }));
    await observed.watching(1);
    for (const round of ['one', 'two', 'three']) {
      await lab.etcdctl('role', 'add', round);
      expect(await observed.mirror.prove()).toMatchObject({ ok: true });
      await lab.etcdctl('put', key, round);
      await observed.until('the write', () => observed.value(key) === round);
      await lab.etcdctl('role', 'delete', round);
      proxy.cut();
      await observed.watching(1);
    }
    // Each of the six changes may meet one proof that is on its way.
    expect(observed.mirror.status().counters.failedProofs).toBeLessThanOrEqual(6);
  });
});

describe('an etcd that asks for client certificates', () => {
  let lab: EtcdLab;
  let authority: Authority;
  let client: KeyPair;

  beforeAll(async () => {
    authority = makeAuthority(join(folder.path, 'tls'));
    client = authority.issue('client');
    const home = temporaryFolder();
    const tls = { ca: authority.ca, server: authority.issue('server'), client: authority.issue('etcdctl') };
    lab = await startEtcd({ folder: home.path, members: 3, tls });
    return async () => {
      await lab.stop();
      home.remove();
    };
  });

  const spec = (more = {}) => etcdSpec(lab.endpoints, { ca: authority.ca, ...client, ...more });

  it('is read with one', async () => {
    const observed = observe(spec());
    await observed.watching(3);
    await lab.etcdctl('put', key, 'over TLS');
    await observed.until('the write', () => observed.value(key) === 'over TLS');
  });

  it('is never out of sight while the files are replaced', async () => {
    const observed = observe(spec(), { client: { certificateCheckMs: 50 } });
    await observed.watching(3);
    let renewed = 0;
    for (const member of observed.client.members) member.onReady(() => (renewed += 1));
    authority.issue('client');
    await eventually('a new session on each member', () => renewed >= 3 || undefined);
    await observed.watching(3);
    await lab.etcdctl('put', key, 'new certificate');
    await observed.until('the write', () => observed.value(key) === 'new certificate');
    const { failedProofs, relists } = observed.mirror.status().counters;
    expect({ failedProofs, ...relists }).toMatchObject({ failedProofs: 0, behind: 0 });
    expect(observed.mirror.status().members.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  });

  it('is kept on the old certificate while the new files do not fit together', async () => {
    const stranger = makeAuthority(join(folder.path, 'stranger')).issue('client');
    const pair = { cert: join(folder.path, 'pair.crt'), key: join(folder.path, 'pair.key') };
    copyFileSync(client.cert, pair.cert);
    copyFileSync(client.key, pair.key);
    const observed = observe(spec(pair), { client: { certificateCheckMs: 50 } });
    await observed.watching(3);
    copyFileSync(stranger.key, pair.key);
    await saying(observed, 'TLS');
    expect(await observed.mirror.prove()).toMatchObject({ ok: true });
    copyFileSync(client.key, pair.key);
    await eventually('the error to go', () =>
      observed.mirror.status().members.every(({ error }) => error === undefined),
    );
  });

  it('says so when its certificate is not signed by our ca', async () => {
    const { ca } = makeAuthority(join(folder.path, 'other'));
    await saying(observe(spec({ ca })), 'not signed by the configured ca');
  });

  it('believes it no more in an environment that tells Node not to look', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { ca } = makeAuthority(join(folder.path, 'other'));
    await saying(observe(spec({ ca })), 'not signed by the configured ca');
  });

  it('says so when we show no certificate', async () => {
    await saying(observe(spec({ cert: undefined, key: undefined })), 'client certificate');
  });

  it('says so when it does not know the authority of ours', async () => {
    const stranger = makeAuthority(join(folder.path, 'unknown')).issue('client');
    await saying(observe(spec(stranger)), 'client certificate');
  });

  it('says so when a file is missing', async () => {
    await saying(observe(spec({ cert: join(folder.path, 'nowhere.crt') })), "can't read", 'nowhere.crt');
  });

  it('says so when the endpoint should begin with https', async () => {
    const plain = lab.endpoints.map((endpoint) => endpoint.replace('https', 'http'));
    await saying(observe(etcdSpec(plain)), 'https://');
  });
});

// Fakes from here on: no real etcd can be made to talk like this.
describe('what is no etcd', () => {
  const listening = async (server: {
    listen: (port: number, host: string, done: () => void) => unknown;
    close: () => unknown;
  }) => {
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${port}`;
  };
  const talking = (answer: (socket: Socket) => void) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      answer(socket);
      onTestFinished(() => void socket.destroy());
    });
    return listening(server);
  };
  const answering = (answer: (stream: ServerHttp2Stream) => void) => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      answer(stream);
    });
    server.on('session', (session) => onTestFinished(() => session.destroy()));
    return listening(server);
  };
  const grpc = { ':status': 200, 'content-type': 'application/grpc' };

  it('is told when nothing listens', async () => {
    await saying(observe(etcdSpec([`http://127.0.0.1:${await freePort()}`])), 'connection refused');
  });

  it('is told when it speaks HTTP/1, as an etcd v2 or a peer port does', async () => {
    const server = createHttpServer((_, response) => response.end('404 page not found'));
    await saying(observe(etcdSpec([await listening(server)])), 'etcd v3 client URL');
  });

  it('is told when https is asked of a plain port', async () => {
    const server = createHttpServer((_, response) => response.end());
    await saying(observe(etcdSpec([(await listening(server)).replace('http', 'https')])), 'http://');
  });

  it('is told when it accepts and says nothing', async () => {
    await saying(observe(etcdSpec([await talking(() => {})])), 'no HTTP/2 answer');
  });

  it('is told when it sends random bytes', async () => {
    await saying(observe(etcdSpec([await talking((socket) => socket.write(Buffer.alloc(4_000, 0xa5)))])), 'HTTP/2');
  });

  it('is told when it answers with a web page', async () => {
    const endpoint = await answering((stream) => {
      stream.respond({ ':status': 404, 'content-type': 'text/html' });
      stream.end('<html>');
    });
    await saying(observe(etcdSpec([endpoint])), 'HTTP status 404', 'text/html');
  });

  it('is told when its messages are no protobuf', async () => {
    const endpoint = await answering((stream) => {
      stream.respond(grpc);
      stream.write(Buffer.of(0, 0, 0, 0, 3, 0x0a, 0xff, 0xff));
    });
    await saying(observe(etcdSpec([endpoint])), 'no protobuf');
  });

  it('is told when it answers a login with what can be no token', async () => {
    const endpoint = await answering((stream) => {
      stream.respond(grpc, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from('\0\0\0\0\x05\x12\x03a\nb'));
    });
    const observed = observe(etcdSpec([endpoint], { user: 'u', password: 'p' }));
    await saying(observed, 'no token');
    expect(observed.logged.join()).not.toContain('a\\nb');
  });

  it('is told when it ends without a status', async () => {
    const endpoint = await answering((stream) => {
      stream.respond(grpc);
      stream.end();
    });
    await saying(observe(etcdSpec([endpoint])), 'broke off');
  });

  it('is told when it announces a message of 4 GiB, which is not waited for', async () => {
    const endpoint = await answering((stream) => {
      stream.respond(grpc);
      stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
    });
    await saying(observe(etcdSpec([endpoint])), '4294967295 bytes');
  });

  it('is cut off when it sends one message without end, and takes no memory for it', async () => {
    let sent = 0;
    const endpoint = await answering((stream) => {
      const chunk = Buffer.alloc(1 << 20, 0);
      stream.respond(grpc);
      stream.write(Buffer.of(0, 0x03, 0xff, 0xff, 0xff));
      const pour = () => {
        while (!stream.destroyed && stream.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      stream.on('drain', pour);
      pour();
    });
    const observed = observe(etcdSpec([endpoint]));
    await eventually('proofs to fail', () => observed.mirror.status().error);
    await eventually('some of it to arrive', () => sent > 1 << 20 || undefined);
    expect(observed.mirror.snapshot()).toBeUndefined();
  });
});
