// A recording decides as what it was made of: recorded streams are told to the recorder as a mirror of etcd tells them, and replayed again.
import { readFileSync } from 'node:fs';
import type { KeyValue, MirrorChange, MirrorEvent, MirrorSnapshot } from '@pgrouted/core/etcd/mirror';
import { serviceDefaults } from '@pgrouted/core/model/service';
import type { PatroniSpec, StolonSpec, StoredClusterSpec } from '@pgrouted/core/model/spec';
import { millis, revision } from '@pgrouted/core/model/units';
import { parseEvents, type RecordedEvent, replay } from '@pgrouted/core/replay/replay';
import { sourcePrefix } from '@pgrouted/core/source/source';
import { describe, expect, it } from 'vitest';
import { StreamLines } from './stream-lines.ts';

function eventsOf(text: string): readonly RecordedEvent[] {
  const result = parseEvents(text, 'the stream');
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** The stream, recorded once more: each event as a change of the mirror at its time. */
function recordedAgain(events: readonly RecordedEvent[], startedAt: number): string {
  const lines = new StreamLines();
  const entries = new Map<string, KeyValue>();
  let newest = revision(0);
  const snapshot = (at: number): MirrorSnapshot => ({
    revision: newest,
    confirmedAt: millis(at),
    entries: new Map(entries),
    clusterId: '1',
  });
  const out: string[] = [];
  const tell = (change: MirrorChange, at: number): void => void out.push(...lines.change(change, millis(at)));
  const tellEvent = (event: MirrorEvent, at: number): void =>
    tell({ kind: 'events', revision: newest, events: [event], snapshot: snapshot(at) }, at);
  let isStarted = false;
  for (const event of events) {
    if (!('key' in event)) continue;
    const at = startedAt + event.t_ms;
    if (!isStarted && event.init !== true) {
      isStarted = true;
      tell({ kind: 'relisted', why: 'start', snapshot: snapshot(startedAt), historyLost: false }, startedAt);
    }
    const modRevision = revision(event.mod_revision);
    newest = modRevision;
    if (event.type === 'delete') {
      entries.delete(event.key);
      tellEvent({ type: 'delete', key: event.key, modRevision }, at);
      continue;
    }
    const createRevision = entries.get(event.key)?.createRevision ?? modRevision;
    const kv: KeyValue = {
      key: event.key,
      value: event.value,
      lease: event.lease,
      modRevision,
      createRevision,
    };
    entries.set(event.key, kv);
    if (isStarted) tellEvent({ type: 'put', kv }, at);
  }
  return out.join('');
}

const specOf = (source: PatroniSpec | StolonSpec): StoredClusterSpec => ({
  name: 'demo',
  source,
  probe: undefined,
  grace: 'auto',
  services: [
    { ...serviceDefaults, name: 'primary', backends: ['be_rw'], role: 'primary', outage: { kind: 'auto' } },
    { ...serviceDefaults, name: 'replica', backends: ['be_ro'], role: 'replica', outage: { kind: 'auto' } },
  ],
});
const stolon = specOf({ kind: 'stolon', name: 'demo', prefix: 'stolon/cluster', register: true, onStop: 'release' });
const patroni = specOf({ kind: 'patroni', scope: 'demo', namespace: '/service' });

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../core/test/fixtures/${name}.jsonl`, import.meta.url), 'utf8');

describe('a recording', () => {
  it.each([
    ['stolon/failover', stolon, undefined],
    ['stolon/failover', stolon, '5f2dd97f'],
    ['stolon/failover-dead-proxy', stolon, undefined],
    ['stolon/standby-cluster', stolon, undefined],
    ['stolon/sentinel-change', stolon, undefined],
    ['patroni/switchover', patroni, undefined],
  ])('of %s decides as that stream does', (name, cluster, as) => {
    const events = eventsOf(fixture(name));
    const again = eventsOf(recordedAgain(events, 1_000_000.25));
    const prefix = sourcePrefix(cluster.source);
    const changes = replay({ cluster, prefix, events, as });
    expect(replay({ cluster, prefix, events: again, as })).toEqual(changes);
    expect(changes.length).toBeGreaterThan(3);
  });

  it("keeps every key of Stolon's, the proxies' and sentinels' included", () => {
    const keysOf = (events: readonly RecordedEvent[]): readonly string[] =>
      events.flatMap((event) =>
        'key' in event ? [`${event.type} ${event.key} ${event.mod_revision} ${event.lease}`] : [],
      );
    const events = eventsOf(fixture('stolon/failover'));
    const again = eventsOf(recordedAgain(events, 0));
    expect(keysOf(again)).toEqual(keysOf(events));
    for (const part of [
      'clusterdata',
      'proxies/info/5f2dd97f',
      'sentinels/info/',
      'sentinel-leader/',
      'keepers/info/keeper1',
    ]) {
      expect(keysOf(again).some((key) => key.includes(`stolon/cluster/demo/${part}`))).toBe(true);
    }
  });

  it('with secrets in clusterdata decides as the cluster itself', () => {
    const withSecrets = eventsOf(fixture('stolon/failover')).map((event): RecordedEvent => {
      if (!('key' in event) || event.type !== 'put' || !event.key.endsWith('/clusterdata')) return event;
      const archive = '"pgParameters":{"archive_command":"sshpass -p hunter2 scp","app.secret":"hunter2",';
      return { ...event, value: event.value.replaceAll('"pgParameters":{', archive) };
    });
    const text = recordedAgain(withSecrets, 0);
    expect(JSON.stringify(withSecrets)).toContain('hunter2');
    expect(text).not.toContain('hunter2');
    const prefix = sourcePrefix(stolon.source);
    expect(replay({ cluster: stolon, prefix, events: eventsOf(text) })).toEqual(
      replay({ cluster: stolon, prefix, events: withSecrets }),
    );
  });
});
