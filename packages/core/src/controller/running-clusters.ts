// The clusters that run, with what is asked of them again and again looked up once: by backend, by name, those that take part in Stolon's protocol. A value that
// is made anew when clusters come or go.
import { isWriteService, type ServiceSpec } from '../model/service.ts';
import type { ClusterController } from './cluster-controller.ts';
import { registers } from './proxy-part.ts';
import type { ServiceOfBackend } from './reports.ts';

export class RunningClusters {
  readonly all: readonly ClusterController[];
  /** Only these have watchdogs, and only these wait for targets to let go. */
  readonly registered: readonly ClusterController[];
  readonly #byName: ReadonlyMap<string, ClusterController>;
  readonly #byBackend: ReadonlyMap<string, { readonly controller: ClusterController; readonly service: ServiceSpec }>;

  constructor(all: readonly ClusterController[]) {
    this.all = all;
    this.registered = all.filter(({ spec }) => registers(spec));
    this.#byName = new Map(all.map((controller) => [controller.spec.name, controller]));
    this.#byBackend = new Map(
      all.flatMap((controller) =>
        controller.spec.services.flatMap((service) =>
          service.backends.map((backend) => [backend, { controller, service }] as const),
        ),
      ),
    );
  }

  named(name: string): ClusterController | undefined {
    return this.#byName.get(name);
  }

  ofBackend(backend: string): ClusterController | undefined {
    return this.#byBackend.get(backend)?.controller;
  }

  serviceOf(backend: string): ServiceOfBackend | undefined {
    const found = this.#byBackend.get(backend);
    if (found === undefined) return undefined;
    const { controller, service } = found;
    const { name: cluster, source } = controller.spec;
    return { cluster, source: source.kind, service: service.name, role: service.role, backend };
  }

  /** Who is decided ready in the write service behind this backend. */
  writerOf(backend: string): string | undefined {
    const found = this.#byBackend.get(backend);
    const decided = found?.controller.decision()?.services.find(({ service }) => service === found.service.name);
    return decided !== undefined && isWriteService(decided)
      ? decided.verdicts.find(({ state }) => state === 'ready')?.member
      : undefined;
  }

  /** Of all write services. */
  writers(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#byBackend.keys()].flatMap((backend) => {
        const writer = this.writerOf(backend);
        return writer === undefined ? [] : [[backend, writer] as const];
      }),
    );
  }
}
