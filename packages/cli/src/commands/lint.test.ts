// `lint` against a real HTTP server: what it picks out of the status, how it says it, and its exit code.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { because, document as healthy, socket } from '../../test/documents.ts';
import { pgroutectl, type Router, startRouter } from '../../test/router.ts';
import { remedies } from '../render/remedies.ts';

let router: Router;
beforeEach(async () => {
  router = await startRouter();
});
afterEach(() => router.close());

const lint = (...args: string[]) => pgroutectl(['--url', router.url, 'lint', ...args]);
const serve = (...problems: readonly ReturnType<typeof because>[]) => {
  const document = healthy();
  router.answer = { ...document, targets: document.targets.map((target) => ({ ...target, problems })) };
};

describe('pgroutectl lint', () => {
  it('has nothing to say where HAProxy is as it should be', async () => {
    serve();
    const run = lint();
    expect(await run.code).toBe(0);
    expect(run.out()).toBe(`${socket}  as pgrouted needs it\n`);
  });

  it('says what is wrong, where, and what to do', async () => {
    serve(
      because('servers_not_disabled', { target: socket, backend: 'be_rw', servers: 'n1, n2' }),
      because('stats_level_low', { target: socket, level: 'operator' }),
    );
    const run = lint();
    expect(await run.code).toBe(1);
    const text = run.out().replace(/\s+/g, ' ');
    expect(text).toContain(`${socket} 2 findings - HAProxy (${socket}) lets n1, n2 in be_rw in by itself`);
    expect(text).toContain(`[servers_not_disabled] do: ${remedies.servers_not_disabled}`);
    expect(text).toContain(`[stats_level_low] do: ${remedies.stats_level_low}`);
  });

  it('leaves out what no configuration mends', async () => {
    serve(because('foreign_change', { server: 'n1', backend: 'be_rw', found: 'ready', wanted: 'maint' }));
    expect(await lint().code).toBe(0);
  });

  it('gives the same as data', async () => {
    serve(because('backend_missing', { target: socket, backend: 'be_rw' }));
    const run = lint('-o', 'json');
    expect(await run.code).toBe(1);
    expect(JSON.parse(run.out())).toMatchObject({
      targets: [
        {
          name: socket,
          read: true,
          findings: [{ code: 'backend_missing', facts: { backend: 'be_rw' }, remedy: remedies.backend_missing }],
        },
      ],
    });
  });

  it('does not call a HAProxy clean that was not read yet', async () => {
    const document = healthy();
    router.answer = {
      ...document,
      targets: document.targets.map((target) => ({ ...target, state: 'unknown', readBackAgeMs: null })),
    };
    const run = lint();
    expect(await run.code).toBe(1);
    expect(run.out()).toContain('not read yet');
  });
});
