// `events` against a real HTTP server: the journal once and followed, with every way to lose an entry.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as journals from '../../test/journal.ts';
import { pgroutectl, type Router, startRouter } from '../../test/router.ts';

let router: Router;
beforeEach(async () => {
  router = await startRouter();
});
afterEach(() => router.close());

const ctl = (...args: string[]) => pgroutectl(['--url', router.url, ...args]);
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

describe('pgroutectl events', () => {
  beforeEach(() => {
    router.journal = [...journals.journal().entries];
  });

  const seqs = (text: string): readonly number[] => lines(text).map((line) => JSON.parse(line).seq);

  it('shows the date, the entries and the phases of a switch', async () => {
    const run = ctl('events');
    expect(await run.code).toBe(0);
    expect(lines(run.out())[0]).toBe('--- 2026-11-20 (UTC)');
    expect(run.out()).toMatch(/1348\.2 ms .* n1 named leader/);
  });

  it.each([
    [
      ['-n', '2'],
      [5, 6],
    ],
    [
      ['--since', '4'],
      [5, 6],
    ],
    [
      ['--kind', 'leader,switch'],
      [2, 5],
    ],
    [['--since', '1', '--kind', 'alarm,leader', '-n', '1'], [6]],
    [
      ['--since', '3650000d'],
      [1, 2, 3, 4, 5, 6],
    ],
  ])('with %j gives the entries asked for', async (args, expected) => {
    const run = ctl('events', '-o', 'json', ...args);
    expect(await run.code).toBe(0);
    expect(seqs(run.out())).toEqual(expected);
  });

  it('says so when nothing is there', async () => {
    const run = ctl('events', '--since', '100');
    expect(await run.code).toBe(0);
    expect(run.err()).toBe('pgroutectl: the journal has no entry since then; its newest is number 6\n');
  });

  it('says which entries have left the memory', async () => {
    router.forgottenSeq = 3;
    const run = ctl('events', '--since', '1');
    expect(await run.code).toBe(0);
    expect(run.err()).toBe("pgroutectl: entries 2 to 3 have left the router's memory\n");
  });
});

describe('pgroutectl events --follow', () => {
  beforeEach(() => {
    router.journal = [...journals.journal().entries];
  });

  const count = (text: string): number => lines(text).length;
  const seqs = (text: string): readonly number[] => lines(text).map((line) => JSON.parse(line).seq);

  it('goes on with new entries until Ctrl-C', async () => {
    const run = ctl('events', '-f', '-n', '1', '-o', 'json');
    await run.until(() => router.streams() === 1);
    router.add(journals.entry(7));
    await run.until(() => count(run.out()) === 2);
    run.interrupt();
    expect(await run.code).toBe(0);
    expect(seqs(run.out())).toEqual([6, 7]);
    expect(run.err()).toBe('');
  });

  it('connects again after a break and gives each entry once', async () => {
    const run = ctl('events', '-f', '-n', '0', '-o', 'json');
    await run.until(() => router.streams() === 1);
    router.add(journals.entry(7));
    await run.until(() => count(run.out()) === 1);
    router.cutStreams();
    router.journal.push(journals.entry(8));
    await run.until(() => count(run.out()) === 2);
    router.add(journals.entry(9));
    await run.until(() => count(run.out()) === 3);
    run.interrupt();
    await run.code;
    expect(seqs(run.out())).toEqual([7, 8, 9]);
    expect(run.err()).toBe('');
  });

  it('says which entries were lost while it was away', async () => {
    const run = ctl('events', '-f', '-n', '1', '-o', 'json');
    await run.until(() => count(run.out()) === 1 && router.streams() === 1);
    router.journal.push(journals.entry(7), journals.entry(8), journals.entry(9));
    router.forgottenSeq = 8;
    router.cutStreams();
    await run.until(() => count(run.out()) === 2);
    run.interrupt();
    await run.code;
    expect(seqs(run.out())).toEqual([6, 9]);
    expect(run.err()).toContain("entries 7 to 8 were LOST: they had left the router's memory");
  });

  it('notices that the router was restarted, even if its numbers have passed ours', async () => {
    const run = ctl('events', '-f', '-n', '1', '-o', 'json');
    await run.until(() => count(run.out()) === 1 && router.streams() === 1);
    const later = (seq: number) => journals.entry(seq, { at: `2026-11-20T15:00:0${seq}.000Z` });
    router.journal = [1, 2, 3, 4, 5, 6, 7].map(later);
    router.cutStreams();
    await run.until(() => count(run.out()) === 8);
    run.interrupt();
    await run.code;
    expect(seqs(run.out())).toEqual([6, 1, 2, 3, 4, 5, 6, 7]);
    expect(run.err()).toContain('the router was restarted');
  });

  it('tells once that the router is away, and that it is back', async () => {
    const { url } = router;
    const run = ctl('events', '-f', '-n', '1', '-o', 'json');
    await run.until(() => router.streams() === 1);
    await router.close();
    await run.until(() => run.err().includes('refused the connection'));
    router = await startRouter(Number(new URL(url).port));
    router.journal = [...journals.journal().entries];
    await run.until(() => run.err().includes('connected to'));
    run.interrupt();
    expect(await run.code).toBe(0);
    expect(run.err().split('trying again')).toHaveLength(2);
    expect(run.err()).toContain(`connected to ${url} again`);
  });

  it('goes on past an entry that it does not understand', async () => {
    const run = ctl('events', '-f', '-n', '1', '-o', 'json');
    await run.until(() => count(run.out()) === 1 && router.streams() === 1);
    router.sendRaw('id: 7\ndata: {"seq":7,"kind":"brand_new"}\n\n');
    router.add(journals.entry(8));
    await run.until(() => count(run.out()) === 2);
    run.interrupt();
    await run.code;
    expect(run.err()).toContain('an entry is of a form that this pgroutectl does not know');
  });
});
