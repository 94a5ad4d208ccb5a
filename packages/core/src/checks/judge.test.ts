import { describe, expect, it } from 'vitest';
import { ask, calm, maxAgeMs, n1, passing, situations } from '../../test/check-situations.ts';
import { ago, aSpec, aView, failing, later, now, said, standbyAt, withMember } from '../../test/cluster.ts';
import { checkOf } from '../controller/check.ts';
import { lsn, type Millis } from '../model/units.ts';
import { noTags } from '../model/view.ts';

const table = [
  ['calm', { primary: 'n1', leader: 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3', async: 'n2 n3' }],
  ['calm, without a probe', { primary: 'n1', leader: 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3', async: 'n2 n3' }],
  // Patroni says 200 for `primary` in these: its lock is all it asks.
  [
    'PostgreSQL of n1 restarts',
    { primary: '', leader: 'n1', 'read-only': 'n2 n3', health: 'n2 n3', readiness: 'n1 n2 n3' },
  ],
  ['PostgreSQL of n1 has crashed', { primary: '', leader: 'n1', 'read-only': 'n2 n3', health: 'n2 n3' }],
  ['n2 is being promoted', { primary: '', leader: 'n2', replica: 'n2 n3', health: 'n2 n3', readiness: 'n2 n3' }],
  ['n1 is overloaded', { primary: 'n1', leader: 'n1', health: 'n2 n3' }],
  ['nobody leads', { primary: '', leader: '', replica: 'n2 n3', 'read-only': 'n2 n3', readiness: 'n2 n3' }],
  ['n2 synchronous', { sync: 'n2', async: 'n3', quorum: '', 'read-only-sync': 'n1 n2', 'read-only-quorum': 'n1' }],
  ['n2 in the quorum', { sync: '', async: 'n3', quorum: 'n2', 'read-only-sync': 'n1', 'read-only-quorum': 'n1 n2' }],
  [
    'a standby cluster',
    { primary: '', leader: 'n1', 'standby-leader': 'n1', replica: 'n2 n3', 'read-only': 'n1 n2 n3' },
  ],
  ['calm', { 'standby-leader': '', sync: '', quorum: '', 'read-only-sync': 'n1', health: 'n1 n2 n3', '': 'n1' }],
  ['calm', { liveness: 'n1 n2 n3', readiness: 'n1 n2 n3', nonsense: '', 'replica/x': 'n2 n3', 'sync/': '' }],
  // What only etcd tells is gone after a ttl; what PostgreSQL says is not.
  ['etcd silent', { primary: '', leader: '', replica: 'n2 n3', 'read-only': 'n2 n3', async: '', liveness: 'n1 n2 n3' }],
  ['etcd silent', { 'read-only-sync': '', readiness: '', health: 'n1 n2 n3' }],
  ['etcd silent, paused', { primary: 'n1', leader: 'n1', 'read-only': 'n1 n2 n3', readiness: 'n1' }],
  ['etcd silent, without a probe', { primary: '', leader: '', replica: '', health: '', liveness: '' }],
  ['n2 noloadbalance', { replica: 'n3', 'read-only': 'n1 n3', async: 'n3', health: 'n1 n2 n3', readiness: 'n1 n2 n3' }],
  ['the record of n2 gone', { replica: 'n3', health: 'n1 n2 n3', liveness: 'n1 n3', readiness: 'n1 n3' }],
  ['n2 not streaming', { replica: 'n2 n3', readiness: 'n1 n3' }],
  ['n2 silent', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3' }],
  ['n2 down', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3' }],
  ['n2 turns us away', { replica: 'n2 n3', health: 'n1 n2 n3' }],
  ['n2 being built', { replica: 'n3', health: 'n1 n3', liveness: 'n1 n2 n3', readiness: 'n1 n3' }],
] as const;

const rows = table.flatMap(([what, kinds]) =>
  Object.entries(kinds).map(([kind, names]) => [what, kind, names] as const),
);

describe("Patroni's checks", () => {
  it.each(rows)('%s: %s is 200 for [%s]', (what, kind, names) => {
    const [, view, spec] = situations.find(([situation]) => situation === what) ?? [];
    if (view === undefined) throw new Error(`no situation "${what}"`);
    expect(passing(view, kind, spec)).toBe(names);
  });

  it('say why', () => {
    expect(ask(n1(said(failing('starting'))), 'n1', 'primary')).toMatchObject({
      status: 503,
      standing: 'neither',
      reason: 'n1 holds the leader key, but PostgreSQL is starting up',
    });
    expect(ask(calm, 'n2', 'primary')?.reason).toBe('n1 holds the leader key, not n2');
    expect(ask(calm, 'n2', 'nonsense')?.reason).toBe('Patroni knows no such check');
  });
});

describe('time', () => {
  it('takes the primary out of a picture that was sound when it was asked about before', () => {
    const view = aView();
    const at = (instant: Millis) =>
      checkOf({ member: 'n1', kind: 'primary', query: [] }, [{ spec: aSpec(), view }], instant, maxAgeMs)?.status;
    expect([at(now), at(later(500)), at(later(25_000)), at(now)]).toEqual([200, 200, 503, 200]);
  });
});

describe('lag', () => {
  const lagging = {
    ...withMember(calm, 'n2', { probe: said(standbyAt(ago(300), 3_000)) }),
    position: lsn(4_024),
  };

  it.each([
    ['lag=1024', 'n2 n3'],
    ['lag=1kB', 'n2 n3'],
    ['lag=1023', 'n3'],
    ['lag=0', 'n3'],
    ['lag=junk', 'n2 n3'],
    ['lag=', 'n2 n3'],
    ['lag=0&lag=1GB', 'n3'],
  ])('%s leaves %s', (parameters, names) => {
    expect(passing(lagging, `replica?${parameters}`)).toBe(names);
    expect(passing(lagging, `read-only?${parameters}`)).toBe(`n1 ${names}`);
    expect(passing(lagging, `async?${parameters}`)).toBe(names);
    expect(passing(lagging, `primary?${parameters}`)).toBe('n1');
  });

  it('does not count while the position of the primary is unknown or zero', () => {
    for (const position of [undefined, lsn(0)]) {
      expect(passing({ ...withMember(lagging, 'n2', { lagBytes: undefined }), position }, 'replica?lag=0')).toBe(
        'n2 n3',
      );
    }
  });

  it('that is unknown while the primary is known to have written is over any limit', () => {
    const view = withMember(calm, 'n2', { lagBytes: undefined });
    expect(passing(view, 'replica?lag=1TB')).toBe('n3');
    expect(passing(view, 'replica')).toBe('n2 n3');
  });

  it('has the limit of a failover for readiness, and is measured by what was received with mode=write', () => {
    const applying = withMember(aView({ position: lsn(5_000_000) }), 'n2', {
      probe: said({
        kind: 'standby',
        at: ago(300),
        timeline: 3,
        receivePosition: lsn(4_999_000),
        replayPosition: lsn(5),
      }),
    });
    expect(passing(applying, 'readiness')).toBe('n1 n3');
    expect(passing(applying, 'readiness?lag=16MB')).toBe('n1 n2 n3');
    expect(passing(applying, 'readiness?mode=write')).toBe('n1 n2 n3');
    expect(passing(applying, 'readiness?mode=write&lag=999')).toBe('n1 n3');
  });
});

describe('tags', () => {
  const tagged = withMember(calm, 'n2', { tags: { ...noTags, custom: { zone: 'eu' } } });

  it.each([
    ['replica', 'n2'],
    ['read-only', 'n2'],
    ['async', 'n2'],
    ['health', 'n2'],
    // Authority has nothing to do with tags.
    ['primary', 'n1'],
    ['leader', 'n1'],
    ['liveness', 'n1 n2 n3'],
  ])('are looked at by %s: %s', (kind, names) => {
    expect(passing(tagged, `${kind}?tag_zone=eu`)).toBe(names);
  });
});
