import { describe, expect, it } from 'vitest';
import { Keys, primaryRecord, record, soundKeys } from '../../test/patroni-keys.ts';
import type { Leadership } from '../model/view.ts';

const stopped = record({ state: 'stopped', role: 'demoted', xlog_location: undefined, timeline: undefined });
const demoting = primaryRecord({ xlog_location: undefined, timeline: undefined });
const { leader: _, ...leaderless } = soundKeys;

const held = (leadership: Leadership): Extract<Leadership, { kind: 'held' }> => {
  if (leadership.kind !== 'held') throw new Error('vacant');
  return leadership;
};

describe('the leader key', () => {
  it('in the first picture was found, at the revision of its last write', () => {
    const keys = Keys.listed();
    expect(keys.view.leadership).toMatchObject({
      kind: 'held',
      member: 'n1',
      origin: 'found',
      revision: 13n,
      seenAt: keys.now,
    });
  });

  it('that stays is the same leadership, whatever else is written', () => {
    const keys = Keys.listed();
    const { seenAt } = keys.view.leadership;
    expect(keys.wait(10_000).put({ status: '{"optime":2000}' }).leadership).toMatchObject({ seenAt, origin: 'found' });
  });

  it('put again by its own holder is the same leadership: a Patroni that came back with a new lease', () => {
    const keys = Keys.listed();
    const { revision } = keys.view.leadership;
    expect(keys.wait(10).put({ leader: 'n1' }).leadership).toMatchObject({ revision });
  });

  it('with another name is a new leadership, also without a delete in between', () => {
    const keys = Keys.listed();
    const { leadership } = keys.wait(10).put({ leader: 'n2' });
    expect(leadership).toMatchObject({ member: 'n2', origin: 'named', seenAt: keys.now, revision: keys.revision });
  });

  it('made anew by the same member while nobody looked has to be proven again', () => {
    const keys = Keys.listed();
    const { leadership } = keys.wait(10).unseen({ leader: undefined }, { leader: 'n1' });
    expect(leadership).toMatchObject({ member: 'n1', origin: 'found', seenAt: keys.now, revision: keys.revision });
  });

  it('that the same member gets back is regained, and its earlier records still count', () => {
    const keys = Keys.listed();
    const { recordsFrom } = held(keys.view.leadership);
    keys.wait(10).put({ leader: undefined, 'members/n1': undefined });
    const { leadership } = keys.wait(100).put({ leader: 'n1' });
    expect(leadership).toMatchObject({ origin: 'regained', seenAt: keys.now, revision: keys.revision, recordsFrom });
  });

  it('that the same member gets back after a stop in good order is not regained', () => {
    const keys = Keys.listed();
    keys.put({ 'members/n1': stopped });
    keys.put({ leader: undefined });
    expect(keys.put({ leader: 'n1' }).leadership).toMatchObject({ origin: 'named', recordsFrom: keys.revision });
  });

  it('that names nobody readable names nobody, and spares nobody', () => {
    const keys = Keys.listed();
    const view = keys.put({ leader: 'n\n1' });
    expect(view.leadership).toMatchObject({ kind: 'vacant', former: undefined });
    expect(view.problems).toMatchObject([{ key: '/service/demo/leader' }]);
  });
});

describe('etcd restored from a backup', () => {
  const switched = (): Keys => {
    const keys = Keys.listed();
    keys.put({ leader: 'n2' });
    keys.put({ 'members/n2': primaryRecord() });
    keys.put({ 'members/n1': record() });
    return keys;
  };

  it('in which another one led: its records from then prove nothing, the next ones do', () => {
    const keys = switched();
    const view = keys.restored(2, { leader: 'n1', 'members/n1': primaryRecord() });
    expect(view.leadership).toMatchObject({ member: 'n1', origin: 'found', seenAt: keys.now });
    expect(held(view.leadership).recordProofSince).toBeUndefined();
    expect(held(keys.put({ 'members/n1': primaryRecord() }).leadership).recordProofSince).toBe(keys.now);
  });

  it('in which the same one led: nothing changes', () => {
    const keys = switched();
    const { leadership } = keys.view;
    expect(keys.wait(10).restored(1, {}).leadership).toMatchObject({ member: 'n2', seenAt: leadership.seenAt });
  });
});

