// The router is a picture here: what is tested is what the daemon does around it. The real one runs in integration/test/.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PgroutedConfig } from '@pgrouted/core/config/config';
import type { RouterOptions, RunningRouter } from '@pgrouted/core/controller/router';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf, fullStatus, type PicturedRouter, routerOf } from '../test/picture.ts';
import { systemClock } from './clock.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Loaded } from './load-config.ts';
import { createLog } from './log.ts';

const config: PgroutedConfig = {
  etcd: {
    endpoints: ['http://127.0.0.1:1'],
    ca: undefined,
    cert: undefined,
    key: undefined,
    user: 'u',
    password: 'M4rk3r',
  },
  clusters: [],
  discovery: [],
  fleet: { enabled: false, prefix: '/pgrouted', name: undefined },
  haproxy: [],
  http: { host: '127.0.0.1', port: 0, tls: undefined, maxAgeMs: 30_000, availability: false, control: { kind: 'off' } },
  groups: { clusters: true, named: [] },
  log: { level: 'info', file: undefined },
  journal: { file: undefined, maxBytes: 1e6, keep: 1, memoryEntries: 100 },
};

class Stage {
  readonly lines: Record<string, unknown>[] = [];
  readonly log = createLog('info', { write: (line: string) => void this.lines.push(JSON.parse(line)) });
  readonly taken: PgroutedConfig[] = [];
  readonly picture: PicturedRouter = routerOf({
    status: fullStatus,
    ready: true,
    entries: [entryOf(1, { kind: 'started', text: 'started' })],
  });
  stops = 0;
  next: Loaded | Failure = { config, warnings: [] };
  daemon: Daemon | undefined;

  async start(): Promise<Daemon> {
    this.daemon = await startDaemon({
      load: () => {
        if (this.next instanceof Failure) throw this.next;
        return this.next;
      },
      startRouter: (options) => this.#router(options),
      clock: systemClock,
      log: this.log,
      version: 'test',
    });
    return this.daemon;
  }

  get messages(): readonly unknown[] {
    return this.lines.map(({ level, msg }) => `${level}: ${msg}`);
  }

  #router(options: RouterOptions): RunningRouter {
    this.taken.push(options.config);
    return {
      ...this.picture,
      late: () => [],
      reconfigure: async (next) => void this.taken.push(next),
      stop: async () => {
        this.stops += 1;
        this.picture.add(entryOf(9, { kind: 'stopping', text: 'stopping' }));
      },
    };
  }
}

