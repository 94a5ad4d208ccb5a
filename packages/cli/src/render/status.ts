// The whole status document as a page that is read at a glance: verdict and alarms first, then clusters, HAProxy, etcd. Pure.
import type { ClusterStatus, StatusDocument } from '@pgrouted/core/status/schema';
import { formatAge } from './amounts.ts';
import { renderCluster } from './cluster.ts';
import { fleetLines } from './fleet.ts';
import { describeHeld, deviationOf } from './held.ts';
import { overrideLines } from './overrides.ts';
import { isUndecided, serviceState } from './services.ts';
import { renderEtcd, renderTargets, stateOf } from './targets.ts';
import { clean, hang, type Look, paint } from './text.ts';

export interface StatusLook extends Look {
  /** The reader's time of day, to tell when the router's clock is far from it. */
  readonly now: Date;
}

/** More than this between the document's time and the reader's is no delay on the way any more. */
const skewMs = 5_000;

export function renderStatus(doc: StatusDocument, look: StatusLook): string {
  const blocks = [
    [
      ...title(doc, look),
      ...verdict(doc, look),
      ...alarms(doc, look),
      ...overrideLines(doc.overrides ?? [], look),
      ...(doc.fleet === undefined ? [] : fleetLines(doc.fleet, look)),
    ],
    ...doc.clusters.map((cluster) => renderCluster(look, cluster)),
    renderTargets(look, doc.targets),
    ...(doc.etcd.members.length === 0 ? [] : [renderEtcd(look, doc.etcd)]),
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function title(doc: StatusDocument, look: StatusLook): readonly string[] {
  const { version, host, uptimeMs } = doc.router;
  const at = doc.at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
  const lines = [...hang('', clean(`pgrouted ${version} on ${host}, up ${formatAge(uptimeMs)}, ${at}`), look.width)];
  const apart = look.now.getTime() - Date.parse(doc.at);
  if (Math.abs(apart) > skewMs) {
    const words = `${formatAge(Math.abs(apart))} ${apart > 0 ? 'behind' : 'ahead of'}`;
    lines.push(
      ...hang('', `(the router's clock is ${words} this machine's; the ages below are the router's own)`, look.width),
    );
  }
  return lines;
}

function verdict(doc: StatusDocument, look: Look): readonly string[] {
  const hasServices = doc.clusters.some(({ services }) => services.length > 0);
  if (doc.ready) {
    const text = hasServices ? 'every write service routes' : 'no service is configured, the lists are answered';
    return [paint(look, 'good', `READY: ${text}`)];
  }
  const closed = doc.clusters.flatMap((cluster) =>
    cluster.services
      .filter((service) => service.role === 'primary' && !(service.open && service.routing))
      .map((service) => `${cluster.name}/${service.name} is ${serviceState(service).text}`),
  );
  const why = closed.length > 0 ? closed.join(', ') : 'no write service routes yet';
  return hang('', clean(`NOT READY: ${why}`), look.width).map((line) => paint(look, 'loud', line));
}

/** Servers that take writes somewhere and must not. */
function wronglyOpen(cluster: ClusterStatus): readonly string[] {
  return cluster.services
    .filter((service) => service.role === 'primary' && !isUndecided(service))
    .flatMap((service) =>
      service.servers.flatMap((server) =>
        server.held
          .filter((one) => deviationOf(service, server, one) === 'open_wrongly')
          .map((one) => `${cluster.name}/${service.name}: ${describeHeld(service, server, one)}`),
      ),
    );
}

function alarms(doc: StatusDocument, look: Look): readonly string[] {
  const texts = doc.clusters.flatMap((cluster) => {
    const own = cluster.alarms.map((alarm) => `${cluster.name}: ${alarm.text} [${alarm.code}]`);
    // A read service is no part of readiness, but who looks for "no server available" must not have to search.
    const reads = cluster.services
      .filter((service) => service.role !== 'primary' && !serviceState(service).well)
      .map((service) => `${cluster.name}/${service.name}: ${serviceState(service).text}`);
    return [...own, ...reads, ...wronglyOpen(cluster)];
  });
  texts.push(...(doc.alarms ?? []).map((alarm) => `${alarm.text} [${alarm.code}]`));
  for (const target of doc.targets) {
    const state = stateOf(target);
    if (state.ink === 'loud') texts.push(`HAProxy ${target.name}: ${state.text}`);
  }
  return texts.flatMap((text) => hang('ALARM  ', clean(text), look.width)).map((line) => paint(look, 'bad', line));
}
