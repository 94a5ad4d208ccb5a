// Who may take writes: the one ruling that all write services share. At most one member ever comes out as other than maint.
import { reason } from '../model/reason.ts';
import { leaderRuling } from './leader.ts';
import { type Case, ruling, type WriterRuling } from './ruling.ts';
import { vacancyRuling } from './vacancy.ts';

export function writerRuling(given: Case): WriterRuling {
  const { view } = given;
  if (view.settingsUnknown === true) {
    const problem = view.problems.find(({ member, key }) => member === undefined && key.endsWith('/config'));
    const facts = { key: problem?.key ?? 'config', error: problem?.error ?? 'unknown' };
    return ruling(undefined, 'maint', reason('config_unreadable', facts), { forAll: true });
  }
  if (!view.initialized) return ruling(undefined, 'maint', reason('not_initialized'), { forAll: true });
  if (view.settings.standbyCluster) return ruling(undefined, 'maint', reason('standby_cluster'), { forAll: true });
  const { leadership } = view;
  return leadership.kind === 'held' ? leaderRuling(given, leadership) : vacancyRuling(given, leadership);
}
