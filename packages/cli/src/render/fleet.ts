// The routers of the fleet for people: for each cluster whether all have taken the present leader over, and each router with its HAProxies. Pure.
import type { FleetDocument } from '@pgrouted/core/status/schema';
import { type Row, renderTable } from './table.ts';
import { clean, hang, type Look, paint } from './text.ts';

type Cluster = FleetDocument['clusters'][number];
type Router = Cluster['routers'][number];

const columns = [
  { title: 'ROUTER', shrinkTo: 12 },
  { title: 'VERSION', shrinkTo: 7 },
  { title: 'FOLLOWS', shrinkTo: 10 },
  { title: 'REVISION', align: 'right' },
  { title: 'HAPROXY', shrinkTo: 16 },
  { title: 'HOLDS IT' },
  { title: 'ALARMS' },
] as const;

export function renderFleet(fleet: FleetDocument, look: Look): string {
  const blocks = [...fleet.clusters.map((cluster) => clusterLines(cluster, look)), fleetLines(fleet, look)];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** What is wrong with the fleet itself, as far as this router is concerned. */
export function fleetLines({ problem, alarms }: FleetDocument, look: Look): readonly string[] {
  const told = alarms
    .flatMap((alarm) => hang('ALARM  ', clean(`fleet: ${alarm.text} [${alarm.code}]`), look.width))
    .map((line) => paint(look, 'bad', line));
  return problem === null ? told : [...told, ...hang('FLEET  ', clean(problem), look.width)];
}

function clusterLines(cluster: Cluster, look: Look): readonly string[] {
  const name = clean(cluster.cluster);
  const head = cluster.applied
    ? `${name}  APPLIED: every router and HAProxy leads to ${clean(cluster.leader ?? 'nobody')}`
    : `${name}  NOT APPLIED${cluster.leader === null ? '' : `: the leader is ${clean(cluster.leader)}`}`;
  const lines = hang('', head, look.width).map((line) => paint(look, cluster.applied ? 'good' : 'bad', line));
  const waiting = cluster.waiting.flatMap((text) => hang('  waiting: ', clean(text), look.width));
  const rows = cluster.routers.flatMap(routerRows);
  const table = rows.length === 0 ? [] : ['', ...renderTable(look, columns, rows, { indent: 4, wrapLast: true })];
  return [...lines, ...waiting, ...table];
}

function routerRows(router: Router): readonly Row[] {
  const [first, ...others] = router.targets;
  const cells = (target: Router['targets'][number] | undefined) => [
    { text: target?.name ?? '-' },
    target === undefined
      ? { text: '-' }
      : target.converged
        ? { text: 'yes', ink: 'good' as const }
        : {
            text: target.state === 'reachable' ? 'no' : `no: ${target.state.replaceAll('_', ' ')}`,
            ink: 'bad' as const,
          },
  ];
  return [
    {
      cells: [
        { text: router.own ? `${router.name} (this)` : router.name, ink: 'strong' },
        { text: router.version },
        { text: router.leader ?? '-' },
        { text: router.revision ?? '-' },
        ...cells(first),
        {
          text: router.health.length === 0 ? '-' : router.health.join(', '),
          ink: router.health.length === 0 ? 'plain' : 'bad',
        },
      ],
    },
    ...others.map(
      (target): Row => ({
        cells: [{ text: '' }, { text: '' }, { text: '' }, { text: '' }, ...cells(target), { text: '' }],
      }),
    ),
  ];
}
