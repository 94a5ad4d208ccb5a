import { describe, expect, it } from 'vitest';
import {
  ago,
  decided,
  failing,
  later,
  now,
  primaryAt,
  reads,
  said,
  serviceOf,
  standbyAt,
  withMember,
  writes,
  writeWords,
} from '../../test/cluster.ts';
import { aDb, aRegistration, byClusterData, named, stolonCluster, stolonSpec } from '../../test/stolon-cluster.ts';
import type { ServiceDecision } from '../model/decision.ts';
import type { ProxiesView, RegistrationState } from '../model/proxies.ts';
import { type Millis, revision } from '../model/units.ts';
import type { ClusterView } from '../model/view.ts';

const acknowledged = { clusterUid: 'c1', generation: 7, viewRevision: revision(58), at: ago(2_000) };

const withRegistration = (
  registration: Partial<RegistrationState>,
  view: Partial<ClusterView> = {},
  proxies: Partial<ProxiesView> = {},
): ClusterView => stolonCluster(view, { registration: aRegistration(registration), ...proxies });

const words = (view: ClusterView, at: Millis = now): string => writeWords(view, 'keeper1', stolonSpec(), at);
const writeService = (view: ClusterView, at: Millis = now): ServiceDecision =>
  serviceOf(decided(view, stolonSpec(), at), 'primary');

describe('a registered proxy', () => {
  it('lets the named master in: acknowledged since it was named and we were enabled, renewed in time', () => {
    expect(words(withRegistration({}))).toBe('ready leader_proven');
  });

  it('acknowledges, then opens', () => {
    const nothing = withRegistration({ acknowledged: undefined, aliveAt: undefined });
    expect(words(nothing)).toBe('maint proxy_not_registered');
    const before = withRegistration({ acknowledged: { ...acknowledged, viewRevision: revision(39) } });
    expect(words(before)).toBe('maint proxy_not_acknowledged');
    const unlisted = withRegistration({}, {}, { enabled: [{ uid: 'bbbb0002', since: revision(45) }] });
    expect(words(unlisted)).toBe('maint proxy_not_enabled');
    const listedSince = withRegistration({}, {}, { enabled: [{ uid: 'aaaa0001', since: revision(59) }] });
    expect(words(listedSince)).toBe('maint proxy_not_acknowledged');
    expect(words(withRegistration({}, {}, { enabled: [{ uid: 'aaaa0001', since: revision(58) }] }))).toBe(
      'ready leader_proven',
    );
  });

  it('has acknowledged nothing of a cluster that was made anew under the same name', () => {
    expect(words(withRegistration({}, {}, { clusterUid: 'c2' }))).toBe('maint proxy_not_acknowledged');
  });

  it('keeps an open service open through a later generation under the same master', () => {
    const another = withRegistration(
      {},
      {},
      { generation: 8, generationSeenAt: ago(1), generationRevision: revision(60) },
    );
    expect(words(another)).toBe('ready leader_proven');
  });

  it('closes when Stolon takes it off the list', () => {
    expect(words(withRegistration({}, {}, { enabled: [] }))).toBe('maint proxy_not_enabled');
  });

  it('closes when its record could not be renewed for the proxyTimeout in force, and looks again just then', () => {
    const view = withRegistration({ aliveAt: ago(14_500) }, { confirmedAt: now });
    expect(words(view)).toBe('ready leader_proven');
    expect(decided(view, stolonSpec()).reviewAt).toBe(later(500));
    expect(words({ ...view, confirmedAt: later(499) }, later(499))).toBe('ready leader_proven');
    expect(words({ ...view, confirmedAt: later(500) }, later(500))).toBe('maint proxy_timeout');
    expect(words(withRegistration({ aliveAt: ago(14_500), timeoutMs: 30_000 }))).toBe('ready leader_proven');
  });

  it('closes for that though everything else is in order, and though the master was found', () => {
    const found = { leadership: named('keeper1', { origin: 'found', seenAt: ago(1_000) }) };
    expect(words(withRegistration({ aliveAt: ago(15_000), startedAt: ago(1_000) }, found))).toBe('maint proxy_timeout');
  });

  it('leaves no sessions to drain either while it is not counted on', () => {
    const gone = withMember(withRegistration({}, {}, { enabled: [] }), 'keeper1', {
      probe: said(primaryAt(ago(500)), failing('down')),
    });
    expect(words(gone)).toBe('maint proxy_not_enabled');
  });

  it('tells what is wrong with the master first', () => {
    const view = withMember(withRegistration({}, {}, { enabled: [] }), 'keeper1', { probe: said(standbyAt(ago(10))) });
    expect(words(view)).toBe('maint leader_in_recovery');
  });

  it('tells what hinders the acknowledgement', () => {
    const hindrance = 'edge: the server keeper1 still has 3 sessions';
    const view = withRegistration({ acknowledged: undefined, aliveAt: undefined, hindrance });
    expect(writeService(view).verdicts[0]?.reason.facts).toMatchObject({ member: 'keeper1', because: hindrance });
    const writing = withRegistration({ acknowledged: { ...acknowledged, viewRevision: revision(39) } });
    expect(writeService(writing).verdicts[0]?.reason.facts).toMatchObject({
      generation: 7,
      because: 'it is being written',
    });
  });

  it('still lets the master take reads where no standby can', () => {
    const spec = stolonSpec({ services: [writes, { ...reads, fallback: 'primary' }] });
    const alone = withRegistration({}, {}, { enabled: [] });
    const decision = decided({ ...alone, members: alone.members.slice(0, 1) }, spec);
    expect(serviceOf(decision, 'replica').verdicts).toMatchObject([{ state: 'ready' }]);
  });
});

