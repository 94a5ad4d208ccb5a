// A socket as systemd's own for sd_notify: takes datagrams, and tells each as the assignments in it. Node can't receive them itself; perl, which every Debian
// has, can. Answers nothing: that a barrier is passed (systemd-notify waits for it) follows from the descriptor that is thrown away.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endWithEverything, eventually } from './process.ts';

/** `NAME=VALUE`, in the order in which they were sent. */
export type Told = readonly string[];

export interface NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly name: string;
  /** All messages, oldest first. */
  readonly told: () => readonly Told[];
  /** Waits for a message, the first after `from` of those told, that fits; gives its place. */
  readonly until: (what: string, fits: (message: Told) => boolean, from?: number) => Promise<number>;
  /** Resolves when nothing was told for so long. */
  readonly silence: (forMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const receiver = `
use Socket; use IO::Handle;
my $name = shift; STDOUT->autoflush(1);
socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($in, pack_sockaddr_un($name =~ /^@/ ? "\\0" . substr($name, 1) : $name)) or die "bind: $!";
print "bound\\n";
while (defined recv($in, my $message, 65536, 0)) { $message =~ s/\\n/\\t/g; print "$message\\n"; }
`;

/** `name`: a path, or `@` and an abstract name. */
export async function startNotifySocket(name: string): Promise<NotifySocket> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'perl', '-e', receiver, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const forget = endWithEverything(stop);
  const messages: Told[] = [];
  let bound = false;
  let heardAt = performance.now();
  createInterface({ input: child.stdout }).on('line', (line) => {
    heardAt = performance.now();
    const assignments = line.split('\t').filter((one) => one !== '' && one !== 'BARRIER=1');
    if (!bound) bound = line === 'bound';
    else if (assignments.length > 0) messages.push(assignments);
  });
  await eventually(`the socket ${name}`, () => bound || undefined);
  return {
    name,
    told: () => [...messages],
    until: (what, fits, from = 0) =>
      eventually(`${what} among what systemd is told`, () => {
        const found = messages.findIndex((message, at) => at >= from && fits(message));
        return found === -1 ? undefined : found + 1;
      }),
    silence: async (forMs) => {
      await eventually(`${forMs} ms without a word`, () => performance.now() - heardAt > forMs || undefined);
    },
    stop: async () => {
      forget();
      await stop();
    },
  };
}
