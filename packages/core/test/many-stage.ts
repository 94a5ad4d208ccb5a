// A target with 72 backends of three lines, three quarters of them write services, on a model of HAProxy and a clock that a test moves. The test that uses it lets
// `ModelRuntime` (many-backends.ts) take the place of the runtime socket.
import type { Desired, DesiredBackend, DesiredServer } from '../src/haproxy/desired.ts';
import { plan, type Step } from '../src/haproxy/plan.ts';
import { Target, type TargetReport } from '../src/haproxy/target.ts';
import { silentLog } from '../src/model/log.ts';
import type { ModelServer } from './haproxy-model.ts';
import { ManualClock } from './manual-clock.ts';
import { ManyBackends } from './many-backends.ts';

export const NAMES = ['a', 'b', 'c'] as const;
export const BACKENDS = Array.from({ length: 72 }, (_, i) => ({ backend: `b${i}`, exclusive: i % 4 !== 0 }));

/** What each of the three shall hold. */
export type Wishes = readonly DesiredServer['state'][];

/** As HAProxy holds them after a start: `disabled` in haproxy.cfg. */
export const disabled: readonly ModelServer[] = BACKENDS.flatMap(({ backend }) =>
  NAMES.map((name, n) => {
    const still = { admin: 5, op: 0, weight: 1, checkFails: false, sessions: 0, ending: 0 };
    return { ...still, backend, name, port: 1 + n };
  }),
);

export class ManyStage {
  readonly clock = new ManualClock();
  readonly world: ManyBackends;
  readonly target: Target;
  readonly reports: TargetReport[] = [];

  constructor(servers: readonly ModelServer[]) {
    this.world = new ManyBackends(servers, this.clock);
    this.target = new Target({
      spec: { name: 'test', socket: this.world.path, masterSocket: undefined },
      clock: this.clock,
      log: silentLog,
      authorize: () => true,
      isAlive: () => false,
      onReport: (report) => this.reports.push(report),
    });
    this.target.start();
  }

  /** Decides this about these backends; the others stay the very same objects. */
  decide(which: readonly number[], states: Wishes): void {
    const chosen = new Set(which);
    const { serial, backends } = this.world.desired;
    const servers = NAMES.map((member, n) => ({ member, address: undefined, state: states[n] ?? 'maint' }));
    const next = BACKENDS.map((of, i): DesiredBackend => {
      const before = backends[i];
      return before === undefined || chosen.has(i) ? { ...of, servers } : before;
    });
    this.submit({ serial: serial + 1, backends: next });
  }

  submit(desired: Desired): void {
    this.world.decide(desired);
    this.target.submit(desired);
  }

  hand(which: number, name: string, command: string): void {
    const backend = BACKENDS[which]?.backend ?? '';
    this.world.hand(backend, `set server ${backend}/${name} ${command}`);
  }

  /** Which lines of the backend take connections, with their sessions. */
  held(backend: string): readonly (readonly [string, string, number])[] {
    const { model } = this.world;
    return model.servers
      .filter((one) => one.backend === backend)
      .map((one) => [one.name, model.accepts(one) ? 'in' : 'out', one.sessions]);
  }

  /** What a fresh look at everything would still have to change. */
  left(): readonly Step[] {
    return plan(this.world.model.facts(), this.world.desired).steps;
  }

  async close(): Promise<void> {
    const closed = this.target.close();
    await this.clock.pass(2_000);
    await closed;
    this.world.end();
  }
}
