// Ties what systemd is to be told to the way there. Where nobody wants to be told nothing is started, and nothing done.
import { hrtime } from 'node:process';
import { datagramsTo } from './datagram.ts';
import { DirectWay } from './direct-way.ts';
import type { Notifying } from './environment.ts';
import { Outbox } from './outbox.ts';
import { ShellWay } from './shell-way.ts';
import { type Reloaded, Supervision, type SupervisionOptions } from './supervision.ts';

export interface SuperviseOptions extends Pick<SupervisionOptions, 'router' | 'clock' | 'log'> {
  /** `PATH` of it is where systemd-notify is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Supervised {
  during(reload: () => Promise<Reloaded>): Promise<void>;
  stopping(): void;
}

/** `notifying` undefined: nobody wants to be told. */
export function supervise(notifying: Notifying | undefined, options: SuperviseOptions): Supervised {
  if (notifying === undefined) {
    return {
      during: async (reload) => {
        await reload();
      },
      stopping: () => {},
    };
  }
  const { router, clock, log, env } = options;
  const { socket, watchdogMs } = notifying;
  const outbox = new Outbox();
  const common = { socket, outbox, clock, log };
  const send = datagramsTo(socket);
  const way = send === undefined ? new ShellWay({ ...common, path: env['PATH'] }) : new DirectWay(common, send);
  const supervision = new Supervision({
    router,
    outbox,
    wake: () => way.wake(),
    flush: () => way.flush(),
    watchdogMs,
    clock,
    log,
    monotonicUs: () => hrtime.bigint() / 1_000n,
  });
  void supervision.start();
  return supervision;
}
