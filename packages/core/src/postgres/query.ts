// The answer to one question of our own to a member, beside what the probe asks.
import * as z from 'zod';

/** Rows hold PostgreSQL's text form of each value. */
export type QueryAnswer =
  | { readonly ok: true; readonly rows: readonly (readonly (string | null)[])[] }
  /** `error`: a sentence without secrets. */
  | { readonly ok: false; readonly error: string };

const textRows = z.array(z.array(z.string().nullable()));

/** Undefined when it is no rows of texts. */
export const readRows = (rows: unknown): readonly (readonly (string | null)[])[] | undefined =>
  textRows.safeParse(rows).data;
