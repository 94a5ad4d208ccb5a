import { describe, expect, it } from 'vitest';
import { postgresTexts } from './postgres-texts.ts';
import { explainReason, inWordsOf, reason, reasonSections, reasonTexts } from './reason.ts';
import { stolonTexts } from './stolon-texts.ts';

describe('the list of reasons', () => {
  it('has each code once', () => {
    const codes = Object.values(reasonSections).flatMap((section) => Object.keys(section));
    expect(codes).toHaveLength(new Set(codes).size);
    expect(codes.sort()).toEqual(Object.keys(reasonTexts).sort());
  });

  it('has codes and facts in snake_case, and sentences that start with a capital or a name', () => {
    for (const [code, text] of Object.entries(reasonTexts)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(text).toMatch(/^([A-Z]|\{|etcd)/);
      for (const [, fact] of text.matchAll(/\{([^}]*)\}/g)) expect(fact).toMatch(/^[a-z]+(_[a-z]+)*$/);
    }
  });
});

describe.each([
  ['Stolon', stolonTexts, /leader key|lease|Patroni/],
  ['a cluster that nobody manages', postgresTexts, /leader key|lease|Patroni|Stolon|record|etcd/],
])('the sentences of %s', (_, texts, foreign) => {
  it('belong to codes of the list, and hold no word of another source', () => {
    for (const [code, text] of Object.entries(texts)) {
      expect(Object.keys(reasonTexts)).toContain(code);
      expect(text).toMatch(/^([A-Z]|\{|etcd)/);
      expect(text).not.toMatch(foreign);
    }
  });

  it('need no other facts than the sentences that they stand for', () => {
    const facts = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, fact]) => fact);
    for (const [code, text] of Object.entries(texts)) {
      if (code === 'write_undecided') continue;
      const known = Object.entries(reasonTexts).find(([name]) => name === code)?.[1] ?? '';
      expect(facts(known)).toEqual(expect.arrayContaining(facts(text)));
    }
  });
});

describe('sentences of a source', () => {
  it('are told where the fact `source` says so', () => {
    const given = reason('not_leader', { member: 'keeper2', leader: 'keeper1' });
    expect(explainReason(inWordsOf('stolon', given))).toBe('Stolon names keeper1 as master, not keeper2');
    expect(explainReason(inWordsOf('postgres', given))).toBe('keeper1 alone says that it is primary, not keeper2');
    expect(inWordsOf('patroni', given)).toEqual(given);
    const alike = inWordsOf('stolon', reason('replica_ok', { member: 'keeper2' }));
    expect(explainReason(alike)).toBe('keeper2 is a running standby');
  });
});

describe('explainReason', () => {
  it('fills the facts in', () => {
    expect(explainReason(reason('not_leader', { member: 'n2', leader: 'n1' }))).toBe('n1 holds the leader key, not n2');
  });

  it('shows where a fact is missing or not known', () => {
    expect(explainReason(reason('not_leader', { member: null }))).toBe('? holds the leader key, not unknown');
  });

  it('takes names for data, whatever they look like', () => {
    expect(explainReason(reason('write_open', { member: '{constructor} $& $1' }))).toBe(
      'Writes go to {constructor} $& $1',
    );
  });
});
