// The line of `systemctl status pgrouted`, as people read it.
import type { ClusterStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { describe, expect, it } from 'vitest';
import { emptyStatus, fullStatus, memberOf, reason, serverOf } from '../../test/picture.ts';
import { statusLine } from './status-line.ts';

const [orders, blind] = fullStatus.clusters;
const [edge] = fullStatus.targets;
if (orders === undefined || blind === undefined || edge === undefined) throw new Error('the picture is another');

const calm: ClusterStatus = { ...orders, alarms: [] };
const named = (name: string, cluster: ClusterStatus = calm): ClusterStatus => ({ ...cluster, name });
const calmEdge = { ...edge, problems: [] };

function closed(why: string, first = serverOf('pg1', 'maint')): ClusterStatus {
  const [write, ...others] = calm.services;
  if (write === undefined) throw new Error('the picture has no write service');
  const servers = [first, serverOf('pg2', 'maint')];
  return { ...calm, services: [{ ...write, open: false, routing: false, reason: reason(why), servers }, ...others] };
}

describe('the line for systemctl status', () => {
  it.each<[what: string, status: Partial<StatusDocument>, line: string]>([
    ['nothing, where nothing was found yet', {}, 'no cluster yet'],
    ['who takes writes', { clusters: [calm], targets: [calmEdge] }, 'orders: pg1 takes writes; HAProxy as decided'],
    [
      'why nobody does',
      { clusters: [closed('leader_vacant')], targets: [calmEdge] },
      'orders: nobody takes writes (leader vacant); HAProxy as decided',
    ],
    [
      'who shall, before any HAProxy has let it in',
      {
        clusters: [closed('open', { ...serverOf('pg1', 'ready'), held: serverOf('pg1', 'maint').held })],
        targets: [calmEdge],
      },
      'orders: pg1 is to take writes, no HAProxy sends it any yet; HAProxy as decided',
    ],
    ['what was not heard yet', { clusters: [blind] }, 'blind: etcd was not heard yet'],
    [
      'the same where servers are asked themselves',
      { clusters: [{ ...blind, source: { kind: 'postgres', prefix: null } }] },
      'blind: its servers were not heard yet',
    ],
    [
      'the primary, where no service is configured',
      { clusters: [{ ...calm, services: [] }, named('stock', { ...calm, services: [], members: [] })] },
      'orders: pg1 is primary; stock: nobody is primary',
    ],
    [
      'what HAProxy does not hold',
      {
        clusters: [calm],
        targets: [
          calmEdge,
          { ...calmEdge, name: 'west', converged: false },
          { ...calmEdge, name: 'east', converged: false, state: 'not_running' },
        ],
      },
      'orders: pg1 takes writes; HAProxy not as decided: west is being told, east (not running)',
    ],
    [
      'an alarm, wherever it is on',
      { clusters: [calm], targets: [edge] },
      'orders: pg1 takes writes; HAProxy as decided; alarm: server missing',
    ],
    [
      'how many alarms, and the first',
      { clusters: [orders], targets: [edge, edge] },
      'orders: pg1 takes writes; 2 HAProxies as decided; 5 alarms, first: two primaries',
    ],
    [
      'of many clusters those without a primary',
      {
        clusters: [...'abcdefgh'].map((name) => named(name, name < 'g' ? closed('leader_vacant') : calm)),
      },
      '8 clusters, without a primary: a, b, c, d, e and 1 more',
    ],
    [
      'that all of many have one',
      {
        clusters: [...'abcd', 'e'].map((name) =>
          named(name, { ...calm, services: [], members: [memberOf('x', 'primary')] }),
        ),
      },
      '5 clusters, each with a primary',
    ],
  ])('tells %s', (_, status, line) => {
    expect(statusLine({ ...emptyStatus, ...status })).toBe(line);
  });

  it('is never longer than a terminal shows', () => {
    const alarm = { ...reason('x'), text: 'x'.repeat(1_000) };
    const long = named('n'.repeat(200));
    const line = statusLine({ ...emptyStatus, clusters: [long, long, { ...long, alarms: [alarm] }] });
    expect(line).toHaveLength(400);
    expect(line).toMatch(/\.\.\.$/);
    const short = statusLine({ ...emptyStatus, clusters: [{ ...calm, alarms: [alarm] }] });
    expect(short).toMatch(/^orders: pg1 takes writes; alarm: x{157}\.\.\.$/);
  });
});