let stage: Stage;
let folder: string;
beforeEach(() => {
  stage = new Stage();
  folder = mkdtempSync(join(tmpdir(), 'pgrouted-'));
});
afterEach(async () => {
  await stage.daemon?.stop();
  rmSync(folder, { recursive: true });
});

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe('the daemon', () => {
  it('answers, logs the journal from its first entry, and stops', async () => {
    const daemon = await stage.start();
    expect(await statusOf(`${daemon.url()}/health/is-ready`)).toBe(200);
    expect(await (await fetch(`${daemon.url()}/metrics`)).text()).toContain('pgrouted_ready 1');
    stage.picture.add(entryOf(2, { text: 'something' }));
    const url = daemon.url();
    await daemon.stop();
    await expect(fetch(url)).rejects.toThrow();
    expect(stage.stops).toBe(1);
    expect(stage.messages).toEqual(['info: started', 'info: something', 'info: stopping']);
    stage.daemon = undefined;
  });

  it('does not start a router when its port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    stage.next = { config: { ...config, http: { ...config.http, port } }, warnings: [] };
    await expect(stage.start()).rejects.toMatchObject({
      exitCode: exitCodes.failed,
      message: `HTTP can not listen on 127.0.0.1:${port}: the port is in use; is another pgrouted running? Choose another with http.listen or --listen`,
    });
    expect(stage.taken).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it('does not start with a wrong configuration', async () => {
    stage.next = new Failure(exitCodes.config, 'a.yml:1:1: wrong');
    await expect(stage.start()).rejects.toBe(stage.next);
  });

  it('writes the journal to its file, too', async () => {
    const file = join(folder, 'journal.jsonl');
    stage.next = { config: { ...config, journal: { ...config.journal, file } }, warnings: [] };
    const daemon = await stage.start();
    stage.picture.add(entryOf(2));
    await daemon.stop();
    const kinds = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(['started', 'view', 'stopping']);
    stage.daemon = undefined;
  });

  it('never tells a secret, wherever it is asked', async () => {
    const daemon = await stage.start();
    const texts = await Promise.all(
      ['/v2/status', '/v2/events', '/v2/status/schema', '/metrics', '/v1/primary', '/nope'].map(async (path) =>
        (await fetch(daemon.url() + path)).text(),
      ),
    );
    stage.next = { config: { ...config, log: { level: 'debug', file: undefined } }, warnings: ['a warning'] };
    await daemon.reload();
    expect(JSON.stringify([texts, stage.lines])).not.toContain('M4rk3r');
  });
});

describe('reading the configuration again', () => {
  it('gives the router the new one, and takes its level, port and journal', async () => {
    const daemon = await stage.start();
    const before = daemon.url();
    const file = join(folder, 'journal.jsonl');
    const next = {
      ...config,
      http: { ...config.http, host: 'localhost' },
      log: { level: 'debug' as const, file: undefined },
      journal: { ...config.journal, file },
    };
    stage.next = { config: next, warnings: ['mind the gap'] };
    await daemon.reload();
    expect(stage.taken).toEqual([config, next]);
    expect(stage.messages).toContain('warn: mind the gap');
    stage.log.debug({}, 'seen now');
    expect(stage.messages).toContain('debug: seen now');
    await expect(fetch(before)).rejects.toThrow();
    expect(await statusOf(`${daemon.url()}/health/is-live`)).toBe(200);
    await daemon.stop();
    expect(readFileSync(file, 'utf8')).toContain('stopping');
    stage.daemon = undefined;
  });

  it('keeps its port where only what is answered there has changed', async () => {
    const daemon = await stage.start();
    const before = daemon.url();
    const next = { ...config, http: { ...config.http, maxAgeMs: 5_000, availability: true } };
    stage.next = { config: next, warnings: [] };
    await daemon.reload();
    expect(stage.taken).toEqual([config, next]);
    expect(daemon.url()).toBe(before);
    expect(await statusOf(`${before}/health/is-live`)).toBe(200);
  });

  it('keeps the old one, and the API as it was, when the new certificate is not good', async () => {
    const daemon = await stage.start();
    const tls = {
      kind: 'files',
      cert: join(folder, 'no.crt'),
      key: join(folder, 'no.key'),
      clientCa: undefined,
    } as const;
    stage.next = { config: { ...config, http: { ...config.http, tls } }, warnings: [] };
    await daemon.reload();
    expect(stage.taken).toEqual([config]);
    expect(stage.lines.at(-1)).toMatchObject({
      err: `http.tls.cert: ${join(folder, 'no.crt')}: there is no such file; put it there, or name another`,
      msg: 'the new configuration was not taken',
    });
    expect(await statusOf(`${daemon.url()}/health/is-live`)).toBe(200);
  });

  it('leaves the router alone when nothing has changed', async () => {
    const daemon = await stage.start();
    await daemon.reload();
    expect(stage.taken).toEqual([config]);
    expect(stage.messages.at(-1)).toBe('info: the configuration is the same as before');
  });

  it('keeps the old one and says why when the new one is wrong', async () => {
    const daemon = await stage.start();
    stage.next = new Failure(exitCodes.config, 'a.yml:1:1: wrong\na.yml:2:1: wrong too');
    await daemon.reload();
    expect(stage.taken).toEqual([config]);
    expect(stage.lines.slice(-2)).toMatchObject([
      { level: 'error', err: 'a.yml:1:1: wrong', msg: 'the new configuration was not taken' },
      { level: 'error', err: 'a.yml:2:1: wrong too', msg: 'the new configuration was not taken' },
    ]);
    expect(await statusOf(`${daemon.url()}/health/is-live`)).toBe(200);
  });

  it('keeps the old one when the new address can not be had', async () => {
    const daemon = await stage.start();
    stage.next = { config: { ...config, http: { ...config.http, host: '192.0.2.1', port: 1 } }, warnings: [] };
    await daemon.reload();
    expect(stage.taken).toEqual([config]);
    expect(stage.messages.at(-1)).toBe('error: the new configuration was not taken');
    expect(await statusOf(`${daemon.url()}/health/is-live`)).toBe(200);
  });
});
