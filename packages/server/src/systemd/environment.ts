// What a service manager asks of a process that it starts, by the environment (sd_notify(3), sd_watchdog_enabled(3)). Reads it, and takes it away so
// that nobody else speaks for us. Sends nothing.

/** Somebody wants to be told how we are. */
export interface Notifying {
  /** `NOTIFY_SOCKET` as it came: a path, `@` and an abstract name, or what later versions of systemd may write. */
  readonly socket: string;
  /** If it hears nothing for so long it ends us and starts us anew; undefined: it does not watch us. */
  readonly watchdogMs: number | undefined;
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

/** Undefined: nobody wants to be told. `env` has none of the variables afterwards. `pid`: our own. */
export function takeNotifying(env: Record<string, string | undefined>, pid: number): Notifying | undefined {
  const [socket = '', usec = '', watched = ''] = names.map((name) => env[name]);
  for (const name of names) delete env[name];
  if (socket === '') return undefined;
  // Another process is meant where a number is given and it is not ours: a shell around us, say.
  const ours = watched === '' || watched === String(pid);
  const ms = /^\d+$/.test(usec) ? Number(usec) / 1_000 : 0;
  return { socket, watchdogMs: ours && ms > 0 ? ms : undefined };
}
