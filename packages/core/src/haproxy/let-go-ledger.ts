// Whether the current worker has let go of the servers that a write service shall not have, and of those that a read service must not have
// either. Read-backs in, judgement out; it does no I/O.
//
//   asked ──read back: each of them in maint, without a session──▶ gone ──read back again, 5 ms later or more──▶ let go
//     ▲            └──any of them not──▶ holds                       │                                            │
//     └───────────────── another content is asked, another worker answers, or it is found otherwise ──────────────┘
import type { Millis } from '../model/units.ts';
import type { AskedBackends } from './asked.ts';
import { isSafeName } from './commands.ts';
import { remaining, STRAGGLER_MS } from './let-go.ts';
import { match } from './match.ts';
import { isGone, type ServerFact, serverKey, type TargetFacts } from './parse.ts';

/** A read-back that is under way. */
export interface Begun {
  /** What was asked of the backends then. */
  readonly version: number;
  readonly at: Millis;
}

export class LetGoLedger {
  readonly #asked: AskedBackends;
  /** Since which read-back each line has been gone without a break, by `backend/server`. */
  #goneSince: ReadonlyMap<string, Millis> = new Map();
  #facts: TargetFacts | undefined;
  /** The last read-back of all, and of some since. */
  #allBegun: Begun | undefined;
  readonly #begun = new Map<string, Begun>();

  constructor(asked: AskedBackends) {
    this.#asked = asked;
  }

  /** To be taken right before HAProxy is asked. */
  begin(now: Millis): Begun {
    return { version: this.#asked.version, at: now };
  }

  /** HAProxy was read back. `backends`: only these were, with their sessions; what `facts` tells of others is older. Undefined: all. */
  read(begun: Begun, facts: TargetFacts, now: Millis, backends?: ReadonlySet<string>): void {
    const gone = facts.servers.filter(isGone);
    this.#goneSince = new Map(
      gone.flatMap((line) => {
        const key = serverKey(line);
        const since = this.#goneSince.get(key) ?? (backends?.has(line.backend) === false ? undefined : now);
        return since === undefined ? [] : [[key, since] as const];
      }),
    );
    this.#facts = facts;
    if (backends === undefined) {
      this.#allBegun = begun;
      this.#begun.clear();
    } else for (const backend of backends) this.#begun.set(backend, begun);
  }

  /** Another worker answers: what the one before had shown is void. */
  otherWorker(): void {
    this.#goneSince = new Map();
    this.#facts = undefined;
    this.#allBegun = undefined;
    this.#begun.clear();
  }

  /** Why the worker may have a session, or take one, on a server of this backend that shall not be ready. Undefined: it has let go. */
  holds(backend: string): string | undefined {
    const asked = this.#asked.of(backend);
    if (asked === undefined) return `nothing is decided about ${backend} yet`;
    if (!isSafeName(backend)) return `${backend} can not be read back by this name`;
    const begun = this.#begunOf(backend);
    if (begun === undefined || begun.version < asked.since) {
      return `${backend} has not been read back since the decision`;
    }
    const out = this.#outOf(backend);
    const held = out.find((line) => !isGone(line));
    if (held !== undefined) return held.sessions === 0 ? `${serverKey(held)} is not in maint` : sessionsOn(held);
    const late = out.find((line) => !this.#isSettled(line));
    return late === undefined ? undefined : `${serverKey(late)} was taken out only just now`;
  }

  /** After how many milliseconds another read-back may show that something has been let go of. Undefined: no use. */
  lookAgainMs(now: Millis): number | undefined {
    const waits = this.#asked.all().flatMap(({ desired: { backend } }) => {
      const out = this.#outOf(backend);
      if (!out.every(isGone) || out.every((line) => this.#isSettled(line))) return [];
      return [Math.max(1, ...out.map((line) => this.#settlesAt(line) - now))];
    });
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** The lines that shall not be ready (in a read service: whose sessions have to end), as last read back. A backend that HAProxy doesn't have has none. */
  #outOf(backend: string): readonly ServerFact[] {
    const asked = this.#asked.of(backend);
    if (asked === undefined || this.#facts === undefined) return [];
    const { exclusive } = asked.desired;
    return match(this.#facts.servers, asked.desired).wanted.flatMap(({ line, state, ends }) =>
      (exclusive ? state !== 'ready' : ends) ? [line] : [],
    );
  }

  #settlesAt(line: ServerFact): number {
    return (this.#goneSince.get(serverKey(line)) ?? Number.POSITIVE_INFINITY) + STRAGGLER_MS;
  }

  /** It was gone in a read-back that was begun late enough after the first one to show it so. */
  #isSettled(line: ServerFact): boolean {
    const begun = this.#begunOf(line.backend);
    return begun !== undefined && begun.at >= this.#settlesAt(line);
  }

  #begunOf(backend: string): Begun | undefined {
    return this.#begun.get(backend) ?? this.#allBegun;
  }
}

const sessionsOn = (line: ServerFact): string =>
  line.sessions === undefined
    ? `the sessions on ${serverKey(line)} are not known`
    : `${remaining(line.sessions)} on ${serverKey(line)}`;