describe('a leader key that goes', () => {
  const gone = (prepare: (keys: Keys) => void, withMember = false): Leadership => {
    const keys = Keys.listed();
    keys.wait(5_000).put({ 'members/n1': primaryRecord({ xlog_location: 1_500 }) });
    prepare(keys);
    return keys.put({ leader: undefined, ...(withMember ? { 'members/n1': undefined } : {}) }).leadership;
  };

  it("with its holder's record in one revision has run out: nothing was stopped", () => {
    expect(gone(() => {}, true)).toMatchObject({ kind: 'vacant', former: 'n1', graceful: false });
  });

  it('so has run out even when the last position was written right before', () => {
    expect(gone((keys) => keys.put({ status: '{"optime":1600}' }), true)).toMatchObject({ graceful: false });
  });

  it('alone, deleted by hand, tells nothing of a stop', () => {
    expect(gone((keys) => keys.wait(2_000))).toMatchObject({ former: 'n1', graceful: false });
  });

  it.each([
    ['the record said stopping', (keys: Keys) => keys.put({ 'members/n1': primaryRecord({ state: 'stopping' }) })],
    ['the record said demoted', (keys: Keys) => keys.put({ 'members/n1': stopped })],
    ['the record had lost its position', (keys: Keys) => keys.put({ 'members/n1': demoting })],
    ['the last position was written right before', (keys: Keys) => keys.put({ status: '{"optime":1600}' })],
  ])('was given back in good order: %s', (_, prepare) => {
    expect(gone(prepare)).toMatchObject({ former: 'n1', graceful: true });
  });

  it('a second after the routine status was not given back for that', () => {
    expect(
      gone((keys) => {
        keys.put({ status: '{"optime":1600}' });
        keys.wait(1_000);
      }),
    ).toMatchObject({ graceful: false });
  });

  it('in a paused cluster is not given back by a status: PostgreSQL is left alone', () => {
    expect(
      gone((keys) => {
        keys.put({ config: '{"pause":true}' });
        keys.put({ status: '{"optime":1600}' });
      }),
    ).toMatchObject({ graceful: false });
  });

  it('is known to be given back by the record that follows', () => {
    const keys = Keys.listed();
    keys.wait(5_000).put({ leader: undefined });
    const { leadership } = keys.wait(44).put({ 'members/n1': primaryRecord({ state: 'stopped' }) });
    expect(leadership).toMatchObject({ former: 'n1', graceful: true, seenAt: keys.now - 44 });
  });

  it('stays gone since the same instant', () => {
    const keys = Keys.listed();
    const { leadership } = keys.put({ leader: undefined });
    expect(keys.wait(1_000).put({ 'members/n2': record({ xlog_location: 5 }) }).leadership).toEqual(leadership);
  });

  it('that was never seen has no former holder', () => {
    expect(Keys.listed(leaderless).view.leadership).toMatchObject({ kind: 'vacant', former: undefined });
  });
});

describe('the proof by record', () => {
  it('is there at the first look when the record is younger than the key', () => {
    const keys = Keys.listed();
    expect(held(keys.view.leadership).recordProofSince).toBe(keys.now);
  });

  it('lasts since it began while records say the same', () => {
    const keys = Keys.listed();
    const since = keys.now;
    const { leadership } = keys.wait(10_000).put({ 'members/n1': primaryRecord({ xlog_location: 7 }) });
    expect(held(leadership).recordProofSince).toBe(since);
  });

  it('begins anew after a record that proves nothing', () => {
    const keys = Keys.listed();
    expect(
      held(keys.wait(10).put({ 'members/n1': primaryRecord({ state: 'crashed' }) }).leadership).recordProofSince,
    ).toBeUndefined();
    expect(held(keys.wait(10).put({ 'members/n1': primaryRecord() }).leadership).recordProofSince).toBe(keys.now);
  });

  it('of a new leader is its first record as primary after the naming', () => {
    const keys = Keys.listed();
    expect(held(keys.put({ leader: 'n2' }).leadership).recordProofSince).toBeUndefined();
    expect(held(keys.put({ 'members/n2': record({ role: 'promoted' }) }).leadership).recordProofSince).toBeUndefined();
    expect(held(keys.wait(900).put({ 'members/n2': primaryRecord() }).leadership).recordProofSince).toBe(keys.now);
  });
});
