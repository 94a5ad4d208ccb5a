import { describe, expect, it } from 'vitest';
import { explainReason, reason, reasonSections, reasonTexts } from './reason.ts';

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
