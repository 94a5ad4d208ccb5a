// What to change where haproxy.cfg (or what drives it) is not as pgrouted needs it: one remedy for each reason that `pgroutectl lint` tells. Texts only.
import type { ReasonCode } from '@pgrouted/core/model/reason';

export const remedies: Partial<Readonly<Record<ReasonCode, string>>> = {
  backend_missing:
    'add the backend to haproxy.cfg (`pgrouted haproxy-config` prints it) and reload, or name the right one under `services`',
  server_missing:
    'add a `server` line for the member, `disabled`, named as `servers.name` says or with its address; or spare lines, or `servers.add`; then reload',
  servers_not_disabled: 'write `disabled` at the end of these lines, and reload',
  backup_line_serves_always: 'write `backup` on these lines, and `option allbackups` in the backend; then reload',
  backup_line_missing:
    'add a second line for each of them, with `backup disabled`, named as `servers.backup` says; reload',
  check_asks_others:
    'let the check ask pgrouted (docs/fail-closed.md has the lines), or leave `check` out where pgrouted alone is to decide',
  stats_level_low: 'write `level admin` on the `stats socket` line that pgrouted uses, and reload',
  server_address_differs: "mend the line's address in haproxy.cfg, or what the member's record says, and reload",
  server_name_not_drivable: 'give the line a name of at most 64 characters, and reload',
  backend_asked_twice: 'give each service a backend of its own under `services`',
  old_worker_unreachable: 'set `hard-stop-after` in haproxy.cfg, so that old workers end; or end this one by hand',
  watchdog_absent:
    '`lua-load` pgrouted-watchdog.lua in the `global` section (docs/haproxy-watchdog.md), and restart HAProxy',
  hold_absent: '`lua-load` pgrouted-hold.lua in the `global` section (docs/haproxy-hold.md), and reload',
  hold_fault: 'mend this line of haproxy.cfg (docs/haproxy-hold.md), and reload',
  line_without_address: "let the cluster manager write the member's address, or add a `server` line for it by hand",
  line_needs_ip: "let the member's record name an IP address, or add a `server` line with the host name by hand",
  spares_used_up: 'raise the number of the `server-template`, and reload',
  add_not_supported: 'use spare lines (`server-template`, `servers.spares`), or a HAProxy from 2.6 on',
  add_name_not_possible: 'give the member a name that HAProxy takes, or add a `server` line for it by hand',
  add_name_taken: 'choose another `servers.add.prefix`',
  add_parameter_not_possible: 'take the word out of `servers.add.parameters`',
  change_refused: 'see what HAProxy said; `add server` needs a dynamic algorithm such as `balance leastconn`',
  weight_refused:
    'choose a dynamic algorithm (`balance leastconn`, `roundrobin`), or do without weights here (`weight_tag: none`)',
  target_unreachable: 'start HAProxy, or name its socket as in haproxy.cfg; nothing else can be said until it answers',
  target_hung: 'find out why HAProxy does not answer; `stats maxconn` may be used up by other tools',
  target_no_permission:
    "let pgrouted's user open the socket (`user`, `group`, `mode` on the `stats socket` line), with `level admin`",
  target_broken: 'name the socket of a HAProxy (from 2.2 on), not its master socket or that of another program',
};

/** Undefined: it is nothing that a configuration could mend. */
export function remedyOf(code: string): string | undefined {
  const known: Readonly<Record<string, string | undefined>> = remedies;
  return Object.hasOwn(known, code) ? known[code] : undefined;
}
