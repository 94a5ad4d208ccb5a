// Which of Patroni's health checks a path asks for. The order and the way of matching are Patroni's own (patroni/api.py, 3.0 - 4.1): some words count
// wherever they stand in the path, so that `/replica/anything` works; others have to be the whole of it. Knows no answers.

/** A check by what is asked, whichever of its names was used. */
export type CheckKind =
  | 'primary'
  | 'leader'
  | 'standby_leader'
  | 'replica'
  | 'read_only'
  | 'sync'
  | 'async'
  | 'quorum'
  | 'read_only_sync'
  | 'read_only_quorum'
  | 'health'
  | 'liveness'
  | 'readiness';

/** Routed by the first word of the path, before anything else is looked at. */
const byFirstWord: Readonly<Record<string, CheckKind>> = { liveness: 'liveness', readiness: 'readiness' };

/** Anywhere in the path; the first that fits counts. */
const bySubstring: readonly (readonly [pattern: RegExp, kind: CheckKind])[] = [
  [/standby[_-]leader/, 'standby_leader'],
  [/leader/, 'leader'],
  [/master|primary|read-write/, 'primary'],
  [/replica/, 'replica'],
  [/^(?!.*(?:sync|quorum)).*read-only/, 'read_only'],
  [/health/, 'health'],
];

const byWhole: Readonly<Record<string, CheckKind>> = {
  sync: 'sync',
  synchronous: 'sync',
  async: 'async',
  asynchronous: 'async',
  quorum: 'quorum',
  'read-only-sync': 'read_only_sync',
  'read-only-synchronous': 'read_only_sync',
  'read-only-quorum': 'read_only_quorum',
};

const inTable = (table: Readonly<Record<string, CheckKind>>, word: string): CheckKind | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

/** `path`: without its first slash; empty asks for the primary. Undefined: Patroni knows no such check. */
export function kindOf(path: string): CheckKind | undefined {
  if (path === '') return 'primary';
  const [firstWord = ''] = path.split('/');
  return (
    inTable(byFirstWord, firstWord) ??
    bySubstring.find(([pattern]) => pattern.test(path))?.[1] ??
    inTable(byWhole, path)
  );
}

/**
 * Only these are asked by OPTIONS and HEAD as well: with these methods Patroni does not route by the first word, so that it knows neither
 * `/liveness` nor `/readiness`.
 */
export const answersStatusOnly = (path: string): boolean => !Object.hasOwn(byFirstWord, path.split('/')[0] ?? '');
