// Real sockets on loopback, and a clock that a test moves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { HttpSpec } from '@pgrouted/core/config/config';
import type { Clock } from '@pgrouted/core/model/clock';
import { millis } from '@pgrouted/core/model/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PemPair, selfSigned } from '../../test/self-signed.ts';
import { ApiServer } from './api-server.ts';

const one = selfSigned('one');
const two = selfSigned('two');

let folder = '';
let server: ApiServer | undefined;
let timers = new Set<() => void>();
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pgrouted-'));
  timers = new Set();
  said = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** Runs what is due when a test says so. */
const clock: Clock = {
  now: () => millis(0),
  wall: () => new Date('2026-01-01T00:00:00Z'),
  after: (_, run) => {
    timers.add(run);
    return { cancel: () => timers.delete(run) };
  },
};
const look = (): void => {
  const due = [...timers];
  timers.clear();
  for (const run of due) run();
};
const say = (level: string) => (fields: object, message: string) =>
  void said.push(`${level}: ${message} ${JSON.stringify(fields)}`);
const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };

const plain: HttpSpec = {
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  maxAgeMs: 30_000,
  availability: false,
  control: { kind: 'off' },
};
const tls = (clientCa?: string) => ({
  kind: 'files' as const,
  cert: join(folder, 'crt'),
  key: join(folder, 'key'),
  clientCa,
});
const install = ({ cert, key }: PemPair): void => {
  writeFileSync(join(folder, 'crt'), cert);
  writeFileSync(join(folder, 'key'), key);
};
async function start(spec: HttpSpec): Promise<ApiServer> {
  const started = await ApiServer.start({
    spec,
    handle: (request, response) => void response.end(request.url),
    clock,
    log,
  });
  server = started;
  return started;
}
const portOf = ({ url }: ApiServer): number => Number(new URL(url).port);

/** A TLS connection that trusts `ca` alone. */
const dial = (
  to: ApiServer,
  ca: PemPair,
  more: { readonly cert?: string; readonly key?: string; readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {},
) =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({ port: portOf(to), host: '127.0.0.1', servername: 'localhost', ca: ca.cert, ...more }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
/** What comes back to a request on that connection. */
const ask = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (data) => resolve(String(data)));
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  });
const nameOn = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;

