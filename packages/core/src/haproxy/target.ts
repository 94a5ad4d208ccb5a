// One HAProxy, kept as decided. Level-triggered: whatever happens (a decision, a reload, a drift, a timer) leads to the same turn:
//
//   choose what may be sent now, from the last read-back -> one transaction with read-back -> look at what is held -> wait -> ...
//
// A writer is let in only by a turn that follows a read-back which showed everyone else out and without sessions, and after `authorize`
// said yes. Turns never overlap; what comes meanwhile leads to one more. Nothing here ever throws for what HAProxy does.
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Reason } from '../model/reason.ts';
import type { TargetSpec } from '../model/spec.ts';
import { after, longAgo, type Millis, millis } from '../model/units.ts';
import { Access } from './access.ts';
import { AskedBackends } from './asked.ts';
import { type Choice, choose } from './choose.ts';
import { Convergence } from './convergence.ts';
import { type Desired, type DesiredBackend, endsSessions } from './desired.ts';
import { DriftLedger } from './drift.ts';
import { exchange, type ReadBack } from './exchange.ts';
import { type Authorize, OpenGate, YES_FOR_MS } from './gate.ts';
import { HeldWriters } from './held-writers.ts';
import { Hold } from './hold.ts';
import { type LetGo, letGoOf, STRAGGLER_MS } from './let-go.ts';
import { type Begun, LetGoLedger } from './let-go-ledger.ts';
import { Linter } from './linter.ts';
import { type Look, Looks } from './looks.ts';
import { MasterWatch } from './master.ts';
import { OldWorkers } from './old-workers.ts';
import { HURRY_MS, nextTurnMs, SOON_MS } from './pace.ts';
import { sameWorker, type TargetFacts } from './parse.ts';
import { type Plan, plan } from './plan.ts';
import { problemsOf } from './problems.ts';
import { isAlive } from './processes.ts';
import { Progress } from './progress.ts';
import { Reachability } from './reachability.ts';
import { Refusals } from './refusals.ts';
import { LineMemory, type Remembered } from './remembered.ts';
import type { TargetCounters, TargetReport, TargetStatus } from './report.ts';
import { RuntimeSocket } from './runtime.ts';
import { StubbornSessions } from './stubborn-sessions.ts';
import { Turns } from './turns.ts';
import { Watchdog } from './watchdog.ts';

export type { Authorize, Opening } from './gate.ts';
export type { TargetReport, TargetStatus } from './report.ts';

export interface TargetOptions {
  readonly spec: TargetSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked right before a server is let into a write service, for one opening at a time; anything but `true` keeps it out. */
  readonly authorize: Authorize;
  readonly onReport: (report: TargetReport) => void;
  /** After each turn: what `letGo` says may have changed. Must be quick. */
  readonly onTurn?: (() => void) | undefined;
  /** How often HAProxy is looked at while nothing happens; half as often while the master socket tells of reloads. Default 250. */
  readonly pollMs?: number;
  /** Whether HAProxy's own check of this line has asked us. Undefined: nobody keeps a register of that. */
  readonly hasAsked?: ((backend: string, server: string) => boolean) | undefined;
  /** Whether a process is there, in our own pid namespace. */
  readonly isAlive?: (pid: number) => boolean;
}

/** For so long a closed write service is taken to wait for its next writer. */
const WATCHFUL_FOR_MS = 120_000;

/** A turn asks again, or ends, within this long: each of its questions is answered or given up within a second. */
const STEP_WITHIN_MS = 3_000;

/** Among many backends one exchange takes so long that what was read is too old after the next: the answers that opening waits for come first, for so long. */
const ANSWERS_MS = 20;

type Counters = { -readonly [Name in keyof TargetCounters]: TargetCounters[Name] };

