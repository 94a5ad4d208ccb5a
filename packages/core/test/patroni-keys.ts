// Patroni's keys for tests of the fold.
import { patroniView } from '../src/patroni/view.ts';
import { StoreKeys } from './store-keys.ts';

export const prefix = '/service/demo/';

export const record = (changes: object = {}): string =>
  JSON.stringify({
    conn_url: 'postgres://10.0.0.1:5432/postgres',
    state: 'running',
    role: 'replica',
    version: '4.1.4',
    xlog_location: 1_000,
    timeline: 1,
    ...changes,
  });

export const primaryRecord = (changes: object = {}): string => record({ role: 'primary', ...changes });

/** A cluster of n1 (leader), n2, n3, all sound. */
export const soundKeys: Readonly<Record<string, string>> = {
  initialize: '7710219912996130783',
  config: '{"ttl":30,"loop_wait":10,"retry_timeout":10}',
  leader: 'n1',
  status: '{"optime":1000}',
  'members/n1': primaryRecord(),
  'members/n2': record(),
  'members/n3': record(),
};

export class Keys extends StoreKeys {
  /** The view after these keys were listed for the first time. */
  static listed(keys: Readonly<Record<string, string>> = soundKeys): Keys {
    return new Keys(prefix, (records, before, now) => patroniView('demo', prefix, records, before, now), keys);
  }
}
