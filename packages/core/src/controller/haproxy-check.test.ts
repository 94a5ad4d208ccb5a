import { describe, expect, it } from 'vitest';
import { aSpec, aView, now, primaryAt, reads, said, standbyAt, withMember, writes } from '../../test/cluster.ts';
import { ManualClock } from '../../test/manual-clock.ts';
import type { DesiredBackend, DesiredServer } from '../haproxy/desired.ts';
import type { ServerFact, TargetFacts } from '../haproxy/parse.ts';
import { type ServersSpec, serversDefault } from '../model/service.ts';
import { millis } from '../model/units.ts';
import { decide } from '../routing/decide.ts';
import { CheckRegister } from './check-register.ts';
import { desiredOf } from './desired-of.ts';
import { type CheckedCluster, HaproxyChecks } from './haproxy-check.ts';

const spec = aSpec();
const view = [
  ['n1', said(primaryAt(millis(now - 100)))] as const,
  ['n2', said(standbyAt(millis(now - 100)))] as const,
].reduce((so, [name, probe]) => withMember(so, name, { probe }), aView());
const decision = decide(view, spec, now);
type Current = Exclude<ReturnType<CheckedCluster['current']>, 'stalled' | undefined>;
const sound: Current = { decision, desired: desiredOf(decision, view, spec) };

const line = (backend: string, server: string, changes: Partial<ServerFact> = {}): ServerFact => ({
  backend,
  server,
  backendId: 2,
  id: 1,
  address: '10.9.9.9',
  port: 5432,
  fqdn: undefined,
  adminState: 4,
  operState: 2,
  weight: 1,
  initialWeight: 1,
  checked: true,
  checksEnabled: true,
  agent: false,
  inRotation: true,
  maint: false,
  drain: false,
  sessions: 0,
  ...changes,
});
const factsOf = (...servers: readonly ServerFact[]): TargetFacts => ({
  worker: { pid: 1, startTimeSec: 1, uptimeSec: 1, version: '2.6.12', stopping: false, currConns: 0 },
  servers,
});

/** Asks for the lines, each `backend/server`. */
function answers(
  current: ReturnType<CheckedCluster['current']>,
  facts: readonly TargetFacts[],
  ...lines: readonly string[]
) {
  const checks = checksOf(
    () => current,
    () => facts,
  );
  return lines.map((one) => {
    const [backend = '', server = ''] = one.split('/');
    const { status, state, code } = checks.of(backend, server);
    return `${status} ${state} ${code}`;
  });
}
const checksOf = (
  current: CheckedCluster['current'],
  facts: () => readonly TargetFacts[],
  register = new CheckRegister(),
) => {
  const clusters = [{ spec, current }];
  return new HaproxyChecks({ clusters: () => clusters, facts, register, clock: new ManualClock() });
};

/** Both services with these servers, whatever is decided. */
const asking = (servers: readonly DesiredServer[], match: ServersSpec = serversDefault): Current => ({
  decision,
  desired: [writes, reads].map(
    ({ backends: [backend = ''] }): DesiredBackend => ({
      backend,
      exclusive: backend === 'demo_primary',
      match,
      servers,
    }),
  ),
});
const server = (member: string, changes: Partial<DesiredServer> = {}): DesiredServer => ({
  member,
  address: { host: '10.0.0.1', port: 5432 },
  state: 'maint',
  ...changes,
});

