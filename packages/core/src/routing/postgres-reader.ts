// What keeps a server out of a read service where no cluster manager is asked (source `postgres`), in the order in which it is told. There are no records: a
// server takes reads on its own word that it is a standby, and only while that word is young.
import type { ProbeReading } from '../model/probe.ts';
import { type Reason, reason } from '../model/reason.ts';
import type { Member } from '../model/view.ts';
import { proofAgeMs } from './limits.ts';
import { wordsOf } from './postgres-writer.ts';
import { probeForbidsReads } from './probe-words.ts';
import type { Case, WriterRuling } from './ruling.ts';

export function postgresRefusal(given: Case, member: Member, writer: WriterRuling): Reason | undefined {
  const { name, probe, role } = member;
  if (probe === undefined) return reason('replica_unknown', { member: name, probe: 'not asked yet' });
  const { latest, lastAnswer: said } = probe;
  const words = wordsOf(given);
  if (words.kind === 'one' && words.member === name) return reason('leader_takes_no_reads', { member: name });
  if (words.kind === 'several' && words.members.includes(name)) return writer.reason;
  const saidSo = probeForbidsReads(member);
  if (saidSo !== undefined) return saidSo;
  if (said === undefined) return reason('replica_unknown', { member: name, probe: noAnswer(latest) });
  if (said.kind === 'primary') return reason('replica_role', { member: name, role });
  const limitMs = proofAgeMs(given.spec);
  return given.horizon.within(said.at, limitMs)
    ? undefined
    : reason('replica_silent', { member: name, probe: noAnswer(latest), limit_ms: limitMs });
}

/** Also while a question is under way that was put long ago. */
const noAnswer = (reading: ProbeReading): string => ('error' in reading ? reading.error : 'the next one is awaited');
