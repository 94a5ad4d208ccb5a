// Pictures of clusters for tests of the health checks, and how they are asked.
import type { CheckAnswer } from '../src/controller/api.ts';
import { checkOf } from '../src/controller/check.ts';
import type { ProbeState } from '../src/model/probe.ts';
import type { ClusterSpec } from '../src/model/spec.ts';
import { revision } from '../src/model/units.ts';
import { type ClusterView, noTags } from '../src/model/view.ts';
import { defaultSettings } from '../src/patroni/settings.ts';
import {
  ago,
  aSpec,
  aView,
  byRecords,
  failing,
  heldBy,
  now,
  primaryAt,
  said,
  standbyAt,
  vacantAfter,
  withMember,
} from './cluster.ts';

export const maxAgeMs = 30_000;

export function ask(
  view: ClusterView,
  member: string,
  asked: string,
  spec: ClusterSpec = aSpec(),
): CheckAnswer | undefined {
  const [kind = '', parameters = ''] = asked.split('?');
  return checkOf({ member, kind, query: [...new URLSearchParams(parameters)] }, [{ spec, view }], now, maxAgeMs);
}

/** The members that answer 200. */
export const passing = (view: ClusterView, asked: string, spec?: ClusterSpec): string =>
  view.members.flatMap(({ name }) => (ask(view, name, asked, spec)?.status === 200 ? [name] : [])).join(' ');

export const calm = aView();
export const n1 = (probe: ProbeState) => withMember(calm, 'n1', { probe });
export const inMode = (synchronousMode: 'on' | 'quorum', as: 'sync' | 'quorum') =>
  withMember(aView({ settings: { ...defaultSettings, synchronousMode } }), 'n2', { sync: as });
const promoting = withMember(
  aView({ leadership: heldBy('n2', { seenAt: ago(80), revision: revision(61), recordsFrom: revision(61) }) }),
  'n1',
  { probe: said(primaryAt(ago(30_000)), failing('down')) },
);
export const standbyCluster = withMember(aView({ settings: { ...defaultSettings, standbyCluster: true } }), 'n1', {
  role: 'standby_leader',
  probe: said(standbyAt(ago(200))),
});
/** etcd has been silent for 40 s; PostgreSQL answers. */
const cutOff = (settings = defaultSettings) =>
  withMember(aView({ confirmedAt: ago(40_000), settings }), 'n1', {
    probe: said(primaryAt(ago(60_000)), primaryAt(ago(200))),
  });

export const situations: readonly (readonly [what: string, view: ClusterView, spec?: ClusterSpec])[] = [
  ['calm', calm],
  ['calm, without a probe', withoutProbes(calm), byRecords],
  ['PostgreSQL of n1 restarts', n1(said(primaryAt(ago(30_000)), failing('stopping')))],
  ['PostgreSQL of n1 has crashed', n1(said(primaryAt(ago(30_000)), failing('down')))],
  ['n1 is overloaded', n1(said(primaryAt(ago(900)), failing('silent')))],
  ['n2 is being promoted', promoting],
  ['nobody leads', aView({ leadership: vacantAfter('n1', { seenAt: ago(5_000) }) })],
  ['n2 synchronous', inMode('on', 'sync')],
  ['n2 in the quorum', inMode('quorum', 'quorum')],
  ['a standby cluster', standbyCluster],
  ['etcd silent', cutOff()],
  ['etcd silent, paused', cutOff({ ...defaultSettings, paused: true })],
  ['etcd silent, without a probe', withoutProbes(cutOff()), byRecords],
  ['n2 noloadbalance', withMember(calm, 'n2', { tags: { ...noTags, noloadbalance: true } })],
  ['the record of n2 gone', withMember(calm, 'n2', { present: false, goneSince: ago(500) })],
  ['n2 not streaming', withMember(calm, 'n2', { replicationState: 'in archive recovery' })],
  ['n2 silent', withMember(calm, 'n2', { probe: said(standbyAt(ago(900)), failing('silent')) })],
  ['n2 down', withMember(calm, 'n2', { probe: said(standbyAt(ago(900)), failing('down')) })],
  ['n2 turns us away', withMember(calm, 'n2', { probe: said(failing('denied')) })],
  [
    'n2 being built',
    withMember(withoutProbes(calm), 'n2', { running: false, stateText: 'creating replica' }),
    byRecords,
  ],
];

export function withoutProbes(view: ClusterView): ClusterView {
  return { ...view, members: view.members.map((member) => ({ ...member, probe: undefined })) };
}
