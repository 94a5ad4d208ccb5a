// What the rules say, and the small pieces that they are made of. They look at the file as it was written, so that what must fit together is told
// along with all other errors; whatever is wrong by itself they leave to the schema.
import { formatPath, type Path } from './yaml-source.ts';

export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

export const finding = (path: Path, message: string, remedy: string): Finding => ({ path, message, remedy });

export type Table = Readonly<Record<string, unknown>>;

export const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const tableOf = (value: unknown): Table => (isTable(value) ? value : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const passwordWays = ['password', 'password_file', 'password_env'];
export const hasPassword = (map: Table): boolean => passwordWays.some((way) => map[way] !== undefined);

/** At most one of the three ways to give a password. */
export function passwordFindings(map: Table, path: Path): readonly Finding[] {
  const [first, ...more] = passwordWays.filter((way) => map[way] !== undefined);
  return more.map((way) =>
    finding([...path, way], `the password is already given by '${first}'`, 'keep one of the two'),
  );
}

/** Both or neither. */
export function togetherFindings(map: Table, one: string, other: string, path: Path): readonly Finding[] {
  const lonely = [one, other].filter((key) => map[key] !== undefined);
  if (lonely.length !== 1 || lonely[0] === undefined) return [];
  const missing = lonely[0] === one ? other : one;
  return [finding([...path, lonely[0]], `is of no use without '${missing}'`, 'give both or neither')];
}

/** One finding for each item whose key another one before it has. */
export function twice(
  items: readonly { readonly key: string | undefined; readonly path: Path }[],
  words: (other: string) => readonly [message: string, remedy: string],
): readonly Finding[] {
  const seen = new Map<string, Path>();
  return items.flatMap(({ key, path }) => {
    if (key === undefined) return [];
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, path);
      return [];
    }
    return [finding(path, ...words(formatPath(other)))];
  });
}
