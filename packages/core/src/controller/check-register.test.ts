import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import { CheckRegister } from './check-register.ts';

describe('the lines that HAProxy asks about', () => {
  it('are noted with when they were asked about last', () => {
    const register = new CheckRegister();
    register.note('be_rw', 'n1', millis(5));
    register.note('be_rw', 'n1', millis(7));
    expect(register.lastAsked('be_rw', 'n1')).toBe(7);
    expect(register.lastAsked('be_rw', 'n2')).toBeUndefined();
  });

  it('are bounded, and their names are names', () => {
    const register = new CheckRegister(2);
    for (const server of ['n 1', 'x'.repeat(65), 'n1', 'n2', 'n3']) register.note('be_rw', server, millis(1));
    register.note('be_rw', 'n2', millis(9));
    expect(register.size).toBe(2);
    expect(register.lastAsked('be_rw', 'n2')).toBe(9);
    expect(register.lastAsked('be_rw', 'n3')).toBeUndefined();
  });
});
