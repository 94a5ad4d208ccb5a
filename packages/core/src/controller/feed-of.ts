// Which feed a cluster has, by its source.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type ClusterSpec, isStored } from '../model/spec.ts';
import { sourcePrefix } from '../source/source.ts';
import type { Feed, FeedEvents } from './feed.ts';
import { PostgresFeed } from './postgres-feed.ts';
import type { PrefixRecords } from './prefix-records.ts';
import { StoreFeed } from './store-feed.ts';

export interface FeedOptions extends FeedEvents {
  readonly spec: ClusterSpec;
  /** The records below a prefix of etcd. Undefined: no cluster is read from etcd. */
  readonly records: ((prefix: string) => PrefixRecords) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Throws where a cluster is to be read from etcd and there is none: a configuration that was checked is not like that. */
export function feedOf(options: FeedOptions): Feed {
  const { spec, records } = options;
  const { source } = spec;
  if (source.kind === 'postgres') return new PostgresFeed({ ...options, spec: { ...spec, source } });
  if (!isStored(spec) || records === undefined) {
    throw new Error(`cluster ${spec.name} is to be read from etcd, but the configuration names none`);
  }
  return new StoreFeed({ ...options, spec, records: records(sourcePrefix(source)) });
}
