// Overrides for tests of the judgement, as an operator would set them a minute ago.
import type { Override, OverrideAction } from '../src/model/override.ts';
import { revision } from '../src/model/units.ts';
import { ago } from './cluster.ts';

export function anOverride(member: string, action: OverrideAction, changes: Partial<Override> = {}): Override {
  return {
    id: `${action.kind}-${member}`,
    member,
    service: undefined,
    action,
    owner: 'dba',
    reason: 'new disk',
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: undefined,
    since: ago(60_000),
    until: undefined,
    scope: 'fleet',
    revision: revision(70),
    ...changes,
  };
}

export const maint = { kind: 'maint' } as const;
export const drain = { kind: 'drain' } as const;
export const ready = { kind: 'ready' } as const;
export const weight = (value: number): OverrideAction => ({ kind: 'weight', weight: value });
