// pgroutectl's commands against a real HTTP server that serves documents.
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as documents from '../test/documents.ts';
import { pgroutectl, type Router, startRouter } from '../test/router.ts';
import * as situations from '../test/situations.ts';
import * as stolon from '../test/stolon-situations.ts';

let router: Router;
beforeEach(async () => {
  router = await startRouter();
});
afterEach(() => router.close());

const ctl = (...args: string[]) => pgroutectl(['--url', router.url, ...args]);
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

describe('pgroutectl status', () => {
  it('ends with 0 where every write service has a server', async () => {
    router.answer = documents.document();
    const run = ctl('status');
    expect(await run.code).toBe(0);
    expect(run.out()).toContain('READY: every write service routes');
    expect(run.err()).toBe('');
  });

  it('ends with 3 where it was reached and is not ready', async () => {
    router.answer = situations.noLeader();
    const run = ctl('status');
    expect(await run.code).toBe(3);
    expect(run.out()).toContain('NOT READY');
  });

  it('gives the document itself with -o json', async () => {
    router.answer = situations.noLeader();
    const run = ctl('status', '-o', 'json');
    expect(await run.code).toBe(3);
    expect(JSON.parse(run.out())).toEqual(router.answer);
  });

  it('takes the address from PGROUTED_URL, and a path in front of the API', async () => {
    router.answer = documents.document();
    expect(await pgroutectl(['status'], { env: { PGROUTED_URL: router.url } }).code).toBe(0);
    await pgroutectl(['status', '--url', `${router.url}/behind/a/proxy/`]).code;
    expect(router.requests).toEqual(['/v2/status', '/behind/a/proxy/v2/status']);
  });

  it('draws in colour on a terminal only, and not against NO_COLOR', async () => {
    router.answer = documents.document();
    const coloured = async (columns: number | undefined, env: Record<string, string>) => {
      const run = pgroutectl(['--url', router.url, 'status'], { ...(columns === undefined ? {} : { columns }), env });
      await run.code;
      return run.out().includes('\x1b[');
    };
    expect(await coloured(80, {})).toBe(true);
    expect(await coloured(80, { NO_COLOR: '1' })).toBe(false);
    expect(await coloured(80, { TERM: 'dumb' })).toBe(false);
    expect(await coloured(undefined, {})).toBe(false);
  });

  it('with --watch shows page after page, through errors, until Ctrl-C', async () => {
    router.answer = documents.document();
    const run = ctl('status', '--watch', '1ms');
    await run.until(() => run.out().split('READY: every').length > 2);
    router.statusCode = 500;
    await run.until(() => run.out().includes('HTTP status 500'));
    router.statusCode = 200;
    router.answer = situations.noLeader();
    await run.until(() => run.out().includes('NOT READY'));
    run.interrupt();
    expect(await run.code).toBe(0);
  });
});

describe('a router that cannot be reached or understood', () => {
  const cases: readonly (readonly [string, () => void, RegExp])[] = [
    [
      'answers with an error',
      () => {
        router.statusCode = 503;
      },
      /answered \/v2\/status with HTTP status 503; see the log/,
    ],
    [
      'answers with an error in words',
      () => {
        router.statusCode = 503;
        router.answer = { error: 'too many followers' };
      },
      /with HTTP status 503 \(too many followers\); see the log/,
    ],
    [
      'does not know the path',
      () => {
        router.statusCode = 404;
      },
      /is it another program, or a pgrouted without this API/,
    ],
    [
      'speaks no JSON',
      () => {
        router.answer = '<html>';
      },
      /something that is no JSON/,
    ],
    [
      'is of a newer version',
      () => {
        router.answer = { ...documents.document(), schema: 2, router: { version: '9.0.0' } };
      },
      /in a form \(form 2\) that this pgroutectl \(dev\) does not know.*pgrouted there is 9\.0\.0\. Use the pgroutectl that came with it/,
    ],
    [
      'is something else that speaks JSON',
      () => {
        router.answer = { hello: 1 };
      },
      /Is it a pgrouted of another version\?/,
    ],
  ];
  it.each(cases)('ends with 1 and one line if it %s', async (_, arrange, message) => {
    arrange();
    const run = ctl('status');
    expect(await run.code).toBe(1);
    expect(lines(run.err())).toHaveLength(1);
    expect(run.err()).toMatch(message);
    expect(run.out()).toBe('');
  });

  it('says how to go on when the connection is refused', async () => {
    const { url } = router;
    await router.close();
    const run = pgroutectl(['status', '--url', url]);
    expect(await run.code).toBe(1);
    expect(run.err()).toBe(
      `pgroutectl: ${url} refused the connection: is pgrouted running there (systemctl status pgrouted)? (another address: --url URL or PGROUTED_URL)\n`,
    );
    router = await startRouter();
  });

  it('gives up after --timeout on one that takes the connection and says nothing', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const run = pgroutectl(['status', '--url', `http://127.0.0.1:${port}`, '--timeout', '50ms']);
    expect(await run.code).toBe(1);
    expect(run.err()).toContain(`no answer from http://127.0.0.1:${port} within 50 ms`);
    mute.close();
  });

  it('never shows a password that stands in the URL', async () => {
    router.statusCode = 500;
    const run = pgroutectl(['status', '--url', router.url.replace('//', '//joe:s3cret@')]);
    expect(await run.code).toBe(1);
    expect(run.err()).not.toContain('s3cret');
  });
});

