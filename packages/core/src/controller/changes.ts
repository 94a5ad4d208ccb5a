// What is worth a line in the journal between two passes. Pure: two views and two decisions in, entries out.
import type { Decision } from '../model/decision.ts';
import type { Reason } from '../model/reason.ts';
import type { Millis } from '../model/units.ts';
import { type ClusterView, type Leadership, type Member, memberOf } from '../model/view.ts';
import { type NewEntry, reasonDocument } from './journal.ts';

export function changesBetween(
  viewBefore: ClusterView | undefined,
  view: ClusterView,
  decisionBefore: Decision | undefined,
  decision: Decision,
): readonly NewEntry[] {
  return [
    ...leaderChange(viewBefore, view),
    ...memberChanges(viewBefore, view),
    ...probeChanges(viewBefore, view),
    ...verdictChanges(decisionBefore, decision),
    ...alarmChanges(view.cluster, decisionBefore?.alarms ?? [], decision.alarms),
  ];
}

/** The view can no longer be confirmed, or can be again. */
export function confirmationChange(view: ClusterView, confirmed: boolean, now: Millis): NewEntry {
  return {
    kind: 'view',
    cluster: view.cluster,
    revision: String(view.revision),
    text: confirmed
      ? 'etcd confirms the view again'
      : `etcd has not confirmed the view for ${Math.round(now - view.confirmedAt)} ms`,
  };
}

const holderOf = (leadership: Leadership | undefined): string | undefined =>
  leadership?.kind === 'held' ? leadership.member : undefined;

function leaderChange(before: ClusterView | undefined, view: ClusterView): readonly NewEntry[] {
  const was = before?.leadership;
  const is = view.leadership;
  if (was !== undefined && was.kind === is.kind && was.revision === is.revision && holderOf(was) === holderOf(is))
    return [];
  const from = was?.kind === 'vacant' ? was.former : holderOf(was);
  const text = leaderWords(view);
  const to = holderOf(is);
  return [
    {
      kind: 'leader',
      cluster: view.cluster,
      revision: String(is.revision),
      text,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to, member: to }),
    },
  ];
}

function leaderWords(view: ClusterView): string {
  switch (view.source) {
    case 'patroni':
      return keyWords(view.leadership);
    case 'stolon':
      return namingWords(view.leadership);
    case 'postgres':
      return ownWords(view);
  }
}

/** Nobody names a primary: what the servers say of themselves is all there is. */
function ownWords({ leadership: is, members }: ClusterView): string {
  if (is.kind === 'held') return `PostgreSQL of ${is.member} alone says that it is primary`;
  const claiming = members.filter(({ role, running }) => role === 'primary' && running).map(({ name }) => name);
  if (claiming.length > 1)
    return `PostgreSQL of ${claiming.join(' and of ')} say that they are primary: nobody is taken for it`;
  return `no PostgreSQL alone says that it is primary${is.former === undefined ? '' : `; ${is.former} did so last`}`;
}

function keyWords(is: Leadership): string {
  if (is.kind === 'held') return `${is.member} holds the leader key`;
  const former =
    is.former === undefined ? '' : `; ${is.former} held it${is.graceful ? ' and has stopped PostgreSQL' : ''}`;
  return `nobody holds the leader key${former}`;
}

function namingWords(is: Leadership): string {
  if (is.kind === 'held') return `Stolon names ${is.member} as master`;
  return is.former === undefined ? 'Stolon names no master' : `Stolon has withdrawn the master ${is.former}`;
}

function recordWords({ source }: ClusterView, member: Member): string {
  const { problem, present, stateText, role } = member;
  if (problem !== undefined) return `its record can't be read: ${problem.error}`;
  if (present) return `${stateText} ${role}`;
  return source === 'stolon' ? 'its keeper is no longer in clusterdata' : 'its record is gone';
}

function memberChanges(before: ClusterView | undefined, view: ClusterView): readonly NewEntry[] {
  // There are no records; what the servers say is told as what the probe heard.
  if (view.source === 'postgres') return [];
  const entries: NewEntry[] = [];
  for (const member of view.members) {
    const old = before === undefined ? undefined : memberOf(before, member.name);
    const was = old === undefined ? undefined : recordWords(view, old);
    const is = recordWords(view, member);
    if (was === is) continue;
    entries.push({
      kind: 'member',
      cluster: view.cluster,
      member: member.name,
      revision: String(view.revision),
      text: `${member.name}: ${is}`,
      ...(was === undefined ? {} : { from: was }),
      to: is,
    });
  }
  return entries;
}

function probeChanges(before: ClusterView | undefined, view: ClusterView): readonly NewEntry[] {
  const entries: NewEntry[] = [];
  for (const member of view.members) {
    const is = member.probe?.latest;
    const was = before === undefined ? undefined : memberOf(before, member.name)?.probe?.latest;
    if (is === undefined || is.kind === was?.kind) continue;
    entries.push({
      kind: 'probe',
      cluster: view.cluster,
      member: member.name,
      text: `PostgreSQL of ${member.name}: ${is.kind}${'error' in is ? ` (${is.error})` : ''}`,
      ...(was === undefined ? {} : { from: was.kind }),
      to: is.kind,
    });
  }
  return entries;
}

function verdictChanges(before: Decision | undefined, decision: Decision): readonly NewEntry[] {
  const entries: NewEntry[] = [];
  for (const service of decision.services) {
    const was = before?.services.find((other) => other.service === service.service);
    for (const verdict of service.verdicts) {
      const old = was?.verdicts.find((other) => other.member === verdict.member);
      if (old?.state === verdict.state) continue;
      const reason = reasonDocument(verdict.reason);
      entries.push({
        kind: 'decision',
        cluster: decision.cluster,
        service: service.service,
        member: verdict.member,
        revision: String(decision.revision),
        state: verdict.state,
        reason,
        text: `${service.service}: ${verdict.member} ${verdict.state}, ${reason.text}`,
        ...(old === undefined ? {} : { from: old.state }),
        to: verdict.state,
      });
    }
  }
  return entries;
}

/** An alarm is the same as long as its code and the one it is about are. */
const alarmKey = ({ code, facts }: Reason): string =>
  JSON.stringify([
    code,
    facts['member'] ?? null,
    facts['backend'] ?? null,
    facts['server'] ?? null,
    facts['key'] ?? null,
  ]);

/** Alarms that began and alarms that are over; `scope` names the cluster. */
export function alarmChanges(
  cluster: string | undefined,
  before: readonly Reason[],
  now: readonly Reason[],
  target?: string,
): readonly NewEntry[] {
  const keysBefore = new Set(before.map(alarmKey));
  const keysNow = new Set(now.map(alarmKey));
  const scope = { ...(cluster === undefined ? {} : { cluster }), ...(target === undefined ? {} : { target }) };
  const began = now.filter((alarm) => !keysBefore.has(alarmKey(alarm)));
  const ended = before.filter((alarm) => !keysNow.has(alarmKey(alarm)));
  return [
    ...began.map((alarm): NewEntry => {
      const reason = reasonDocument(alarm);
      return { kind: 'alarm', ...scope, reason, text: reason.text };
    }),
    ...ended.map((alarm): NewEntry => {
      const reason = reasonDocument(alarm);
      return { kind: 'alarm_over', ...scope, reason, text: `over: ${reason.text}` };
    }),
  ];
}
