// What a target reports, as journal entries in the words of services and members. Pure.
import type { TargetReport } from '../haproxy/report.ts';
import { explainReason } from '../model/reason.ts';
import type { ServiceRole } from '../model/service.ts';
import type { SourceSpec } from '../model/spec.ts';
import type { NewEntry } from './journal.ts';

/** Which cluster's service a backend carries. */
export interface ServiceOfBackend {
  readonly cluster: string;
  readonly source: SourceSpec['kind'];
  readonly service: string;
  readonly role: ServiceRole;
  readonly backend: string;
}

export function entriesOf(
  target: string,
  report: TargetReport,
  serviceOf: (backend: string) => ServiceOfBackend | undefined,
): readonly NewEntry[] {
  const scopeOf = (backend: string): Pick<NewEntry, 'cluster' | 'service'> => {
    const found = serviceOf(backend);
    return found === undefined ? {} : { cluster: found.cluster, service: found.service };
  };
  const refusalOf = (backend: string): string =>
    serviceOf(backend)?.source === 'postgres'
      ? 'asked again right before opening, the servers did not say that it alone is primary'
      : 'etcd did not confirm, right before opening, that it is still to be opened';
  const told = (text: string): readonly NewEntry[] => [{ kind: 'target', target, text }];
  switch (report.kind) {
    case 'fenced': {
      const { backend, servers, sessionsEnded } = report;
      const names = servers.map(({ server }) => server).join(', ');
      const ended = sessionsEnded === 0 ? '' : `, ${sessionsEnded} sessions ended`;
      const only = servers.length === 1 ? servers[0]?.member : undefined;
      return [
        {
          kind: 'fenced',
          target,
          ...scopeOf(backend),
          ...(only === undefined ? {} : { member: only }),
          text: `${backend}: ${names} read back out${ended}`,
        },
      ];
    }
    case 'opened': {
      const { backend, servers } = report;
      const only = servers.length === 1 ? servers[0]?.member : undefined;
      return [
        {
          kind: 'opened',
          target,
          ...scopeOf(backend),
          ...(only === undefined ? {} : { member: only }),
          text: `${backend}: ${servers.map(({ server }) => server).join(', ')} read back ready`,
        },
      ];
    }
    case 'converged':
      return [];
    case 'reloaded':
      return told(
        report.previousPid === undefined
          ? `HAProxy ${report.version} answers, process ${report.pid}`
          : `HAProxy was reloaded or restarted: process ${report.pid} instead of ${report.previousPid}`,
      );
    case 'drift':
      return report.servers.map(({ backend, server, found, restored }) => ({
        kind: 'drift',
        target,
        ...scopeOf(backend),
        text: `${backend}/${server} was found ${found} without our doing; it is ${restored} again`,
      }));
    case 'unreachable':
    case 'hung':
      return told(report.error);
    case 'back':
      return told(`HAProxy answers again after ${(report.afterMs / 1000).toFixed(1)} s`);
    case 'sessions_remain':
      return [
        {
          kind: 'target',
          target,
          ...scopeOf(report.backend),
          text: `${report.backend}: ${report.sessions} sessions remain on servers that were taken out; nobody is let in`,
        },
      ];
    case 'missing':
      return told(
        report.missing.length === 0
          ? 'HAProxy has all backends and servers again'
          : `HAProxy lacks ${report.missing
              .map((gap) =>
                gap.kind === 'backend' ? `backend ${gap.backend}` : `a server for ${gap.member} in ${gap.backend}`,
              )
              .join(', ')}`,
      );
    case 'lint':
      return report.findings.map((finding) => ({ kind: 'target', target, text: explainReason(finding) }));
    case 'refused':
      return [
        {
          kind: 'target',
          target,
          ...scopeOf(report.server.backend),
          ...(report.server.member === undefined ? {} : { member: report.server.member }),
          text: `${report.server.backend}/${report.server.server} stays out: ${refusalOf(report.server.backend)}`,
        },
      ];
    case 'watchdog_fired':
      return [
        {
          kind: 'target',
          target,
          ...scopeOf(report.backend),
          text: `${report.backend}: HAProxy had closed it by itself, because nothing was heard from pgrouted in time`,
        },
      ];
  }
}
