import { describe, expect, it } from 'vitest';
import { ago, aSpec, aView, now, primaryAt, said, withMember, writes } from '../../test/cluster.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { PlannedSwitch } from '../model/view.ts';
import { decide } from './decide.ts';

const held = { ...writes, hold: { waitMs: 15_000, most: 100 } };

function writer(plannedSwitch: PlannedSwitch, service: ServiceSpec = held) {
  const view = withMember(aView({ plannedSwitch }), 'n1', { probe: said(primaryAt(ago(100))) });
  const decision = decide(view, aSpec({ services: [service] }), now);
  const verdict = decision.services[0]?.verdicts.find(({ member }) => member === 'n1');
  return { words: `${verdict?.state} ${verdict?.reason.code}`, reviewAt: decision.reviewAt };
}

const asked: PlannedSwitch = { from: 'n1', to: 'n2', scheduledAt: undefined, seenAt: ago(300) };

describe('a switchover that was asked for', () => {
  it('lets new connections wait at once where they can, and for two seconds at most', () => {
    expect(writer(asked)).toMatchObject({ words: 'drain switchover_ordered' });
    expect(writer({ ...asked, to: undefined }).words).toBe('drain switchover_ordered');
    expect(writer({ ...asked, seenAt: ago(1_999) })).toEqual({ words: 'drain switchover_ordered', reviewAt: now + 1 });
    expect(writer({ ...asked, seenAt: ago(2_000) }).words).toBe('ready leader_proven');
  });

  it.each<[string, PlannedSwitch]>([
    ['of another leader', { ...asked, from: 'n3' }],
    ['to the leader itself', { ...asked, to: 'n1' }],
    ['for later', { ...asked, scheduledAt: '2026-11-20T12:09:50+00:00' }],
    ['before we looked', { ...asked, seenAt: undefined }],
  ])('%s changes nothing', (_, planned) => {
    expect(writer(planned).words).toBe('ready leader_proven');
  });

  it('changes nothing where connections do not wait', () => {
    expect(writer(asked, writes).words).toBe('ready leader_proven');
  });
});
