import { describe, expect, it } from 'vitest';
import { answersStatusOnly, type CheckKind, kindOf } from './kind.ts';

describe('the kind of a check', () => {
  it.each<[path: string, kind: CheckKind | undefined]>([
    ['', 'primary'],
    ['primary', 'primary'],
    ['master', 'primary'],
    ['read-write', 'primary'],
    ['leader', 'leader'],
    ['standby-leader', 'standby_leader'],
    ['standby_leader', 'standby_leader'],
    ['replica', 'replica'],
    ['read-only', 'read_only'],
    ['sync', 'sync'],
    ['synchronous', 'sync'],
    ['async', 'async'],
    ['asynchronous', 'async'],
    ['quorum', 'quorum'],
    ['read-only-sync', 'read_only_sync'],
    ['read-only-synchronous', 'read_only_sync'],
    ['read-only-quorum', 'read_only_quorum'],
    ['health', 'health'],
    ['liveness', 'liveness'],
    ['readiness', 'readiness'],
    // Anywhere in the path, and in this order.
    ['replica/x', 'replica'],
    ['x/my-replica-check', 'replica'],
    ['primary/replica', 'primary'],
    ['leader/primary', 'leader'],
    ['the-standby-leader', 'standby_leader'],
    ['read-only/health', 'read_only'],
    ['healthy', 'health'],
    ['liveness/x', 'liveness'],
    // Only as a whole.
    ['sync/', undefined],
    ['x/sync', undefined],
    ['quorum/x', undefined],
    ['read-only-sync/x', undefined],
    // Nothing of Patroni's.
    ['standby', undefined],
    ['Primary', undefined],
    ['toString', undefined],
    ['__proto__', undefined],
    ['config', undefined],
    ['read-only-async', undefined],
  ])('of %j is %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });

  it.each([
    ['primary', true],
    ['', true],
    ['liveness', false],
    ['readiness/x', false],
  ])('%j is asked by HEAD and OPTIONS: %s', (path, asked) => {
    expect(answersStatusOnly(path)).toBe(asked);
  });
});
