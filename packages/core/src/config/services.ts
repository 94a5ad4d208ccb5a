// What of HAProxy the file names, services and targets -> values; the same in every form of configuration file.
import { lagLimitOfBytes, outageDefault, type ServiceSpec, serviceDefaults } from '../model/service.ts';
import type { ClusterSpec, TargetSpec } from '../model/spec.ts';
import type { ServicesFile, TargetFile } from './schema.ts';

/** Services as the file has them. `grace`: the cluster's. */
export const servicesOf = (services: ServicesFile, grace: ClusterSpec['grace']): readonly ServiceSpec[] =>
  Object.entries(services).map(([name, { backend, role, max_lag: maxLagBytes, fallback = 'none' }]) => ({
    ...serviceDefaults,
    name,
    backends: [backend],
    role,
    maxLag: maxLagBytes === undefined ? undefined : lagLimitOfBytes(maxLagBytes),
    fallback,
    outage: outageDefault(role, grace),
  }));

/** The services of a cluster that names none: writes and reads, in backends named after it. */
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
