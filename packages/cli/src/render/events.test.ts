import { describe, expect, it } from 'vitest';
import { entry, journal } from '../../test/journal.ts';
import { renderEntry, renderPhases } from './events.ts';

const look = { width: 80, colour: false };

describe('renderEntry', () => {
  it('shows a journal with a switch as the page that was reviewed', async () => {
    const text = journal()
      .entries.map((one) => renderEntry(one, look))
      .join('');
    await expect(text).toMatchFileSnapshot('../../test/pages/events.txt');
  });

  it.each([
    [{ cluster: 'orders', text: 'orders: n1 left' }, 'orders: n1 left'],
    [{ cluster: 'orders', text: 'n1 left' }, 'orders: n1 left'],
    [{ cluster: 'orders', service: 'primary', text: 'n1 ready' }, 'orders/primary: n1 ready'],
    [{ cluster: 'orders', service: 'primary', text: 'primary: n1 ready' }, 'orders: primary: n1 ready'],
    [{ target: 'edge', text: 'HAProxy was reloaded' }, 'HAProxy was reloaded (edge)'],
    [{ target: 'edge', text: 'edge hangs' }, 'edge hangs'],
    [{ text: 'started' }, 'started'],
  ])('%j names once what it is about', (given, text) => {
    expect(renderEntry(entry(1, given), look)).toMatch(new RegExp(`  ${text.replace(/[()]/g, '\\$&')}\n$`));
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
    const lines = renderPhases({ ...none, openedMs: 20, leaderNamedMs: 5, leaderGoneMs: 0 }, { to: 'n1' }, look);
    expect(lines.map((line) => line.trim().split('|').at(-1)?.trim())).toEqual([
      'leader key gone',
      'n1 named leader',
      'n1 open',
    ]);
  });

  it("shows Stolon's handshake in Stolon's words", () => {
    const phases = {
      ...none,
      leaderGoneMs: 0,
      fencedMs: 3.1,
      acknowledgedMs: 9.4,
      leaderNamedMs: 5_012.7,
      enabledMs: 5_012.7,
      provenMs: 5_020.2,
      decidedMs: 5_020.3,
      openedMs: 5_024.9,
    };
    const lines = renderPhases(phases, { from: 'keeper2', to: 'keeper1' }, look);
    expect(lines.map((line) => line.trim().split('|').at(-1)?.trim())).toEqual([
      'keeper2 withdrawn',
      'keeper2 fenced',
      'acknowledged to Stolon',
      'keeper1 named master',
      'enabled by Stolon',
      'keeper1 proven',
      'decided to open',
      'keeper1 open',
    ]);
    const notYet = renderPhases({ ...none, leaderGoneMs: 0, acknowledgedMs: null }, { from: 'keeper2' }, look);
    expect(notYet.map((line) => line.trim().split('|').at(-1)?.trim())).toEqual(['keeper2 withdrawn']);
  });

  it('shows a switch that nobody ordered in the words of the servers', () => {
    const phases = { ...none, leaderGoneMs: 0, fencedMs: 3.1, leaderNamedMs: 812.4, openedMs: 815.2 };
    const lines = renderPhases(phases, { from: 'pg1', to: 'pg2', source: 'postgres' }, look);
    expect(lines.map((line) => line.trim().split('|').at(-1)?.trim())).toEqual([
      'pg1 no longer primary alone',
      'pg1 fenced',
      'pg2 alone says primary',
      'pg2 open',
    ]);
  });

  it('shows nothing for a switch without phases', () => {
    expect(renderPhases(none, {}, look)).toEqual([]);
  });

  it('leaves the bar out where there is no room for it', () => {
    expect(renderPhases({ ...none, openedMs: 20 }, { to: 'n1' }, { width: 40, colour: false })).toEqual([
      `${' '.repeat(14)}   0.0 ms  first sign`,
      `${' '.repeat(14)}  20.0 ms  n1 open`,
    ]);
  });
});
