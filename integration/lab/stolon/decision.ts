// What a sentinel can decide in one check, and on what.
import type { EffectiveSpec } from './cluster-spec.ts';
import type { ProxyInfo } from './infos.ts';
import type { Now, Observations } from './observations.ts';

export type Decision =
  | { readonly kind: 'master_chosen'; readonly dbUid: string; readonly keeperUid: string }
  | { readonly kind: 'initialized'; readonly masterDbUid: string }
  /** The put that takes the master away from the proxies. */
  | { readonly kind: 'cleared'; readonly from: string; readonly to: string; readonly generation: number }
  | { readonly kind: 'no_candidate'; readonly masterDbUid: string }
  | { readonly kind: 'waiting_for'; readonly proxies: readonly string[]; readonly generation: number }
  /** `acknowledgedBy`: every proxy that was active then. */
  | {
      readonly kind: 'named';
      readonly masterDbUid: string;
      readonly generation: number;
      readonly acknowledgedBy: readonly string[];
    }
  | { readonly kind: 'enabled'; readonly proxies: readonly string[]; readonly generation: number }
  | { readonly kind: 'db_added'; readonly dbUid: string; readonly keeperUid: string }
  | {
      readonly kind: 'db_removed';
      readonly dbUid: string;
      readonly keeperUid: string;
      readonly why: 'old_master' | 'diverged' | 'too_many' | 'not_built';
    }
  /** A db that was being built is in regular use. */
  | { readonly kind: 'db_built'; readonly dbUid: string; readonly keeperUid: string }
  | { readonly kind: 'repointed'; readonly dbUid: string; readonly follows: string };

export interface Circumstances {
  readonly spec: EffectiveSpec;
  readonly observations: Observations;
  readonly activeProxies: readonly ProxyInfo[];
  readonly now: Now;
  readonly newUid: () => string;
}
