import { reason } from '@pgrouted/core/model/reason';
import { describe, expect, it } from 'vitest';
import { renderChange } from './replay.ts';

const change = {
  t_ms: 5_905,
  service: 'primary',
  member: 'n2',
  state: 'ready',
  reason: reason('leader_proven', { member: 'n2' }),
} as const;

describe('renderChange', () => {
  it('gives time, service, member, state and the reason, wrapped below itself', () => {
    expect(renderChange(change, { width: 96, colour: false })).toBe(
      [
        '    5.905 s  primary  n2       ready  n2 holds the leader key and PostgreSQL says that it is not',
        '                                      in recovery [leader_proven]',
        '',
      ].join('\n'),
    );
  });

  it('shows control characters in names, never prints them', () => {
    expect(renderChange({ ...change, member: 'n\n2' }, { width: 96, colour: false })).toContain('n\\n2');
  });
});
