// What the daemon's own journal says about its reactions: from the pass that saw an event to HAProxy read back.
import type { JournalEntry } from '@pgrouted/core/status/schema';
import { type Summary, summary } from './figures.ts';

export interface DaemonTimes {
  /** From the leader key seen to the old server read back out, its sessions gone. */
  readonly fence: Summary;
  /** From the record seen that proves the new leader to it read back in. */
  readonly open: Summary;
}

export function daemonTimes(entries: readonly JournalEntry[]): DaemonTimes {
  const fence: number[] = [];
  const open: number[] = [];
  let leaderAt: number | undefined;
  let proof: { readonly member: string | undefined; readonly at: number } | undefined;
  for (const entry of entries) {
    if (entry.kind === 'leader') leaderAt = entry.tMs;
    if (entry.kind === 'member' && entry.to === 'running primary') proof = { member: entry.member, at: entry.tMs };
    if (entry.kind === 'fenced' && entry.service === 'primary' && leaderAt !== undefined) {
      fence.push(entry.tMs - leaderAt);
      leaderAt = undefined;
    }
    if (entry.kind === 'opened' && entry.service === 'primary' && entry.member === proof?.member) {
      open.push(entry.tMs - (proof?.at ?? entry.tMs));
      proof = undefined;
    }
  }
  return { fence: summary(fence), open: summary(open) };
}
