// Whether every router of a cluster, and every HAProxy behind them, has taken over the leader that is there now. Pure: what the routers say in, an answer out.
// A router that is not registered says nothing, and is not waited for.
import type { RouterRecord } from './router-record.ts';

export interface NamedRouter {
  readonly name: string;
  readonly record: RouterRecord;
}

export interface Agreement {
  /** The newest leader that any of them knows; undefined: none, or they name different ones. */
  readonly leader: string | undefined;
  /** What is still waited for, one sentence each; empty: all have switched. */
  readonly waiting: readonly string[];
}

/** A write service is closed for good there, and not on its way. */
const closedForGood = new Set(['standby_cluster']);

type Leader = NonNullable<RouterRecord['leader']>;

/** `seen`: whom the router that is asked sees leading at this instant; its own record may tell of it a moment later. */
export function agreementOf(routers: readonly NamedRouter[], seen?: RouterRecord['leader']): Agreement {
  if (routers.length === 0) return { leader: undefined, waiting: ['no router is registered'] };
  const known = [seen ?? [], ...routers.map(({ record: { leader } }) => leader ?? [])].flat();
  const newest = known.reduce<Leader | undefined>((a, b) => (a === undefined || isNewer(b, a) ? b : a), undefined);
  const waiting = routers.flatMap(({ name, record }) => waitingFor(name, record, newest));
  const leader = newest?.member ?? undefined;
  return { leader, waiting: leader === undefined ? ['nobody leads', ...waiting] : waiting };
}

const isNewer = (a: Leader, b: Leader): boolean => a.shared && b.shared && numberOf(a.revision) > numberOf(b.revision);

const numberOf = (revision: string): bigint => (/^\d{1,20}$/.test(revision) ? BigInt(revision) : 0n);

function waitingFor(name: string, record: RouterRecord, newest: Leader | undefined): readonly string[] {
  const { leader, services, targets } = record;
  if (leader === null) return [`${name} has not read the cluster yet`];
  if (newest === undefined) return [];
  if (leader.member !== newest.member || (leader.shared && leader.revision !== newest.revision))
    return [`${name} still follows ${leader.member ?? 'nobody'}, not ${newest.member ?? 'nobody'}`];
  const closed = Object.entries(services)
    .filter(([, { role, reason }]) => role === 'primary' && !closedForGood.has(reason))
    .filter(([, { in: open }]) => open.length !== 1 || open[0] !== leader.member)
    .map(([service, { reason, overridden }]) =>
      overridden
        ? `${name} keeps ${service} closed by an override (${reason})`
        : `${name} has not opened ${service} (${reason})`,
    );
  const behind = targets
    .filter(({ converged }) => !converged)
    .map((target) => `HAProxy ${target.name} of ${name} does not hold it yet (${target.state})`);
  return [...closed, ...behind];
}
