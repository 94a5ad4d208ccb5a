// The pages of a cluster that nobody manages: as for the others they are kept as text files in test/pages, to be reviewed by a person.
import { explainReason, inWordsOf, type ReasonCode, reason } from '@pgrouted/core/model/reason';
import type { ClusterStatus, MemberStatus, ReasonDocument, StatusDocument } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import * as documents from '../../test/documents.ts';
import { renderExplain } from './explain.ts';
import { renderStatus } from './status.ts';
import { lengthOf } from './text.ts';

const because = (code: ReasonCode, facts: ReasonDocument['facts'] = {}): ReasonDocument => {
  const told = inWordsOf('postgres', reason(code, facts));
  return { code, text: explainReason(told), facts: told.facts };
};

const server = (name: string, kind: 'primary' | 'standby', given: Partial<MemberStatus> = {}): MemberStatus =>
  documents.member(name, {
    role: kind === 'primary' ? 'primary' : 'replica',
    state: kind,
    version: null,
    replicationState: null,
    lagBytes: kind === 'primary' ? null : 4_096,
    recordAgeMs: 7_200_000,
    probe: { kind, ageMs: 120, error: null, lastAnswer: { kind, ageMs: 120 } },
    status: kind,
    ...given,
  });

const gone = (was: 'primary' | 'standby'): Partial<MemberStatus> => ({
  running: false,
  state: 'down',
  probe: {
    kind: 'down',
    ageMs: 90,
    error: 'connect ECONNREFUSED 10.0.0.11:5432',
    lastAnswer: { kind: was, ageMs: 61_000 },
  },
  status: 'unavailable',
});

const neverHeard: Partial<MemberStatus> = {
  role: 'unknown',
  state: 'silent',
  running: false,
  timeline: null,
  position: null,
  lagBytes: null,
  probe: { kind: 'silent', ageMs: 1_900, error: 'no answer from 10.0.0.13:5432 within 2000 ms', lastAnswer: null },
  status: 'unavailable',
};

type Leadership = NonNullable<ClusterStatus['view']>['leadership'];

function page(cluster: Partial<ClusterStatus>, leadership: Leadership, ready: boolean): StatusDocument {
  return documents.document({
    ready,
    etcd: { members: [] },
    clusters: [
      documents.healthyCluster({
        source: { kind: 'postgres', prefix: null },
        view: documents.healthyView({ revision: '12', leadership, ttlMs: 0, loopWaitMs: 0, synchronousMode: 'off' }),
        services: documents.healthyServices('orders', 'pg1', ['pg2', 'pg3'], because),
        ...cluster,
      }),
    ],
  });
}

/** Nobody takes writes; one standby takes reads. */
function closed(why: ReasonDocument, reader: string): ClusterStatus['services'] {
  const [primary, replica] = documents.healthyServices('orders', 'pg1', ['pg2', 'pg3'], because);
  if (primary === undefined || replica === undefined) throw new Error('there are two services');
  const names = ['pg1', 'pg2', 'pg3'];
  const servers = names.map((name) => documents.server(name, 'maint', why));
  return [
    { ...primary, open: false, routing: false, reason: because('write_closed', { because: why.text }), servers },
    {
      ...replica,
      reason: because('read_open', { members: reader }),
      servers: names.map((name) =>
        name === reader
          ? documents.server(name, 'ready', documents.streaming(name, because))
          : documents.server(name, 'maint', why),
      ),
    },
  ];
}

const conflict = because('conflicting_primaries', { members: 'pg1 and pg2' });
const pages = {
  healthy: page(
    { members: [server('pg1', 'primary'), server('pg2', 'standby'), server('pg3', 'standby')] },
    { kind: 'held', member: 'pg1', revision: '4', forMs: 7_190_000 },
    true,
  ),
  'two-primaries': page(
    {
      members: [server('pg1', 'primary'), server('pg2', 'primary', { timeline: 6 }), server('pg3', 'standby')],
      services: closed(conflict, 'pg3'),
      alarms: [conflict],
    },
    { kind: 'vacant', former: 'pg1', revision: '9', forMs: 4_200, graceful: false },
    false,
  ),
  'no-primary': page(
    {
      members: [
        server('pg1', 'primary', gone('primary')),
        server('pg2', 'standby'),
        server('pg3', 'standby', neverHeard),
      ],
      services: closed(because('leader_down', { member: 'pg1', error: 'connect ECONNREFUSED 10.0.0.11:5432' }), 'pg2'),
    },
    { kind: 'vacant', former: 'pg1', revision: '9', forMs: 61_000, graceful: false },
    false,
  ),
} as const;

const status = (doc: StatusDocument, width: number, colour = false): string =>
  renderStatus(doc, { width, colour, now: documents.now });
const explained = (doc: StatusDocument): string =>
  renderExplain(doc, { member: undefined, cluster: undefined, service: 'primary' }, { width: 80, colour: false });
const colourCodes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

for (const [name, doc] of Object.entries(pages)) {
  describe(`servers that nobody manages, ${name}`, () => {
    it('look as was reviewed', async () => {
      await expect(status(doc, 80)).toMatchFileSnapshot(`../../test/pages/postgres-${name}.txt`);
      await expect(explained(doc)).toMatchFileSnapshot(`../../test/pages/explain-postgres-${name}.txt`);
    });

    it.each([80, 100, 160])('fit %d columns', (width) => {
      for (const line of status(doc, width).split('\n')) expect(lengthOf(line), line).toBeLessThanOrEqual(width);
    });

    it('say with colour what they say without', () => {
      expect(status(doc, 80, true).replace(colourCodes, '')).toBe(status(doc, 80));
    });

    it('are told of without a word of keys, records or etcd', () => {
      expect(status(doc, 160) + explained(doc)).not.toMatch(/etcd|leader key|\brecords?\b|Patroni|Stolon/i);
    });
  });
}