describe("HAProxy's check of a line", () => {
  it('passes for servers that are decided ready, and for no other, with the reason', () => {
    const lines = ['n1', 'n2'].flatMap((name) => [line('demo_primary', name), line('demo_replica', name)]);
    expect(
      answers(sound, [factsOf(...lines)], 'demo_primary/n1', 'demo_primary/n2', 'demo_replica/n1', 'demo_replica/n2'),
    ).toEqual([
      '200 ready leader_proven',
      '503 maint not_leader',
      '503 maint leader_takes_no_reads',
      '200 ready replica_ok',
    ]);
  });

  it('fails where nothing is decided', () => {
    expect(answers(undefined, [], 'demo_primary/n1', 'nope/n1')).toEqual([
      '503 unknown undecided',
      '503 unknown no_such_backend',
    ]);
    expect(answers({ decision, desired: [] }, [], 'demo_primary/n1')).toEqual(['503 unknown undecided']);
  });

  it('fails while the router can not judge after a standstill', () => {
    expect(answers('stalled', [], 'demo_primary/n1')).toEqual(['503 unknown stalled']);
  });

  it('passes for a server that is kept as it is after a start, while HAProxy holds it in', () => {
    const kept = asking([server('n1', { state: 'keep' }), server('n2')]);
    const held = (changes: Partial<ServerFact>) => [factsOf(line('demo_primary', 'n1', changes))];
    const [inRotation] = answers(kept, held({}), 'demo_primary/n1');
    const [out] = answers(kept, held({ inRotation: false, maint: true }), 'demo_primary/n1');
    expect([inRotation, out]).toEqual(['200 kept leader_proven', '503 maint leader_proven']);
    // Of two HAProxies the one that holds it out stays as it is, whatever it hears.
    const both = [...held({}), ...held({ inRotation: false, maint: true })];
    expect(answers(kept, both, 'demo_primary/n1')).toEqual(['200 kept leader_proven']);
    expect(answers(kept, both.toReversed(), 'demo_primary/n1')).toEqual(['200 kept leader_proven']);
  });

  it('knows lines by name templates, backup lines, spares and added servers', () => {
    const servers = {
      ...serversDefault,
      name: 'pg-{member}',
      backupName: 'pg-{member}-fb',
      spares: 'spare',
      add: { prefix: 'dyn-', parameters: [] },
    };
    const wanted = asking(
      [
        server('n1', { state: 'ready', lines: { own: 'maint', backup: 'ready' } }),
        server('n2', { state: 'ready', address: { host: '10.0.0.2', port: 5432 } }),
        server('n3', { state: 'ready', address: { host: '10.0.0.3', port: 5432 } }),
      ],
      servers,
    );
    const facts = factsOf(
      line('demo_replica', 'pg-n1', { address: '10.0.0.1' }),
      line('demo_replica', 'pg-n1-fb', { address: '10.0.0.1', backup: true }),
      line('demo_replica', 'spare1', { address: '10.0.0.2' }),
      line('demo_replica', 'spare2', { address: '10.0.0.9' }),
      line('demo_replica', 'dyn-n3', { address: '10.0.0.3', adminState: 0 }),
    );
    const states = answers(
      wanted,
      [facts],
      ...['pg-n1', 'pg-n1-fb', 'spare1', 'spare2', 'dyn-n3', 'n1'].map((name) => `demo_replica/${name}`),
    ).map((text) => text.split(' ').slice(0, 2).join(' '));
    expect(states).toEqual(['503 maint', '200 ready', '200 ready', '503 unknown', '200 ready', '503 unknown']);
  });

  it('goes by the name alone until a HAProxy was read, never letting in what it may not', () => {
    const named = { ...serversDefault, name: 'pg-{member}', backupName: '{member}-fb' };
    const wanted = asking([server('n1', { state: 'ready', lines: { own: 'maint', backup: 'ready' } })], named);
    expect(answers(wanted, [], 'demo_replica/pg-n1', 'demo_replica/n1-fb', 'demo_replica/n1')).toEqual([
      '503 maint leader_takes_no_reads',
      '200 ready leader_takes_no_reads',
      '503 unknown no_such_line',
    ]);
    const byAddress = asking([server('n1', { state: 'ready' })], { ...serversDefault, match: 'address' });
    expect(answers(byAddress, [], 'demo_replica/n1')).toEqual(['503 unknown no_such_line']);
  });

  it('fails where one HAProxy leads the line to another server than the other does', () => {
    const wanted = asking([
      server('n1', { state: 'ready' }),
      server('n2', { address: { host: '10.0.0.2', port: 5432 } }),
    ]);
    const one = factsOf(line('demo_replica', 'a', { address: '10.0.0.1' }));
    const other = factsOf(line('demo_replica', 'a', { address: '10.0.0.2' }));
    expect(answers(wanted, [one, other], 'demo_replica/a')).toEqual(['503 unknown ambiguous']);
    expect(answers(wanted, [one, one], 'demo_replica/a')).toEqual(['200 ready leader_takes_no_reads']);
  });

  it('follows each decision and each read-back', () => {
    const ready = asking([server('n1', { state: 'ready' })]);
    let current = ready;
    let facts = factsOf(line('demo_primary', 'a', { address: '10.0.0.1' }));
    const checks = checksOf(
      () => current,
      () => [facts],
    );
    const status = () => checks.of('demo_primary', 'a').status;
    const seen = [status(), status()];
    current = asking([server('n1')]);
    seen.push(status());
    current = ready;
    facts = factsOf(line('demo_primary', 'a', { address: '10.0.0.7' }));
    seen.push(status());
    expect(seen).toEqual([200, 200, 503, 503]);
  });

  it('is noted, for backends that a service has', () => {
    const register = new CheckRegister();
    const checks = checksOf(
      () => sound,
      () => [],
      register,
    );
    checks.of('demo_primary', 'n1');
    checks.of('nope', 'n1');
    expect([register.size, register.lastAsked('demo_primary', 'n1') !== undefined]).toEqual([1, true]);
  });
});
