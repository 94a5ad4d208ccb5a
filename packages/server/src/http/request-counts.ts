// How many requests were answered, by route and status: two look-ups for each, so that counting may stand in the way of the fastest answer.

export class RequestCounts {
  readonly #byRoute = new Map<string, Map<number, { n: number }>>();

  /** `route` as it was declared, so that there is a bounded number of them; undefined: no route fitted. */
  count(route: string | undefined, status: number): void {
    const known = this.#byRoute.get(route ?? noRoute)?.get(status);
    if (known === undefined) this.#first(route ?? noRoute, status);
    else known.n += 1;
  }

  all(): readonly { readonly route: string; readonly status: number; readonly n: number }[] {
    return [...this.#byRoute].flatMap(([route, statuses]) =>
      [...statuses].map(([status, { n }]) => ({ route, status, n })),
    );
  }

  #first(route: string, status: number): void {
    const statuses = this.#byRoute.get(route) ?? new Map<number, { n: number }>();
    statuses.set(status, { n: 1 });
    this.#byRoute.set(route, statuses);
  }
}

const noRoute = 'none';
