// A way to systemd's socket: takes what is in the outbox there, message by message. There are two (direct-way.ts, shell-way.ts); which is supervise.ts's choice.
import type { Clock } from '@pgrouted/core/model/clock';
import type { Log } from '@pgrouted/core/model/log';
import type { Outbox } from './outbox.ts';

export interface WayOptions {
  /** As `NOTIFY_SOCKET` names it. */
  readonly socket: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Way {
  /** There is something in the outbox. Never throws, and never waits for anybody. */
  wake(): void;
  /** As `wake`, for the last time: we end soon, and nothing is waited for any more. */
  flush(): void;
}

/** Said once, when it begins. */
export const FAILING = 'systemd could not be told how pgrouted is; it is tried again';
export const GOOD_AGAIN = 'systemd is told again how pgrouted is';
