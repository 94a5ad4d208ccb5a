// keepers[..] in clusterdata: one machine that runs a PostgreSQL for Stolon, as the sentinel sees it.
import * as z from 'zod';

export interface Keeper {
  /** Heard of within failInterval, as the sentinel last counted. */
  readonly healthy: boolean;
  readonly forceFail: boolean;
  /** PostgreSQL's version, `15.4`. */
  readonly version: string | undefined;
  readonly canBeMaster: boolean;
  readonly canBeSynchronousReplica: boolean;
}

const part = z.number().int().nonnegative().nullish();
const versionSchema = z
  .object({ Maj: part, Min: part })
  .nullish()
  .transform((version) => (version?.Maj ? `${version.Maj}.${version.Min ?? 0}` : undefined));
const flag = z.boolean().nullish();

const statusSchema = z.object({
  healthy: flag,
  forceFail: flag,
  postgresBinaryVersion: versionSchema,
  canBeMaster: flag,
  canBeSynchronousReplica: flag,
});

/** One entry of `keepers`. */
export const keeperSchema = z.object({ status: statusSchema.nullish() }).transform(
  ({ status }): Keeper => ({
    healthy: status?.healthy ?? false,
    forceFail: status?.forceFail ?? false,
    version: status?.postgresBinaryVersion,
    // Since 0.17, and only once the keeper has told: missing means that nobody forbids it.
    canBeMaster: status?.canBeMaster ?? true,
    canBeSynchronousReplica: status?.canBeSynchronousReplica ?? true,
  }),
);