export class Target {
  readonly #o: TargetOptions;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #socket: RuntimeSocket;
  readonly #old: OldWorkers;
  readonly #stubborn: StubbornSessions;
  readonly #gate: OpenGate;
  readonly #turns: Turns;
  readonly #reach: Reachability;
  readonly #watchdog: Watchdog;
  readonly #hold: Hold;
  readonly #access: Access;
  readonly #linter = new Linter();
  readonly #asked = new AskedBackends();
  readonly #ledger = new LetGoLedger(this.#asked);
  readonly #drift = new DriftLedger();
  readonly #converged = new Convergence(this.#drift);
  readonly #progress = new Progress();
  readonly #counters: Counters = {
    transactions: 0,
    exchanges: 0,
    corrections: 0,
    reloads: 0,
    failures: 0,
    sessionsEnded: 0,
    refusals: 0,
  };
  readonly #held = new HeldWriters();
  readonly #lines = new LineMemory();
  readonly #refusals = new Refusals();
  #master: MasterWatch | undefined;
  #desired: Desired | undefined;
  #facts: TargetFacts | undefined;
  #readAt: Millis | undefined;
  readonly #looks = new Looks();
  #plan: Plan | undefined;
  #stoppingSince: Millis | undefined;
  #closedSince: Millis | undefined;
  #lastShutdownAt: Millis | undefined;
  #hurryUntil = longAgo;

  constructor(options: TargetOptions) {
    this.#o = options;
    this.#clock = options.clock;
    this.#pollMs = options.pollMs ?? 250;
    this.#reach = new Reachability(this.#pollMs);
    this.#turns = new Turns(options.clock, () => this.#guardedTurn());
    const { socket: path } = options.spec;
    this.#socket = new RuntimeSocket({ path, clock: options.clock });
    this.#old = new OldWorkers({
      path,
      clock: options.clock,
      asked: this.#asked,
      isAlive: options.isAlive ?? isAlive,
      onChange: () => {
        this.#turns.wake();
        this.#turned();
      },
    });
    this.#stubborn = new StubbornSessions({
      clock: options.clock,
      tail: () => (this.#facts === undefined ? undefined : this.#old.tailOf(this.#facts.worker)),
      onListed: () => this.#turns.wake(),
    });
    this.#watchdog = new Watchdog({
      path,
      clock: options.clock,
      onFired: (backend, at) => this.#report({ kind: 'watchdog_fired', backend, at }),
    });
    this.#hold = new Hold({ path, clock: options.clock });
    this.#access = new Access({
      path,
      clock: options.clock,
      onLevel: (level) => {
        if (level === 'admin') for (const report of this.#reach.permitted(this.#clock.now())) this.#report(report);
      },
    });
    this.#gate = new OpenGate({
      authorize: options.authorize,
      // What is let in follows from both: what was read and what was answered.
      yesForMs: () => Math.max(YES_FOR_MS, this.#looks.freshMs),
      clock: options.clock,
      log: options.log,
      onAnswer: (server, serial, allowed) => {
        if (!allowed) {
          this.#counters.refusals += 1;
          this.#report({ kind: 'refused', serial, at: this.#clock.now(), server });
        }
        if (allowed) this.#turns.wake();
      },
    });
  }

  /** Begins to watch HAProxy. Until something is submitted it only looks. */
  start(): void {
    const { masterSocket } = this.#o.spec;
    if (masterSocket !== undefined && this.#master === undefined) {
      this.#master = new MasterWatch({
        path: masterSocket,
        clock: this.#clock,
        onEnd: () => {
          this.#hurryUntil = after(this.#clock.now(), HURRY_MS);
          this.#socket.dropSpares();
          this.#turns.wake();
        },
      });
    }
    this.#turns.start();
  }

  /** What the target shall hold from now on. The latest wins; a turn in flight is followed by one more. */
  submit(desired: Desired): void {
    this.#desired = desired;
    this.#held.decided(desired);
    this.#hold.expect(desired.backends.flatMap(({ backend, holds }) => (holds === true ? [backend] : [])));
    this.#converged.disturbed();
    this.#drift.decided(this.#clock.now());
    if (this.#asked.decided(desired)) this.#old.decided();
    this.#turns.wake();
  }

  /** Ends all connections after the turn in flight. HAProxy stays as it is. */
  async close(): Promise<void> {
    await this.#turns.stop();
    await Promise.all([this.#watchdog.close(), this.#hold.close(), this.#access.close()]);
    this.#master?.close();
    this.#old.close();
    this.#socket.close();
  }

  /** Whether it has let go of all servers of these backends (write services) that the newest submitted decision does not let in. */
  letGo(backends: readonly string[]): LetGo {
    const { state } = this.#reach;
    const now = this.#clock.now();
    if (this.#looks.wantsLedger(now)) {
      this.#ledger.otherWorker();
      this.#turns.wake();
    }
    this.#looks.countAgain(
      backends.filter((backend) => this.#ledger.holds(backend) !== undefined),
      now,
    );
    return letGoOf(backends, { target: this.#o.spec.name, state, current: this.#ledger, old: this.#old });
  }

  /**
   * Until when HAProxy's own watchdog is to wait before it closes these write services by itself, by backend. Sent at once, to a new worker, and to old
   * workers; a backend that is no longer named is disarmed.
   */
  feedWatchdog(deadlines: ReadonlyMap<string, Millis>): void {
    if (!this.#watchdog.feed(deadlines)) return;
    this.#old.feed(
      () => this.#watchdog.commands(),
      (text) => this.#watchdog.took(text),
    );
  }

  /** What HAProxy held when it was read last; undefined: it never was. */
  get facts(): TargetFacts | undefined {
    return this.#facts;
  }

  /** By when the next turn is to begin, or the one under way to go on; undefined: there are none any more. */
  get dueAt(): Millis | undefined {
    const { stage } = this.#turns;
    if (stage === undefined || 'restsUntil' in stage) return stage?.restsUntil;
    return after(millis(Math.max(stage.begunAt, this.#socket.askedAt)), STEP_WITHIN_MS);
  }

  status(): TargetStatus {
    const { spec } = this.#o;
    return {
      name: spec.name,
      socket: spec.socket,
      state: this.#reach.answers && this.#facts === undefined ? 'unknown' : this.#reach.state,
      error: this.#reach.trouble?.error,
      facts: this.#facts,
      readAt: this.#readAt,
      submittedSerial: this.#desired?.serial,
      convergedSerial: this.#converged.serial,
      converged: this.#converged.settled && this.#reach.answers,
      problems: this.#problems(),
      masterConnected: this.#master?.connected,
      oldWorkers: this.#old.status(),
      watchdog: this.#watchdog.state,
      hold: this.#hold.status,
      counters: { ...this.#counters, sessionsEnded: this.#counters.sessionsEnded + this.#old.sessionsEnded },
    };
  }

  #problems(): readonly Reason[] {
    return problemsOf({
      target: this.#o.spec.name,
      now: this.#clock.now(),
      failure: this.#reach.trouble,
      plan: this.#plan,
      facts: this.#facts,
      progress: this.#progress,
      ledger: this.#drift,
      oldWorkers: this.#old.status(),
      watchdog: this.#watchdog.state,
      hold: this.#hold.status,
      findings: this.#linter.findings,
    });
  }

  /** What HAProxy does is a value; only a mistake of ours is thrown, and then the other promises are still kept by the next turn. */
  async #guardedTurn(): Promise<number> {
    try {
      const delayMs = await this.#turn();
      this.#turned();
      return delayMs;
    } catch (err) {
      this.#o.log.error({ err, target: this.#o.spec.name }, 'a turn failed unexpectedly; the next one begins anew');
      return this.#pollMs;
    }
  }

  #turned(): void {
    if (!this.#turns.stopped) this.#o.onTurn?.();
  }

  #report(report: TargetReport): void {
    if (!this.#turns.stopped) this.#o.onReport(report);
  }

  /** One transaction and what follows from it. Returns how long to wait for the next. */
  async #turn(): Promise<number> {
    this.#old.tick();
    const desired = this.#desired;
    const look = this.#looks.next(desired, this.#facts, this.#clock.now());
    const choice = this.#choice(look.busy);
    const commands = choice?.commands ?? [];
    if (choice !== undefined && commands.length > 0) {
      this.#counters.transactions += 1;
      if (choice.fences.length > 0) this.#lastShutdownAt = this.#clock.now();
      for (const backend of choice.exclusiveOpens) this.#gate.used(backend);
      this.#stubborn.opening(choice.opens);
    }
    this.#counters.exchanges += 1;
    const begun = this.#ledger.begin(this.#clock.now());
    const result = await exchange(this.#socket, commands, look.scope, this.#facts, this.#lines.leaving);
    if (this.#turns.stopped) return 0;
    if (result.kind === 'moved') {
      this.#readAt = undefined;
      this.#looks.forget();
      return SOON_MS;
    }
    const now = this.#clock.now();
    if (result.kind !== 'facts') {
      this.#looks.failed();
      // Our own commands may have been carried out: no writer is let in on what was read before them.
      if (commands.length > 0) this.#readAt = undefined;
      this.#counters.failures += 1;
      const hurried = now < this.#hurryUntil;
      const denied = this.#facts !== undefined && commands.length > 0;
      const { reports, delayMs } = this.#reach.failed(result, now, { denied, hurried });
      if (!this.#reach.answers) this.#converged.disturbed();
      // Whoever closed the socket may serve its sessions on: it is reached through its tail from now on.
      if (result.kind === 'not_running' && this.#facts !== undefined) this.#aged(this.#facts);
      for (const report of reports) this.#report(report);
      return delayMs;
    }
    for (const report of this.#reach.answered(commands.length > 0, now)) this.#report(report);
    return this.#took(result, choice, desired, { begun, look });
  }

  #choice(desired: Desired | undefined): Choice | undefined {
    const now = this.#clock.now();
    const facts = this.#facts;
    if (facts === undefined || desired === undefined) return undefined;
    if (this.#drift.pauseMs(now) > 0 || this.#reach.denies(now)) return undefined;
    return this.#chooseOn(facts, desired);
  }

  #chooseOn(facts: TargetFacts, desired: Desired): Choice {
    return choose(facts, desired, {
      now: this.#clock.now(),
      readAt: (backend) => (this.#readAt === undefined ? longAgo : this.#looks.readAt(backend)),
      freshMs: this.#looks.freshMs,
      lastShutdownAt: this.#lastShutdownAt,
      restores: (backend, member) => this.#held.has(backend, member),
      clear: (backend) => this.#old.clear(backend),
      ask: (opening) => this.#gate.ask(opening, desired.serial),
      remembered: this.#remembered(),
    });
  }

  #remembered(): Remembered {
    const now = this.#clock.now();
    return this.#lines.at(now, this.#refusals.at(now));
  }

  #took(
    { facts: read, mostSessions, notes }: Extract<ReadBack, { kind: 'facts' }>,
    choice: Choice | undefined,
    desired: Desired | undefined,
    { begun, look }: { readonly begun: Begun; readonly look: Look },
  ): number {
    const now = this.#clock.now();
    if (notes.length > 0) this.#o.log.debug({ target: this.#o.spec.name, notes: notes.slice(0, 10) }, 'HAProxy said');
    if (read.worker.stopping) {
      this.#stoppingSince ??= now;
      this.#readAt = undefined;
      this.#socket.dropSpares();
      return now - this.#stoppingSince < HURRY_MS ? SOON_MS : this.#pollMs;
    }
    this.#stoppingSince = undefined;
    const sameAsBefore = this.#seeWorker(read, now);
    const facts = this.#stubborn.corrected(read);
    this.#facts = facts;
    this.#readAt = now;
    this.#looks.read(look, begun.at, now);
    this.#looks.countAgain(choice?.exclusiveOpens ?? [], after(now, STRAGGLER_MS));
    this.#watchdog.seen(facts.worker);
    this.#hold.seen(facts.worker);
    this.#access.seen(facts.worker);
    if (desired === undefined) {
      this.#old.young(facts);
      return this.#pollMs;
    }

    const exclusive = this.#looks.exclusive(desired);
    const busy = this.#looks.busyAfter(look, desired, facts, now);
    if (choice !== undefined) {
      const ends = (one: DesiredBackend): boolean => endsSessions(one) || this.#lines.leaving.has(one.backend);
      const ending = new Set(busy.backends.filter(ends).map(({ backend }) => backend));
      this.#progress.fencing(choice.fences, ending, mostSessions, now);
      this.#progress.opening(choice.opens, exclusive);
    }
    if (choice !== undefined && choice.arranged.length > 0) {
      const due = plan(facts, busy, this.#lines.at(now, new Map())).steps.flatMap((step) =>
        step.kind === 'arrange' ? step.arrangements : [],
      );
      this.#refusals.told(choice.arranged, due, notes, now);
    }
    const choiceNow = this.#chooseOn(facts, busy);
    const next = { ...choiceNow, plan: this.#looks.whole(look, busy, choiceNow.plan) };
    this.#plan = next.plan;
    // As long as nothing may be sent nobody is ended either.
    this.#stubborn.read(choice === undefined ? [] : next.plan.wanted);
    this.#lines.read(
      next.plan.wanted,
      begun.at,
      now,
      look.many ? new Set(busy.backends.map(({ backend }) => backend)) : undefined,
    );
    if (choice !== undefined) this.#progress.told([...choice.fences, ...choice.opens], next.plan);
    this.#held.read(desired, next.plan.wanted);
    if (this.#looks.keepsLedger(desired, now)) this.#ledger.read(begun, facts, now, this.#looks.counted(look));
    if (this.#converged.settled && sameAsBefore) {
      this.#drift.look(next.plan, exclusive, now);
      if (!next.plan.converged) this.#watchdog.repeat();
    }
    const clear = [...exclusive].every((backend) => this.#old.clear(backend));
    const under = { serial: desired.serial, newest: desired === this.#desired, clear, now };
    const reports = [
      ...this.#progress.read(facts, next.plan, desired.serial, now, this.#old),
      ...this.#converged.read(next.plan, under),
      ...(choice === undefined || choice.commands.length === 0 ? this.#lint(desired, look, next.plan, now) : []),
    ];
    for (const report of reports) {
      if (report.kind === 'fenced') this.#counters.sessionsEnded += report.sessionsEnded;
      if (report.kind === 'drift') this.#counters.corrections += report.servers.length;
      this.#report(report);
    }
    this.#looks.looked(look, busy, facts, choiceNow.plan, now);
    this.#old.young(facts);
    const delayMs = this.#delay(next, now, choice?.exclusiveOpens.length ?? 0);
    return look.many && next.pending > 0 ? ANSWERS_MS : delayMs;
  }

  /** Not while there is something to do: nothing may hold that up. */
  #lint({ backends }: Desired, look: Look, next: Plan, now: Millis): readonly TargetReport[] {
    if (!this.#looks.mayLint(look, now)) return [];
    const { spec, hasAsked } = this.#o;
    const { level } = this.#access;
    const wanted = this.#looks.wanted(look, next);
    return this.#linter.read({ target: spec.name, backends, wanted, level, hasAsked }, now);
  }

  /** True: the same worker as at the last read-back. */
  #seeWorker(facts: TargetFacts, now: Millis): boolean {
    const before = this.#facts;
    if (before !== undefined && sameWorker(before.worker, facts.worker)) return true;
    if (before !== undefined) {
      this.#aged(before);
      this.#counters.reloads += 1;
      this.#progress.otherWorker();
      this.#stubborn.otherWorker();
      this.#drift.forget();
      this.#ledger.otherWorker();
      this.#lines.otherWorker();
      this.#looks.otherWorker();
      this.#linter.otherWorker();
      this.#refusals.otherWorker();
      this.#converged.disturbed();
      this.#hurryUntil = longAgo;
      this.#socket.dropSpares();
    }
    const { pid, version } = facts.worker;
    this.#report({ kind: 'reloaded', at: now, pid, previousPid: before?.worker.pid, version });
    return false;
  }

  #aged(facts: TargetFacts): void {
    this.#old.aged(facts, this.#watchdog.knows(facts.worker));
  }

  /** A write service is closed and will be opened soon: what is read is kept fresh enough to be opened on. */
  #awaitsWriter(now: Millis): boolean {
    const closed = this.#desired !== undefined && this.#looks.awaitsWriter(this.#desired);
    this.#closedSince = closed === true ? (this.#closedSince ?? now) : undefined;
    return this.#closedSince !== undefined && now - this.#closedSince < WATCHFUL_FOR_MS;
  }

  #delay(next: Choice, now: Millis, justOpened: number): number {
    // A session that one of HAProxy's threads was about to give to the old server when the other took it out shows up only a little later.
    const stragglerMs = justOpened > 0 ? STRAGGLER_MS : undefined;
    const desired = this.#desired;
    const keeps = desired !== undefined && this.#looks.keepsLedger(desired, now);
    const ledgerMs = keeps ? this.#ledger.lookAgainMs(now) : undefined;
    return nextTurnMs({
      now,
      pollMs: this.#pollMs,
      calm: this.#converged.settled && this.#master?.connected === true,
      awaitsWriter: this.#awaitsWriter(now),
      hurried: now < this.#hurryUntil,
      driftPauseMs: this.#drift.pauseMs(now),
      denied: this.#reach.denies(now),
      next,
      tries: ({ fences, opens, arranged }) =>
        Math.min(this.#progress.leastTries([...fences, ...opens]), this.#refusals.leastTries(arranged)),
      settlingSince: (backend) => this.#progress.settlingSince(backend),
      lookAgainMs: [
        ledgerMs ?? stragglerMs,
        this.#lines.idleInMs(next.plan.awaited, now),
        this.#looks.wholeInMs(now),
      ].reduce(least, undefined),
    });
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
