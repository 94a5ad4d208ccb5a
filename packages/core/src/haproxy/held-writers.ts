// Which member each write service was last read back with, for as long as decisions let it in: letting it in again after a reload or a hand took
// it out asks for no new authority. Values only.
import type { Desired, DesiredBackend } from './desired.ts';
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

const letsIn = (desired: Desired, backend: string, member: string): boolean =>
  writeBackends(desired)
    .get(backend)
    ?.servers.some((server) => server.member === member && server.state === 'ready') === true;

const indexes = new WeakMap<Desired, ReadonlyMap<string, DesiredBackend>>();

/** By name; of two entries for one backend the first counts. */
function writeBackends(desired: Desired): ReadonlyMap<string, DesiredBackend> {
  const known = indexes.get(desired);
  if (known !== undefined) return known;
  const exclusive = desired.backends.filter((one) => one.exclusive);
  const index = new Map([...exclusive].reverse().map((one) => [one.backend, one]));
  indexes.set(desired, index);
  return index;
}
