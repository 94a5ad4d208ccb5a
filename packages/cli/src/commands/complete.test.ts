import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as documents from '../../test/documents.ts';
import { pgroutectl, type Router, startRouter } from '../../test/router.ts';
import * as situations from '../../test/situations.ts';

let router: Router;
beforeEach(async () => {
  router = await startRouter();
});
afterEach(() => router.close());

async function names(...args: readonly string[]): Promise<readonly string[]> {
  const run = pgroutectl(['--url', router.url, 'complete', ...args]);
  expect(await run.code).toBe(0);
  return run.out().split('\n').slice(0, -1);
}

describe('pgroutectl complete', () => {
  it.each([
    ['clusters', ['orders', 'stock']],
    ['members', ['n1', 'n2', 'n3']],
    ['services', ['primary', 'replica']],
  ])('%s: what the router knows, each name once', async (what, known) => {
    router.answer = situations.twoClusters();
    expect(await names(what)).toEqual(known);
  });

  it('gives members of one cluster, if asked so', async () => {
    router.answer = situations.twoClusters();
    expect(await names('members', '--cluster', 'stock')).toEqual(['n1', 'n2']);
  });

  it('gives no name that a shell could take for more than a name', async () => {
    for (const name of ['n1;reboot', '$(reboot)', '--help', 'a b', 'n1\nn2', '']) {
      router.answer = documents.document({ clusters: [documents.healthyCluster({ name })] });
      expect(await names('clusters')).toEqual([]);
    }
    router.answer = situations.hostileNames();
    expect(await names('members')).toEqual([]);
  });

  it('says nothing where there is no router', async () => {
    const { url } = router;
    await router.close();
    for (const where of [url, 'nonsense']) {
      const run = pgroutectl(['--url', where, 'complete', 'members']);
      expect(await run.code).toBe(1);
      expect(run.out() + run.err()).toBe('');
    }
    router = await startRouter();
  });

  it('is shown by no help', async () => {
    const run = pgroutectl(['--help']);
    await run.code;
    expect(run.out()).not.toContain('complete');
  });
});
