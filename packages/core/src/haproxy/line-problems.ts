// What is wrong with the lines of a backend as they were read back, which no command of ours can mend. Pure.
import { type Reason, reason } from '../model/reason.ts';
import { isSafeName } from './commands.ts';
import type { DesiredBackend } from './desired.ts';
import type { Wanted } from './match.ts';
import { leadsElsewhere } from './membership.ts';

/** Inherited from a tracked server, or by a name that doesn't resolve: no `set server` lifts these. */
export const NOT_OURS = 0x32;
/** Put into maint (01) or drain (08) by somebody. */
export const FORCED = 0x09;

export function lineProblems(wanted: readonly Wanted[], desired: DesiredBackend): readonly Reason[] {
  const problems: Reason[] = [];
  for (const { line, member, kind, state } of wanted) {
    const at = { backend: line.backend, server: line.server };
    if (!isSafeName(line.backend) || !isSafeName(line.server)) problems.push(reason('server_name_not_drivable', at));
    const address = desired.servers.find((server) => server.member === member)?.address;
    // By a name from haproxy.cfg: spares and added lines follow the member by themselves.
    if ((kind === 'own' || kind === 'backup') && leadsElsewhere(line, address)) {
      problems.push(
        reason('server_address_differs', {
          ...at,
          address: `${line.address}:${line.port}`,
          record: `${address?.host}:${address?.port}`,
        }),
      );
    }
    if (state !== 'ready' || (line.adminState & FORCED) !== 0 || line.inRotation) continue;
    const inherited = (line.adminState & NOT_OURS) !== 0;
    if (inherited || line.checked) {
      problems.push(
        reason('server_check_failing', {
          ...at,
          member: member ?? null,
          why: inherited ? 'held by a tracked server or an unresolved name' : 'its own check fails',
        }),
      );
    }
  }
  return problems;
}
