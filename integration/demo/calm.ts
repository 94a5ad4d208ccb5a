// The times between the acts: everything is well, the client writes, and one line says who serves.
import { eventually } from '../lab/process.ts';
import { liveLine } from './act.ts';
import type { Screen } from './screen.ts';
import type { Theatre } from './theatre.ts';

/** Waits until the cluster is healthy and pgrouted routes to everybody again, and lets the client write for a moment. */
export async function calm(theatre: Theatre, screen: Screen): Promise<void> {
  const { daemon, writer, servers } = theatre;
  const stop = screen.live(() => liveLine(theatre));
  try {
    await theatre.healthy();
    const status = await daemon.until('all servers to be routed to', ({ clusters }) =>
      clusters.every(({ services }) =>
        services.every(({ role, routing, servers: inService }) => {
          const ready = inService.filter(({ state }) => state === 'ready').length;
          return routing && ready === (role === 'primary' ? 1 : servers - 1);
        }),
      ),
    );
    const seen = writer.committed().length;
    await eventually('some more writes', () => writer.committed().length > seen + 50);
    stop();
    const of = (role: string) =>
      status.clusters
        .flatMap(({ services }) => services.filter((service) => service.role === role))
        .flatMap(({ servers: inService }) =>
          inService.filter(({ state }) => state === 'ready').map(({ member }) => member),
        );
    screen.line(
      `  writes go to ${of('primary').join(', ')}, reads to ${of('replica').join(' and ')}; ${liveLine(theatre)}`,
    );
  } finally {
    stop();
  }
}
