import { describe, expect, it } from 'vitest';
import { entry, journal } from '../../test/documents.ts';
import { renderEntry, renderPhases } from './events.ts';

const look = { width: 80, colour: false };

describe('renderEntry', () => {
  it('shows a journal with a switch as the page that was reviewed', async () => {
    const text = journal()
      .entries.map((one) => renderEntry(one, look))
      .join('');
    await expect(text).toMatchFileSnapshot('../../test/pages/events.txt');
  });

  it('names cluster and service unless the text does', () => {
    expect(renderEntry(entry(1, { cluster: 'orders', text: 'orders: n1 left' }), look)).toContain(
      '  orders: n1 left\n',
    );
    expect(renderEntry(entry(1, { cluster: 'orders', text: 'n1 left' }), look)).toContain('  orders: n1 left\n');
  });

  it('shows control characters, never prints them', () => {
    expect(renderEntry(entry(1, { text: 'a\x1b[2Jb' }), look)).toContain('a\\x1b[2Jb');
  });
});

describe('renderPhases', () => {
  const none = {
    leaderGoneMs: null,
    leaderNamedMs: null,
    fencedMs: null,
    provenMs: null,
    decidedMs: null,
    openedMs: null,
  };

  it('shows what happened, in order, and leaves out what did not', () => {
    const lines = renderPhases({ ...none, openedMs: 20, leaderNamedMs: 5 }, { to: 'n1' }, look);
    expect(lines.map((line) => line.trim().split('|').at(-1)?.trim())).toEqual(['n1 named leader', 'n1 open']);
  });

  it('shows nothing for a switch without phases', () => {
    expect(renderPhases(none, {}, look)).toEqual([]);
  });

  it('leaves the bar out where there is no room for it', () => {
    expect(renderPhases({ ...none, openedMs: 20 }, { to: 'n1' }, { width: 40, colour: false })).toEqual([
      `${' '.repeat(14)}  20.0 ms  n1 open`,
    ]);
  });
});
