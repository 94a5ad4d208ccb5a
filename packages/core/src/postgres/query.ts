// The answer to one question of our own to a member, beside what the probe asks.

/** Rows hold PostgreSQL's text form of each value. */
export type QueryAnswer =
  | { readonly ok: true; readonly rows: readonly (readonly (string | null)[])[] }
  /** `error`: a sentence without secrets. */
  | { readonly ok: false; readonly error: string };
