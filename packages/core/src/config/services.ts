// What of HAProxy the file names, services and targets -> values; the same in every form of configuration file.
import {
  LAG_DWELL_MS,
  type LagLimit,
  type LagThreshold,
  type LeavingTable,
  lagThreshold,
  leavingDefaults,
  outageDefault,
  type ServersSpec,
  type ServiceSpec,
  serversDefault,
  serviceDefaults,
} from '../model/service.ts';
import type { ClusterSpec, TargetSpec } from '../model/spec.ts';
import { fillCluster } from './readers-service.ts';
import type { TargetFile } from './schema.ts';
import type { ServiceFile, ServicesFile } from './schema-service.ts';
import { addedPrefixDefault } from './server-parameters.ts';

/** Pigsty's and PgBouncer's own default. */
export const poolerPortDefault = 6432;
const mostWaiting = 1000;

/** What services take from their cluster. */
export interface ServicesOwner {
  /** Undefined: `{cluster}` stays, to be filled in for each cluster that is found. */
  readonly name: string | undefined;
  readonly grace: ClusterSpec['grace'];
  /** Where `dest: pooler` leads. */
  readonly poolerPort: number;
}

/** Services as the file has them. */
export const servicesOf = (services: ServicesFile, owner: ServicesOwner): readonly ServiceSpec[] =>
  Object.entries(services).map(([name, file]) => serviceOf(name, file, owner));

function serviceOf(name: string, file: ServiceFile, { name: cluster, grace, poolerPort }: ServicesOwner): ServiceSpec {
  const { role, backend, backends = backend === undefined ? [] : [backend] } = file;
  if (role === undefined || backends.length === 0)
    throw new Error('a service without role or backend has passed the rules');
  const { outage, hold } = file;
  return {
    name,
    backends: cluster === undefined ? backends : backends.map((written) => fillCluster(written, cluster)),
    role,
    selector: file.selector,
    backup: file.backup ?? serviceDefaults.backup,
    fallback: file.fallback ?? serviceDefaults.fallback,
    maxLag: file.max_lag === undefined ? undefined : lagLimitOf(file.max_lag),
    keepAtLeast: file.keep_at_least ?? serviceDefaults.keepAtLeast,
    port: file.port ?? (file.dest === 'pooler' ? poolerPort : undefined),
    weightTag: file.weight_tag === 'none' ? undefined : (file.weight_tag ?? serviceDefaults.weightTag),
    leaving: leavingOf(file.leave),
    drainTimeoutMs: file.drain_timeout ?? serviceDefaults.drainTimeoutMs,
    outage: outage === undefined ? outageDefault(role, grace) : 'kind' in outage ? outage : outage.hold,
    hold:
      hold === undefined
        ? undefined
        : typeof hold === 'number'
          ? { waitMs: hold, most: mostWaiting }
          : { waitMs: hold.wait, most: hold.connections ?? mostWaiting },
    servers: file.servers === undefined ? serversDefault : serversOf(file.servers),
    listenPort: file.listen,
  };
}

interface LagFile {
  readonly bytes?: number | undefined;
  readonly bytes_back?: number | undefined;
  readonly time?: number | undefined;
  readonly time_back?: number | undefined;
  readonly dwell?: number | undefined;
}

const lagLimitOf = ({ bytes, bytes_back, time, time_back, dwell = LAG_DWELL_MS }: LagFile): LagLimit => ({
  bytes: thresholdOf(bytes, bytes_back),
  time: thresholdOf(time, time_back),
  dwellMs: dwell,
});

const thresholdOf = (leave: number | undefined, enter: number | undefined): LagThreshold | undefined =>
  leave === undefined ? undefined : { ...lagThreshold(leave), ...(enter === undefined ? {} : { enter }) };

/** The defaults, with what the file says instead. */
function leavingOf(file: ServiceFile['leave'] = {}): LeavingTable {
  return {
    ...leavingDefaults,
    ...Object.fromEntries(Object.entries(file).filter(([, leaving]) => leaving !== undefined)),
  };
}

function serversOf({ match, name, backup, spares, add }: NonNullable<ServiceFile['servers']>): ServersSpec {
  return {
    match: match ?? serversDefault.match,
    name: name ?? serversDefault.name,
    backupName: backup,
    spares,
    add: add === undefined ? undefined : { prefix: add.prefix ?? addedPrefixDefault, parameters: add.parameters ?? [] },
  };
}

/** The services of a cluster that names none: writes and reads, in backends named after it; `cluster`: its name, or what stands for it. */
export function defaultServices(cluster: string, grace: ClusterSpec['grace']): readonly ServiceSpec[] {
  return (['primary', 'replica'] as const).map((role) => ({
    ...serviceDefaults,
    name: role,
    backends: [`${cluster}_${role}`],
    role,
    outage: outageDefault(role, grace),
  }));
}

/** A target as the file has it. */
export function targetOf(target: TargetFile): TargetSpec {
  return { name: target.name ?? target.socket, socket: target.socket, masterSocket: target.master_socket };
}
