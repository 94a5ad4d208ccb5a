// What haproxy.cfg lacks for pgrouted to drive it safely, seen from what HAProxy tells at run time: told as problems with a remedy, never acted upon. Pure.
// (Backends and servers that are missing are told by `plan`, since they also keep a decision from being carried out.)
import { type Reason, reason } from '../model/reason.ts';
import { serversDefault } from '../model/service.ts';
import type { CliLevel } from './access.ts';
import type { DesiredBackend } from './desired.ts';
import type { Wanted } from './match.ts';
import { DISABLED_IN_FILE, isAdded } from './membership.ts';
import { serverKey } from './parse.ts';

export interface LintPicture {
  readonly target: string;
  readonly backends: readonly DesiredBackend[];
  /** The lines of these backends. */
  readonly wanted: readonly Wanted[];
  /** What the stats socket lets us do; undefined: not known yet. */
  readonly level: CliLevel | undefined;
  /** Lines whose checks have run for so long that whoever they ask has been asked, `backend/server`. */
  readonly checking: ReadonlySet<string>;
  /** Whether a check has asked this router about the line. Undefined: nobody keeps a register of that. */
  readonly hasAsked: ((backend: string, server: string) => boolean) | undefined;
}

export function lint({ target, backends, wanted, level, checking, hasAsked }: LintPicture): readonly Reason[] {
  const findings: Reason[] = [];
  if (level !== undefined && level !== 'admin') findings.push(reason('stats_level_low', { target, level }));
  const byBackend = new Map<string, Wanted[]>();
  for (const one of wanted) {
    const lines = byBackend.get(one.line.backend);
    if (lines === undefined) byBackend.set(one.line.backend, [one]);
    else lines.push(one);
  }
  for (const { backend, match: spec = serversDefault } of backends) {
    const lines = byBackend.get(backend) ?? [];
    const tell = (code: Finding, found: readonly Wanted[]): void => {
      const servers = found.map(({ line }) => line.server).join(', ');
      if (found.length > 0) findings.push(reason(code, { target, backend, servers }));
    };
    const inFile = lines.filter(({ line, kind }) => kind !== 'added' && !isAdded(line, spec));
    tell(
      'servers_not_disabled',
      inFile.filter(({ line }) => (line.adminState & DISABLED_IN_FILE) === 0),
    );
    tell(
      'backup_line_serves_always',
      lines.filter(({ line, kind }) => kind === 'backup' && line.backup === false),
    );
    tell('backup_line_missing', withoutBackup(lines, spec.backupName));
    if (hasAsked === undefined) continue;
    tell(
      'check_asks_others',
      lines.filter(({ line }) => checking.has(serverKey(line)) && !hasAsked(line.backend, line.server)),
    );
  }
  return findings;
}

type Finding = 'servers_not_disabled' | 'backup_line_serves_always' | 'backup_line_missing' | 'check_asks_others';

/** Members whose own line is in haproxy.cfg, and no backup line beside it. Those that come at run time can't have one. */
function withoutBackup(lines: readonly Wanted[], backupName: string | undefined): readonly Wanted[] {
  if (backupName === undefined) return [];
  const backed = new Set(lines.flatMap(({ kind, member }) => (kind === 'backup' ? [member] : [])));
  return lines.filter(({ kind, member }) => kind === 'own' && !backed.has(member));
}
