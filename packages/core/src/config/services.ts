// What of HAProxy the file names, services and targets -> values; the same in every form of configuration file.
import type { ServiceSpec, TargetSpec } from '../model/spec.ts';
import type { ServicesFile, TargetFile } from './schema.ts';

/** Services as the file has them. */
export const servicesOf = (services: ServicesFile): readonly ServiceSpec[] =>
  Object.entries(services).map(([name, { backend, role, max_lag: maxLagBytes, fallback = 'none' }]) => ({
    name,
    backend,
    role,
    maxLagBytes,
    fallback,
  }));

/** The services of a cluster that names none: writes and reads, in backends named after it. */
export function defaultServices(cluster: string): readonly ServiceSpec[] {
  return (['primary', 'replica'] as const).map((role) => ({
    name: role,
    backend: `${cluster}_${role}`,
    role,
    maxLagBytes: undefined,
    fallback: 'none',
  }));
}

/** A target as the file has it. */
export function targetOf(target: TargetFile): TargetSpec {
  return { name: target.name ?? target.socket, socket: target.socket, masterSocket: target.master_socket };
}
