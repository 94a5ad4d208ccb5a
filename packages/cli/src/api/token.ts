// The secret that a router may ask for before it changes anything: from a file or from the environment. Never from the command line, where everybody on the
// machine could read it.
import { readFileSync } from 'node:fs';
import { errorText, exitCodes, Failure } from '../failure.ts';
import type { Io } from '../io.ts';

/** `file`: of `--token-file`. Undefined: there is none, and a router that trusts this machine needs none. */
export function tokenOf({ env }: Pick<Io, 'env'>, file: string | undefined): string | undefined {
  const named = file ?? env['PGROUTED_TOKEN_FILE'];
  if (named === undefined || named === '') return env['PGROUTED_TOKEN'] || undefined;
  let token: string;
  try {
    token = readFileSync(named, 'utf8').trim();
  } catch (error) {
    throw new Failure(
      `the token can't be read: ${errorText(error)} (--token-file or PGROUTED_TOKEN_FILE)`,
      exitCodes.usage,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Failure(`${named} holds no token: it has to be one word of printable characters`, exitCodes.usage);
  return token;
}
