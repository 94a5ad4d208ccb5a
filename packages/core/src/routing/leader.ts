// Somebody holds the leader key (in Stolon: is named by masterDbUid): may it take writes?
//
// The key says who *may*; that PostgreSQL *does* is proven by a probe sent after the naming was seen, or (no probe configured) by the member's
// record, written after the naming. What speaks against it, in this order:
//   its record can't be read                       maint
//   a planned switch has begun to stop it          drain: its sessions end by themselves within ~70 ms
//   its record names a state that takes no writes  drain or maint, unless PostgreSQL says otherwise *later* (see record-states.ts)
//   its probe says standby or starting             maint
//   its probe says stopping or down                drain if it may have sessions (they end by themselves; it is asked again in milliseconds)
//   its probe says nothing at all                  stays ready if it has said `primary` since the naming: load must not close a primary
//   no proof yet                                   not opened
//   the view is not fresh                          see confirmation.ts
import { recordProof } from '../model/authority.ts';
import type { ServerState } from '../model/decision.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type ClusterView, type Leadership, type Member, memberOf, type PlannedSwitch } from '../model/view.ts';
import { confirmed } from './confirmation.ts';
import { CONVERGENCE_MS, FIRST_PROBE_MS, freshMs, graceMs, passiveGraceMs, RECORD_GONE_MS } from './limits.ts';
import { errorOf } from './probe-words.ts';
import { recordForbids } from './record-states.ts';
import { type Case, ruling, type WriterRuling } from './ruling.ts';

type Held = Extract<Leadership, { kind: 'held' }>;

export function leaderRuling(given: Case, held: Held): WriterRuling {
  const { view, spec } = given;
  const leader = memberOf(view, held.member);
  if (leader === undefined) {
    return ruling(undefined, 'maint', reason('leader_unknown', { member: held.member }), { forAll: true });
  }
  const { name, problem } = leader;
  if (problem !== undefined) {
    return ruling(name, 'maint', reason('record_unreadable', { member: name, key: problem.key, error: problem.error }));
  }
  const handingOver = switchBegun(given, leader);
  if (handingOver !== undefined) {
    return ruling(name, drainWithinGrace(given), handingOver, {
      successors: view.plannedSwitch?.to === undefined ? [] : [view.plannedSwitch.to],
    });
  }
  return spec.probe === undefined ? byRecord(given, held, leader) : byProbe(given, held, leader);
}

/**
 * Patroni has begun to demote the leader for a planned switch: the record loses its position ~150 ms after `failover` was put, PostgreSQL stops
 * taking sessions ~70 ms after that (3.0.2 and 4.1.4, measured). A switch scheduled for later changes nothing until then.
 */
function switchBegun({ view }: Case, leader: Member): Reason | undefined {
  const planned = switchAskedFor(view, leader);
  if (planned === undefined) return undefined;
  const begun = leader.present && leader.position === undefined && (leader.running || leader.stateText === 'stopping');
  return begun ? reason('switchover_begun', { member: leader.name, to: planned.to ?? 'another member' }) : undefined;
}

/** The switch that somebody has asked for, if it is to take the lead from this member. */
export function switchAskedFor({ plannedSwitch: planned }: ClusterView, leader: Member): PlannedSwitch | undefined {
  const another = planned?.from !== undefined && planned.from !== leader.name;
  return another || planned?.to === leader.name ? undefined : planned;
}

function drainWithinGrace({ view, spec, horizon, outage }: Case): ServerState {
  return horizon.within(view.confirmedAt, graceMs(spec, view, outage)) ? 'drain' : 'maint';
}

function byRecord(given: Case, held: Held, leader: Member): WriterRuling {
  const { name } = leader;
  if (!leader.present && (leader.goneSince === undefined || !given.horizon.within(leader.goneSince, RECORD_GONE_MS))) {
    return ruling(name, 'maint', reason('leader_record_gone', { member: name, limit_ms: RECORD_GONE_MS }));
  }
  const words = { member: name, state: leader.stateText, role: leader.role };
  switch (recordProof(held, leader).kind) {
    case 'proven':
      return confirmed(given, held, leader, ruling(name, 'ready', reason('leader_proven_by_record', { member: name })));
    case 'not_primary':
      return ruling(name, 'maint', reason('leader_record_not_primary', words));
    case 'older':
      return ruling(
        name,
        heldBefore(held) ? 'drain' : 'maint',
        reason('leader_record_older', {
          member: name,
          record_revision: String(leader.recordRevision),
          leader_revision: String(held.revision),
        }),
      );
    case 'checkpoint_awaited':
      return ruling(
        name,
        'maint',
        reason('leader_record_checkpoint', { member: name, version: leader.version ?? 'of unknown version' }),
      );
    case 'not_converged':
      return notConverged(given, held, leader);
  }
}