describe('a wrong command line', () => {
  it.each([
    [['status', '--url', 'nonsense'], /`nonsense` is no URL of a router/],
    [['status', '-o', 'xml'], /Allowed choices are table, json/],
    [['status', '--timeout', '5'], /duration such as 500ms/],
    [['events', '--kind', 'leader,foo'], /`foo` is no kind\. Kinds: started, /],
    [['events', '--since', 'yesterday'], /an entry's number such as 120, or a duration such as 10m/],
    [['statsu'], /unknown command 'statsu'.*Did you mean status/s],
  ])('%j ends with 2 and says what is wrong', async (args, message) => {
    const run = pgroutectl(args);
    expect(await run.code).toBe(2);
    expect(run.err()).toMatch(message);
    expect(run.err()).toMatch(/^pgroutectl: /);
  });

  it('--help names the exit codes', async () => {
    const run = pgroutectl(['--help']);
    expect(await run.code).toBe(0);
    expect(run.out()).toMatch(/^ {2}3 +status: reached, but not every write service has a server$/m);
  });
});

describe('pgroutectl explain', () => {
  it('explains one member in each service', async () => {
    router.answer = situations.switchUnderWay();
    const run = ctl('explain', 'n1');
    expect(await run.code).toBe(0);
    expect(run.out()).toContain('n1 is OUT (maint: no new connections, open sessions are ended)');
    expect(run.out()).toContain('n1 is IN (ready: it takes new connections)');
    expect(run.out()).not.toContain('n3 is ');
  });

  it('gives programs the same facts', async () => {
    router.answer = situations.switchUnderWay();
    const run = ctl('explain', 'n1', '--service', 'primary', '-o', 'json');
    expect(await run.code).toBe(0);
    expect(JSON.parse(run.out())).toMatchObject([
      {
        cluster: 'orders',
        service: 'primary',
        member: 'n1',
        state: 'maint',
        reason: { code: 'leader_in_recovery' },
        record: { role: 'replica' },
      },
    ]);
  });

  it("gives programs Stolon's handshake with write services, and no such key elsewhere", async () => {
    router.answer = stolon.notEnabled();
    const run = ctl('explain', 'keeper1', '-o', 'json');
    expect(await run.code).toBe(0);
    const [write, read] = JSON.parse(run.out());
    expect(write.handshake).toMatchObject([
      { step: 'seen', done: true, ageMs: 700 },
      { step: 'acknowledged', done: true, ageMs: 690 },
      { step: 'enabled', done: false, ageMs: null },
      { step: 'alive', done: true, ageMs: 690 },
    ]);
    expect(read).not.toHaveProperty('handshake');
    router.answer = documents.document();
    const patroni = ctl('explain', '-o', 'json');
    await patroni.code;
    expect(patroni.out()).not.toContain('handshake');
  });

  it.each([
    [['n9'], 'no member named n9; known: n1, n2, n3'],
    [['--service', 'primry'], 'no service named primry; known: primary, replica'],
    [['--cluster', 'x\n'], 'no cluster named x\\n; known: orders'],
  ])('%j ends with 1 and names what is known', async (args, message) => {
    router.answer = documents.document();
    const run = ctl('explain', ...args);
    expect(await run.code).toBe(1);
    expect(run.err()).toBe(`pgroutectl: ${message}\n`);
  });
});
