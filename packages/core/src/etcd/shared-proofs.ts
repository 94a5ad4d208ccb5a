// Proofs that many wait for at once: a few are under way at a time, and all who ask meanwhile share the next one, which is begun after they asked. So a
// thousand clusters that switch at the same moment cost etcd a few reads. Has no clock and knows nothing of what a proof is.

/** With one hanging on a member that is frozen, the next must not have to wait for it. */
const AT_ONCE = 4;

export class SharedProofs {
  readonly #prove: () => Promise<void>;
  #underWay = 0;
  #next: { readonly proof: Promise<void>; readonly begin: () => void } | undefined;

  constructor(prove: () => Promise<void>) {
    this.#prove = prove;
  }

  /** A proof that is begun now or later. Rejects as it does. */
  one(): Promise<void> {
    if (this.#next === undefined && this.#underWay < AT_ONCE) return this.#begin();
    this.#next ??= this.#later();
    return this.#next.proof;
  }

  async #begin(): Promise<void> {
    this.#underWay += 1;
    try {
      await this.#prove();
    } finally {
      this.#underWay -= 1;
      const next = this.#next;
      this.#next = undefined;
      next?.begin();
    }
  }

  #later(): { readonly proof: Promise<void>; readonly begin: () => void } {
    let begin = (): void => {};
    const proof = new Promise<void>((resolve, reject) => {
      begin = () => void this.#begin().then(resolve, reject);
    });
    return { proof, begin };
  }
}