/**
 * Stolon: any change of a db's spec leaves its keeper behind for 5-15 s. A master that was found so takes writes all the while and need not be
 * touched; one that was named just now is being promoted.
 */
function notConverged({ view, horizon }: Case, held: Held, { name, stolon }: Member): WriterRuling {
  const { proxies } = view;
  const undecided =
    held.origin === 'found' &&
    proxies !== undefined &&
    horizon.within(held.seenAt, CONVERGENCE_MS) &&
    horizon.within(view.confirmedAt, passiveGraceMs(proxies));
  const facts = {
    member: name,
    generation: held.proofGeneration ?? stolon?.generation ?? null,
    db: stolon?.dbUid ?? null,
    current_generation: stolon?.currentGeneration ?? null,
  };
  const state = heldBefore(held) ? 'drain' : 'maint';
  return ruling(name, state, reason('leader_record_not_converged', facts), { undecided, keeps: undecided });
}

function byProbe(given: Case, held: Held, leader: Member): WriterRuling {
  const { name, probe } = leader;
  if (probe === undefined) return unasked(given, held, leader);

  const { latest, lastAnswer, primarySince } = probe;
  const provenOnce = lastAnswer?.kind === 'primary' && lastAnswer.at >= held.seenAt;
  // Silence leaves a proof standing, but not after PostgreSQL was seen to go away: then it has to answer again.
  const proven = provenOnce && (latest.kind === 'primary' || primarySince !== undefined);
  // Sessions may be on it already: then they are not cut for want of a proof.
  const lenient: ServerState = provenOnce || heldBefore(held) ? 'drain' : 'maint';
  const forbidden = given.view.source === 'patroni' ? recordForbids(leader) : undefined;
  if (forbidden !== undefined)
    return ruling(name, latest.kind === 'primary' ? lenient : 'maint', forbidden, { askHard: true });

  switch (latest.kind) {
    case 'standby':
      return ruling(name, 'maint', reason('leader_in_recovery', { member: name }), { askHard: true });
    case 'starting':
      return ruling(name, 'maint', reason('leader_starting', { member: name }), { askHard: true });
    case 'stopping':
      return ruling(name, lenient, reason('leader_shutting_down', { member: name }), { askHard: true });
    case 'down':
      return ruling(name, lenient, reason('leader_down', { member: name, error: latest.error }), { askHard: true });
    case 'primary':
      return proven
        ? confirmed(given, held, leader, ruling(name, 'ready', reason('leader_proven', { member: name })))
        : ruling(name, lenient, reason('leader_awaits_proof', { member: name }), { askHard: true });
    case 'silent':
    case 'denied': {
      if (proven) {
        const silent = reason('leader_proven_silent', { member: name, probe: latest.kind });
        return confirmed(given, held, leader, ruling(name, 'ready', silent));
      }
      // Its last word was that it is a standby: there is nobody on it to be spared.
      const state = lastAnswer?.kind === 'standby' ? 'maint' : lenient;
      const facts = { member: name, probe: latest.kind, error: errorOf(latest) };
      return ruling(name, state, reason('leader_unreachable', facts), { askHard: true });
    }
  }
}

/** The probe has not ended once. */
function unasked({ view, horizon }: Case, held: Held, leader: Member): WriterRuling {
  const { name } = leader;
  const state = heldBefore(held) ? 'drain' : 'maint';
  if (leader.address === undefined) return ruling(name, state, reason('leader_without_address', { member: name }));
  const undecided =
    held.origin === 'found' &&
    horizon.within(held.seenAt, FIRST_PROBE_MS) &&
    horizon.within(view.confirmedAt, freshMs(view));
  // Stolon waits until everybody else is out, so only its master is left alone.
  const keeps = undecided && view.source === 'stolon';
  return ruling(name, state, reason('leader_awaits_proof', { member: name }), { askHard: true, undecided, keeps });
}

/** It led before this naming was seen, so clients may be on it. */
const heldBefore = ({ origin }: Held): boolean => origin === 'found' || origin === 'regained';
