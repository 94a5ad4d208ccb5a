// Where the readers of PgRoute66's file put what they find. Neither call may be given the value of a secret.
import type { Path } from './yaml-source.ts';

export interface Notes {
  /** The file can't be used like this. */
  readonly complain: (path: Path, message: string, remedy: string) => void;
  /** It can, but not all of it is used, or it may not be what was meant. An empty path: the message says where. */
  readonly warn: (path: Path, message: string) => void;
  /** The key stands alone, without a colon: it may be the tail of a password, and is not to be repeated. */
  readonly isLoneKey: (path: Path) => boolean;
}
