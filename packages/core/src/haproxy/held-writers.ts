// Which member each write service was last read back with, for as long as decisions let it in: letting it in again after a reload or a hand took
// it out asks for no new authority. Values only.
import type { Desired } from './desired.ts';
import type { Wanted } from './match.ts';

export class HeldWriters {
  readonly #held = new Map<string, string>();

  /** The newest decision: a member that it does not let in is forgotten. */
  decided(desired: Desired): void {
    for (const [backend, member] of this.#held) if (!letsIn(desired, backend, member)) this.#held.delete(backend);
  }

  /** Read back under this decision. A server that is merely kept as it is counts for nothing: it was not let in by us. */
  read(desired: Desired, wanted: readonly Wanted[]): void {
    for (const { line, member } of wanted) {
      if (member === undefined || !line.inRotation) continue;
      if (letsIn(desired, line.backend, member)) this.#held.set(line.backend, member);
    }
  }

  /** The member was held under a decision that has stood since. */
  has(backend: string, member: string): boolean {
    return this.#held.get(backend) === member;
  }
}

const letsIn = ({ backends }: Desired, backend: string, member: string): boolean =>
  backends
    .find((one) => one.backend === backend && one.exclusive)
    ?.servers.some((server) => server.member === member && server.state === 'ready') === true;
