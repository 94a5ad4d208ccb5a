// From what a cluster's configuration names as its source to the prefix that is watched and the picture that is made of it. All that differs between
// the sources ends here.
import type { StoredClusterSpec, StoredSourceSpec } from '../model/spec.ts';
import type { Millis } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';
import { patroniPrefix, patroniView } from '../patroni/view.ts';
import { stolonPrefix, stolonView } from '../stolon/view.ts';
import type { StoreRecords } from '../store/entries.ts';

export { type RecordedRegistration, recordedRegistration } from '../stolon/recorded-registration.ts';

/** The prefix below which the cluster manager keeps everything about the cluster, with a slash at the end. */
export function sourcePrefix(source: StoredSourceSpec): string {
  return source.kind === 'patroni' ? patroniPrefix(source) : stolonPrefix(source);
}

/** The picture after these records. `before`: the picture before, of the same cluster, undefined for the first. `now`: when they were seen here. */
export function sourceView(
  { name, source }: Pick<StoredClusterSpec, 'name' | 'source'>,
  prefix: string,
  records: StoreRecords,
  before: ClusterView | undefined,
  now: Millis,
): ClusterView {
  const fold = source.kind === 'patroni' ? patroniView : stolonView;
  return fold(name, prefix, records, before, now);
}
