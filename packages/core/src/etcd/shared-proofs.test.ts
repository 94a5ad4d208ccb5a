import { describe, expect, it } from 'vitest';
import { SharedProofs } from './shared-proofs.ts';

/** Proofs that end when they are told. */
function underControl() {
  const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const proofs = new SharedProofs(() => new Promise((resolve, reject) => ends.push({ resolve, reject })));
  return { proofs, ends };
}

describe('proofs that many wait for', () => {
  it('lets all who ask while four are under way share the next one, which begins after they asked', async () => {
    const { proofs, ends } = underControl();
    const first = [proofs.one(), proofs.one(), proofs.one(), proofs.one()];
    const later = Array.from({ length: 1_000 }, () => proofs.one());
    expect(ends).toHaveLength(4);
    expect(new Set(later).size).toBe(1);
    ends[2]?.resolve();
    await first[2];
    expect(ends).toHaveLength(5);
    ends[4]?.resolve();
    await Promise.all(later);
    expect(ends).toHaveLength(5);
  });

  it('tells those who share one that it failed, and begins the next all the same', async () => {
    const { proofs, ends } = underControl();
    const first = Array.from({ length: 4 }, () => proofs.one());
    const shared = proofs.one();
    ends[0]?.reject(new Error('no leader'));
    await expect(first[0]).rejects.toThrow('no leader');
    ends[4]?.reject(new Error('still none'));
    await expect(shared).rejects.toThrow('still none');
    void proofs.one();
    expect(ends).toHaveLength(6);
  });
});