describe('the API with TLS', () => {
  it('serves those who trust its certificate, and them alone', async () => {
    install(one);
    const running = await start({ ...plain, tls: tls() });
    expect(running.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const socket = await dial(running, one);
    expect(await ask(socket)).toContain('HTTP/1.1 200 OK');
    await expect(dial(running, two)).rejects.toThrow(/self-signed|unable to verify/);
    await expect(dial(running, one, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
    expect((await dial(running, one, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
  });

  it('wants a certificate of clients where their authority is named', async () => {
    install(one);
    writeFileSync(join(folder, 'ca'), two.cert);
    const running = await start({ ...plain, tls: tls(join(folder, 'ca')) });
    expect(await ask(await dial(running, one, two))).toContain('200 OK');
    for (const wrong of [{}, one]) await expect(dial(running, one, wrong).then(ask)).rejects.toThrow();
  });

  it('gives a renewed certificate to the next connection, and leaves open ones alone', async () => {
    install(one);
    const running = await start({ ...plain, tls: tls() });
    const open = await dial(running, one);
    install(two);
    look();
    expect(nameOn(await dial(running, one))).toBe('one');
    // Seen twice the same: whoever writes the files is through.
    look();
    expect(nameOn(await dial(running, two))).toBe('two');
    expect(await ask(open)).toContain('200 OK');
    expect(said).toEqual([
      `info: HTTPS: the certificate was renewed ${JSON.stringify({ notAfter: '2099-01-01T00:00:00.000Z' })}`,
    ]);
  });

  it('keeps the certificate when the new one is broken, says so once, and takes the next good one', async () => {
    install(one);
    const running = await start({ ...plain, tls: tls() });
    install({ cert: two.cert, key: one.key });
    for (let looks = 0; looks < 5; looks += 1) look();
    expect(nameOn(await dial(running, one))).toBe('one');
    rmSync(join(folder, 'key'));
    look();
    look();
    expect(said.splice(1)).toEqual([expect.stringContaining('there is no such file')]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^error: HTTPS: the new certificate was not taken; the one before stays in use .*it is not the key of/,
    );
    install(two);
    look();
    look();
    expect(nameOn(await dial(running, two))).toBe('two');
  });

  it('looks at once when it is told to read its configuration again', async () => {
    install(one);
    const spec = { ...plain, tls: tls() };
    const running = await start(spec);
    install(two);
    await running.reconfigure(spec);
    expect(nameOn(await dial(running, two))).toBe('two');
  });

  it('warns of a certificate that has run out', async () => {
    install(selfSigned('old', new Date('2025-12-31T00:00:00Z')));
    const running = await start({ ...plain, tls: tls() });
    expect(said).toEqual([
      `warn: HTTPS: the certificate has run out; clients will refuse it ${JSON.stringify({ notAfter: '2025-12-31T00:00:00.000Z' })}`,
    ]);
    expect(running.notAfter).toEqual(new Date('2025-12-31T00:00:00Z'));
  });

  it('stops though a client never begins its handshake', async () => {
    install(one);
    const running = await start({ ...plain, tls: tls() });
    const silent = connectTcp(portOf(running), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => {});
    await running.close();
    await ended;
    expect(timers.size).toBe(0);
    server = undefined;
  });
});

describe('a new configuration of the API', () => {
  const get = async (running: ApiServer): Promise<string> => (await fetch(`${running.url}/x`)).text();
  const fixed = async (): Promise<HttpSpec> => ({ ...plain, port: await freePort() });

  it('that changes no address leaves the listener and its connections', async () => {
    const running = await start(plain);
    const socket = connectTcp(portOf(running), '127.0.0.1');
    await ask(socket);
    const { url } = running;
    await running.reconfigure({ ...plain, maxAgeMs: 1, availability: true });
    expect(running.url).toBe(url);
    expect(await ask(socket)).toContain('200 OK');
    socket.destroy();
  });

  it('turns TLS on, other files in, client certificates on, and TLS off, all on one port', async () => {
    install(one);
    writeFileSync(join(folder, 'two.crt'), two.cert);
    writeFileSync(join(folder, 'two.key'), two.key);
    const spec = await fixed();
    const running = await start(spec);
    await running.reconfigure({ ...spec, tls: tls() });
    const open = await dial(running, one);
    const other = { ...tls(), cert: join(folder, 'two.crt'), key: join(folder, 'two.key') };
    await running.reconfigure({ ...spec, tls: other });
    expect(nameOn(await dial(running, two))).toBe('two');
    expect(await ask(open)).toContain('200 OK');
    await running.reconfigure({ ...spec, tls: { ...other, clientCa: join(folder, 'two.crt') } });
    await expect(dial(running, two).then(ask)).rejects.toThrow();
    expect(await ask(await dial(running, two, two))).toContain('200 OK');
    await running.reconfigure(spec);
    expect(await get(running)).toBe('/x');
    expect([running.notAfter, timers.size]).toEqual([undefined, 0]);
  });

  it('with a broken certificate is refused, and the API goes on as before', async () => {
    const spec = await fixed();
    const running = await start(spec);
    await expect(running.reconfigure({ ...spec, tls: tls() })).rejects.toThrow(/there is no such file/);
    expect(await get(running)).toBe('/x');
  });

  it('with an address that can not be had is refused, and the API goes on as before', async () => {
    const spec = await fixed();
    const running = await start(spec);
    await expect(running.reconfigure({ ...spec, host: '192.0.2.1' })).rejects.toThrow(
      /this machine has no such address/,
    );
    expect(await get(running)).toBe('/x');
    await expect(running.reconfigure({ ...spec, host: '192.0.2.1', port: spec.port - 1 })).rejects.toThrow();
    expect(await get(running)).toBe('/x');
  });

  it('may name localhost, which is every address that it stands for', async () => {
    const running = await start({ ...plain, host: 'localhost' });
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await (await fetch(`http://localhost:${portOf(running)}/x`)).text()).toBe('/x');
  });
});

describe('bytes that are no request', () => {
  it('are refused as PgRoute66 refuses them', async () => {
    const running = await start(plain);
    const socket = connectTcp(portOf(running), '127.0.0.1');
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.on('close', () => resolve(text));
    });
    socket.write('what is this\r\n\r\n');
    expect(await answer).toBe(
      'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request',
    );
  });
});

/** Free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
