import { describe, expect, it } from 'vitest';
import { type LetGoFacts, letGoOf } from './let-go.ts';

type Old = readonly { readonly pid: number; readonly stopping: boolean; readonly why?: string }[];
const judged = (state: LetGoFacts['state'], current: string | undefined, old: Old = []) =>
  letGoOf(['rw'], {
    target: 'h1',
    state,
    current: { holds: () => current },
    old: { holds: () => old.find(({ why }) => why !== undefined)?.why, left: () => old },
  });
const holds = (why: string) => ({ kind: 'holds', why });

describe('a HAProxy', () => {
  it('has let go when neither the worker that answers nor an old one holds anything', () => {
    expect(judged('reachable', undefined)).toEqual({ kind: 'let_go' });
    expect(judged('reachable', undefined, [{ pid: 7, stopping: true }])).toEqual({ kind: 'let_go' });
    expect(judged('reachable', '2 sessions remain on rw/a')).toEqual(holds('HAProxy (h1): 2 sessions remain on rw/a'));
    expect(
      judged('reachable', undefined, [{ pid: 7, stopping: true, why: 'old worker pid 7 can not be reached' }]),
    ).toEqual(holds('HAProxy (h1): old worker pid 7 can not be reached'));
  });

  it.each([
    ['hung', 'HAProxy (h1) does not answer'],
    ['no_permission', 'HAProxy (h1) refuses to be told or read'],
    ['broken', 'HAProxy (h1) gives answers that can not be read'],
  ] as const)('that is %s may hold anything', (state, why) => {
    expect(judged(state, undefined)).toEqual(holds(why));
  });

  it('is not running when nobody listens and no worker is left', () => {
    expect(judged('not_running', undefined)).toEqual({ kind: 'not_running' });
    // What the last read-back had shown no longer counts.
    expect(judged('not_running', '2 sessions remain on rw/a')).toEqual({ kind: 'not_running' });
  });

  it('that stops softly serves its sessions on: it has let go when they are gone, though it still runs', () => {
    expect(judged('not_running', undefined, [{ pid: 7, stopping: true, why: '1 session remains' }])).toEqual(
      holds('HAProxy (h1): 1 session remains'),
    );
    expect(judged('not_running', undefined, [{ pid: 7, stopping: true }])).toEqual({ kind: 'let_go' });
  });

  it('whose socket was taken away while it works on may take connections that nobody sees', () => {
    expect(judged('not_running', undefined, [{ pid: 7, stopping: false }])).toEqual(
      holds('HAProxy (h1): nobody listens on its socket, but process 7 still runs'),
    );
  });
});
