// Work that many ask for at once: for each key one run is under way at a time and at most one waits, which all share who ask meanwhile.
// So whoever asks gets the outcome of a run that was begun after the question, and work never piles up. Has no clock: a run ends by itself.

interface Lane<T> {
  readonly current: Promise<T>;
  readonly next: Promise<T> | undefined;
}

export class SharedRuns<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  /** `work` must not reject. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return this.#begin(key, work);
    if (lane.next !== undefined) return lane.next;
    const next = lane.current.then(() => this.#begin(key, work));
    this.#lanes.set(key, { current: lane.current, next });
    return next;
  }

  /** Settles when what was asked for up to now is over. */
  async settled(key: string): Promise<void> {
    const lane = this.#lanes.get(key);
    await (lane?.next ?? lane?.current);
  }

  #begin(key: string, work: () => Promise<T>): Promise<T> {
    const current = work();
    const mine: Lane<T> = { current, next: undefined };
    this.#lanes.set(key, mine);
    // Unless somebody waits already: then the lane is the next one's.
    void current.then(() => {
      if (this.#lanes.get(key) === mine) this.#lanes.delete(key);
    });
    return current;
  }
}
