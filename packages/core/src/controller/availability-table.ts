// The table that PgRoute66's availability lives by, `public.pgr66_avc`: one row with the instant of the last look, by the primary's clock.
// Names, types and texts are PgRoute66's (0.8), so that both may use the same table side by side. Knows no cluster.
import type { QueryAnswer } from '../postgres/query.ts';

/** Asks one server. */
export type AskServer = (text: string) => Promise<QueryAnswer>;

export type TableStanding =
  /** A primary that has the table. */
  | { readonly kind: 'there' }
  /** In recovery: nothing can be written. */
  | { readonly kind: 'standby' }
  | { readonly kind: 'failed'; readonly error: string };

export type RowAge =
  | { readonly kind: 'age'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly text: string };

const table = '"public"."pgr66_avc"';
/**
 * A role's settings (default_transaction_isolation) must not lead to a second row or to a refusal. And no synchronous standby is waited for: its delay is
 * what the row is to show.
 */
const plainly = `set transaction isolation level read committed;
set local synchronous_commit = local`;

/** Asked of the catalog, which everybody may read and which is no error in the server's log when there is no such table. */
const standing = `select pg_catalog.pg_is_in_recovery(), exists (
  select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relname = 'pgr66_avc')`;

/** The lock (its number is the table's name) is for other routers: IF NOT EXISTS alone fails where two create at the same instant. */
const create = `${plainly};
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pgr66_avc'));
create table if not exists ${table} ("pgr66_avc" timestamp);
insert into ${table} select pg_catalog.now() where not exists (select from ${table})`;

const touch = `${plainly};
update ${table} set "pgr66_avc" = pg_catalog.now() returning 1`;

/** Both sides of the difference are in the session's time zone, as PgRoute66 writes and reads it. */
const age = `select extract(epoch from pg_catalog.now() - "pgr66_avc") from ${table}`;

/** Makes the table with its row on a primary that has none. */
export async function ensureTable(ask: AskServer): Promise<TableStanding> {
  const found = await ask(standing);
  if (!found.ok) return { kind: 'failed', error: `looking for table ${table}: ${found.error}` };
  const [inRecovery, exists] = found.rows[0] ?? [];
  if (inRecovery !== 'f') return { kind: 'standby' };
  if (exists === 't') return { kind: 'there' };
  const created = await ask(create);
  return created.ok ? { kind: 'there' } : { kind: 'failed', error: `creating table ${table}: ${created.error}` };
}

/** Sets the row to the primary's clock. Gives what went wrong, if anything did. */
export async function touchRow(ask: AskServer): Promise<string | undefined> {
  const touched = await ask(touch);
  if (!touched.ok) return `updating table ${table}: ${touched.error}`;
  return touched.rows.length === 1 ? undefined : `table ${table} holds ${touched.rows.length} rows, not one`;
}

/** How old the row is as this server sees it; below zero where the servers' clocks differ. */
export async function rowAge(ask: AskServer): Promise<RowAge> {
  const found = await ask(standing);
  if (!found.ok) return failed(unreadable);
  if (found.rows[0]?.[1] !== 't') return failed(`table ${table} does not exist`);
  const read = await ask(age);
  if (!read.ok) return failed(read.error);
  const [row] = read.rows;
  if (row === undefined || read.rows.length !== 1)
    return failed(`unexpected result while checking for duration (${read.rows.length} != 1)`);
  const seconds = Number(row[0] ?? Number.NaN);
  return Number.isNaN(seconds) ? failed(`table ${table} holds no instant`) : { kind: 'age', seconds };
}

/** PgRoute66's words where a server can't be asked. */
export const unreadable = `failed to check for table ${table}`;

const failed = (text: string): RowAge => ({ kind: 'failed', text });
