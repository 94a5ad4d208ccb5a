import { describe, expect, it } from 'vitest';
import { HaproxyModel } from '../../test/haproxy-model.ts';
import type { Desired, DesiredServer } from './desired.ts';
import { HeldWriters } from './held-writers.ts';
import { plan } from './plan.ts';

const facts = new HaproxyModel([
  { backend: 'rw', name: 'a', port: 1, admin: 4, op: 2, weight: 1, checkFails: false, sessions: 0, ending: 0 },
]).facts();
const wants = (state: DesiredServer['state'], exclusive = true): Desired => ({
  serial: 1,
  backends: [{ backend: 'rw', exclusive, servers: [{ member: 'a', address: undefined, state }] }],
});
const heldAfter = (...decisions: readonly Desired[]) => {
  const held = new HeldWriters();
  for (const [i, desired] of decisions.entries()) {
    held.decided(desired);
    // The last one has only been decided.
    if (i < decisions.length - 1) held.read(desired, plan(facts, desired).wanted);
  }
  return held.has('rw', 'a');
};

describe('a writer that was read back in', () => {
  it('is known for as long as decisions let it in', () => {
    expect(heldAfter(wants('ready'), wants('ready'))).toBe(true);
    expect(heldAfter(wants('ready'), wants('maint'), wants('ready'))).toBe(false);
    expect(heldAfter(wants('ready'), wants('drain'))).toBe(false);
  });

  it('was not let in by a decision that only kept it as it was', () => {
    expect(heldAfter(wants('keep'), wants('ready'))).toBe(false);
    expect(heldAfter(wants('ready'), wants('keep'), wants('ready'))).toBe(false);
  });

  it('does not exist in read services', () => {
    expect(heldAfter(wants('ready', false), wants('ready', false))).toBe(false);
  });
});
