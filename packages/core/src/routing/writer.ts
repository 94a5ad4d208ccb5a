// Who may take writes: the one ruling that all write services share. At most one member ever comes out as other than maint.
import { reason } from '../model/reason.ts';
import { leaderRuling } from './leader.ts';
import { postgresWriterRuling } from './postgres-writer.ts';
import { type Case, closedForAll, type WriterRuling } from './ruling.ts';
import { stolonWriterRuling } from './stolon-writer.ts';
import { vacancyRuling } from './vacancy.ts';

export function writerRuling(given: Case): WriterRuling {
  const { view } = given;
  if (view.source === 'stolon') return stolonWriterRuling(given);
  if (view.source === 'postgres') return postgresWriterRuling(given);
  if (view.settingsUnknown === true) {
    const problem = view.problems.find(({ member, key }) => member === undefined && key.endsWith('/config'));
    const facts = { key: problem?.key ?? 'config', error: problem?.error ?? 'unknown' };
    return closedForAll(reason('config_unreadable', facts));
  }
  if (!view.initialized) return closedForAll(reason('not_initialized'));
  if (view.settings.standbyCluster) return closedForAll(reason('standby_cluster'));
  const { leadership } = view;
  return leadership.kind === 'held' ? leaderRuling(given, leadership) : vacancyRuling(given, leadership);
}