describe('a process that has just started', () => {
  const found = (seenAgo: number): Partial<ClusterView> => ({
    leadership: named('keeper1', { origin: 'found', seenAt: ago(seenAgo) }),
    confirmedAt: now,
  });
  /** Started and first looked so long ago; the sentinel does not know of us. */
  const starting = (ms: number, changes: Partial<RegistrationState> = {}): ClusterView =>
    withRegistration({ startedAt: ago(ms), acknowledged: undefined, aliveAt: undefined, ...changes }, found(ms), {
      enabled: [],
    });
  const told = { acknowledged: { ...acknowledged, at: ago(100) }, aliveAt: ago(100) };

  it('keeps the server of the named master as the process before has left it, and nobody else', () => {
    const service = writeService(starting(300));
    expect(service).toMatchObject({
      undecided: true,
      keep: 'keeper1',
      reason: { code: 'write_undecided', facts: { member: 'keeper1' } },
    });
    expect(service.verdicts.map(({ state, reason }) => `${state} ${reason.code}`)).toEqual([
      'drain proxy_not_registered',
      'maint not_leader',
      'maint not_leader',
    ]);
    expect(decided(starting(300), stolonSpec()).alarms).toEqual([]);
  });

  it('has two seconds to register', () => {
    expect(writeService(starting(1_999)).keep).toBe('keeper1');
    expect(decided(starting(1_999), stolonSpec()).reviewAt).toBe(later(1));
    expect(writeService(starting(2_000))).toMatchObject({ undecided: false, keep: undefined });
    expect(words(starting(2_000))).toBe('maint proxy_not_registered');
  });

  it('counts them from the first look at the cluster', () => {
    const lateLook = { ...starting(60_000), leadership: named('keeper1', { origin: 'found', seenAt: ago(1_000) }) };
    expect(writeService(lateLook).keep).toBe('keeper1');
  });

  it('is registered then, and has three sleepIntervals to be enabled and to acknowledge that', () => {
    expect(writeService(starting(14_999, told)).verdicts[0]?.reason.code).toBe('proxy_not_enabled');
    expect(writeService(starting(14_999, told)).keep).toBe('keeper1');
    expect(words(starting(15_000, told))).toBe('maint proxy_not_enabled');
    const enabledNow = withRegistration({ startedAt: ago(8_000), ...told }, found(8_000), {
      enabled: [{ uid: 'aaaa0001', since: revision(60) }],
    });
    expect(writeService(enabledNow)).toMatchObject({ keep: 'keeper1', reason: { code: 'write_undecided' } });
    const done = withRegistration(
      { startedAt: ago(8_000), ...told, acknowledged: { ...told.acknowledged, viewRevision: revision(60) } },
      found(8_000),
      { enabled: [{ uid: 'aaaa0001', since: revision(60) }] },
    );
    expect(words(done)).toBe('ready leader_proven');
  });

  it('is counted on only once a view confirmed after the registration still names the master', () => {
    const unseen = { ...starting(2_500, told), confirmedAt: ago(101) };
    expect(words(unseen)).toBe('maint proxy_not_enabled');
    expect(writeService({ ...unseen, confirmedAt: ago(100) }).keep).toBe('keeper1');
  });

  it('stays counted on when it acknowledges another generation, as another proxy that comes or goes makes one', () => {
    const again = { ...starting(4_000, { ...told, registeredAt: ago(3_500) }), confirmedAt: ago(200) };
    expect(writeService(again).keep).toBe('keeper1');
  });

  it('keeps nothing once it has been enabled and was taken off the list', () => {
    expect(words(starting(4_000, { ...told, wasEnabled: true }))).toBe('maint proxy_not_enabled');
  });

  it('keeps nothing on a view that is as old as Stolon could have named another', () => {
    expect(writeService({ ...starting(4_000, told), confirmedAt: ago(50) }).keep).toBe('keeper1');
    expect(words({ ...starting(4_000, told), confirmedAt: ago(3_000) })).toMatch(/^maint/);
  });

  it.each([
    ['is a standby', said(standbyAt(ago(10))), 'maint leader_in_recovery'],
    ['is starting', said(failing('starting')), 'maint leader_starting'],
    ['is shutting down', said(failing('stopping')), 'maint proxy_not_registered'],
    ['is not there', said(failing('down')), 'maint proxy_not_registered'],
  ])('keeps no master that %s', (_, probe, expected) => {
    const view = withMember(starting(300), 'keeper1', { probe });
    expect(writeService(view).keep).toBe(undefined);
    expect(words(view)).toBe(expected);
  });

  it('takes no new sessions to a master that it can not reach, as one that is enabled would not', () => {
    const view = withMember(starting(300), 'keeper1', { probe: said(failing('denied')) });
    expect(words(view)).toBe('drain leader_unreachable');
    expect(words(withMember(starting(2_000), 'keeper1', { probe: said(failing('denied')) }))).toBe(
      'maint proxy_not_registered',
    );
  });

  it('keeps a master whose record is behind a change of its spec, too', () => {
    const behind = withMember(starting(1_000), 'keeper1', {
      probe: undefined,
      stolon: aDb({ dbUid: 'd1', currentGeneration: 2 }),
    });
    expect(serviceOf(decided(behind, byClusterData), 'primary').keep).toBe('keeper1');
  });

  it('keeps nobody whom it has seen being named: the process before had to let go for that', () => {
    const view = withRegistration(
      { startedAt: ago(300), acknowledged: undefined, aliveAt: undefined },
      { leadership: named('keeper1', { seenAt: ago(250) }) },
    );
    expect(words(view)).toBe('maint proxy_not_registered');
  });

  it('decides the reads that would fall back to a master that is kept', () => {
    const spec = stolonSpec({ services: [writes, { ...reads, fallback: 'primary' }] });
    const alone = { ...starting(300), members: starting(300).members.slice(0, 1) };
    expect(serviceOf(decided(alone, spec), 'replica')).toMatchObject({
      undecided: false,
      reason: { code: 'read_on_primary' },
    });
  });
});
