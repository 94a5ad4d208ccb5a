// YAML text -> plain values, with the way back: where in the file a value, or a key, was written. Messages are our own, since the parser's
// quote the text around an error, and that text may be a password.
import {
  type Alias,
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
  type YAMLWarning,
} from 'yaml';

export type Path = readonly PropertyKey[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Place {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** True: the text could not be made sense of beyond `problems`. */
  readonly broken: boolean;
  /** What was left out in reading, in words. Not for `strict`: there it is a problem. */
  readonly passedOver: readonly string[];
  /** Where the value was written; that of the nearest enclosing one if it was not written at all. */
  readonly placeOf: (path: Path) => Place;
  /** Where the key itself was written. */
  readonly placeOfKey: (path: Path) => Place;
  /** The key stands alone, without a colon: most often the tail of an unquoted text with a comma. */
  readonly isLoneKey: (path: Path) => boolean;
}

/**
 * Whose reading counts. `strict`: our own file; YAML 1.2, a key given twice is a problem. `PyYAML` (Patroni's file): << merges, and the last of two equal
 * keys wins. `yaml.v2` (PgRoute66's file, github.com/go-yaml/yaml): that too; every value is the text that was written, or null; equal keys at the top
 * whose values are maps are put together; a second document is not looked at.
 */
export type YamlDialect = 'strict' | 'PyYAML' | 'yaml.v2';

const dialects: Readonly<Record<YamlDialect, DocumentOptions & ParseOptions & SchemaOptions>> = {
  strict: { stringKeys: true },
  PyYAML: { merge: true, uniqueKeys: false },
  'yaml.v2': { merge: true, uniqueKeys: false, schema: 'failsafe', customTags: (tags) => [...tags, 'null'] },
};

/** `clusters[0].services.primary`. */
export function formatPath(path: Path): string {
  return path
    .map((step) =>
      typeof step === 'number'
        ? `[${step}]`
        : /^[\w-]+$/.test(String(step))
          ? `.${String(step)}`
          : `[${JSON.stringify(String(step))}]`,
    )
    .join('')
    .replace(/^\./, '');
}

export function readYaml(text: string, dialect: YamlDialect): YamlSource {
  const lines = new LineCounter();
  const doc = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    prettyErrors: false,
    logLevel: 'error',
    ...dialects[dialect],
  });
  const errors = doc.errors.filter(({ code }) => dialect !== 'yaml.v2' || code !== 'MULTIPLE_DOCS');
  if (dialect === 'yaml.v2') joinEqualKeys(doc.contents);
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const found: Findings = { keys: new Map(), aliases: [] };
  collect(doc.contents, [], found);

  const complaints = dialect === 'strict' ? [...errors, ...doc.warnings] : errors;
  const problems: YamlProblem[] = complaints.map(({ code, pos }) => {
    const [message, remedy] = sayings[code] ?? notYaml;
    // What looks like a key where the text is broken could be a part of a value.
    const path = code === 'DUPLICATE_KEY' ? (found.keys.get(pos[0]) ?? []) : [];
    return { ...place(pos[0]), path, message, remedy };
  });
  for (const { alias, path } of found.aliases) {
    if (alias.resolve(doc) !== undefined) continue;
    const [message, remedy] = unknownAlias;
    problems.push({ ...place(alias.range?.[0] ?? 0), path, message, remedy });
  }
  const { value, exploded } = plainValue(doc);
  if (exploded && problems.length === 0) {
    problems.push({
      ...place(0),
      path: [],
      message: 'its aliases (*name) multiply beyond reason',
      remedy: 'write the values out',
    });
  }
  return {
    value,
    problems,
    broken: exploded || errors.some(({ code }) => code !== 'DUPLICATE_KEY'),
    passedOver: [
      ...(errors.length < doc.errors.length ? ['what follows the first YAML document'] : []),
      ...doc.warnings.filter(isForeignTag).map(({ pos }) => `the type (!...) of a value in line ${place(pos[0]).line}`),
    ],
    placeOf: (path) => place(nodeAt(doc, path).offset),
    placeOfKey: (path) => place(pairAt(doc, path)?.keyOffset ?? nodeAt(doc, path).offset),
    isLoneKey: (path) => pairAt(doc, path)?.lone ?? false,
  };
}

type Saying = readonly [message: string, remedy: string];
const notYaml: Saying = [
  'this is not valid YAML',
  'look at the quotes, colons and indentation here and in the line before',
];
const unknownAlias: Saying = [
  'a value that starts with * stands for another one (an alias), and there is none of that name',
  "put the value in quotes if the * belongs to it: '*...'",
];
const sayings: Readonly<Record<string, Saying>> = {
  DUPLICATE_KEY: ['this key is given twice', 'keep one of the two'],
  BAD_ALIAS: unknownAlias,
  BAD_INDENT: [
    'this line is indented in a way that fits nothing above it',
    'line it up with the keys that it belongs to',
  ],
  TAB_AS_INDENT: ['YAML does not allow tabs as indentation', 'use spaces'],
  MULTIPLE_DOCS: ['the file holds more than one YAML document', "remove the line '---' and what follows it"],
  MISSING_CHAR: ['something is missing here: a colon after a key, or a closing quote or bracket', 'complete it'],
  BAD_SCALAR_START: ['a value must not start with this character', 'put the value in quotes'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes starts a code that YAML does not know', "use single quotes: '...'"],
  NON_STRING_KEY: ['a key must be text', 'write a plain name before the colon'],
  TAG_RESOLVE_FAILED: ['a value that starts with ! names a type that is not known', "put the value in quotes: '!...'"],
};

interface Findings {
  /** Path of each key, by where it was written. */
  readonly keys: Map<number, Path>;
  readonly aliases: { readonly alias: Alias; readonly path: Path }[];
}

function collect(node: unknown, path: Path, found: Findings): void {
  if (isAlias(node)) found.aliases.push({ alias: node, path });
  if (isSeq(node)) node.items.forEach((item, index) => void collect(item, [...path, index], found));
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    if (!isScalar(key)) continue;
    const here = [...path, String(key.value)];
    if (key.range) found.keys.set(key.range[0], here);
    collect(value, here, found);
  }
}

/** A tag whose meaning is lost when the value is taken as text: not !!str, !!int and the like. */
const isForeignTag = ({ code, message }: YAMLWarning): boolean =>
  code === 'TAG_RESOLVE_FAILED' && !/tag:yaml\.org,2002:(str|int|float|bool|null|map|seq|timestamp)\b/.test(message);

/** `hosts:` given twice holds the hosts of both; of anything else that is given twice the last one counts. */
function joinEqualKeys(contents: unknown): void {
  if (!isMap(contents)) return;
  for (const [index, { key, value }] of contents.items.entries()) {
    if (!isScalar(key) || !isMap(value)) continue;
    const before = contents.items
      .slice(0, index)
      .filter((other) => isScalar(other.key) && other.key.value === key.value);
    for (const { value: earlier } of before) if (isMap(earlier)) value.items.unshift(...earlier.items);
  }
}

function plainValue(doc: Document): { readonly value: unknown; readonly exploded: boolean } {
  try {
    return { value: doc.toJS({ maxAliasCount: 100 }), exploded: false };
  } catch {
    // toJS throws for aliases only: those that resolve to nothing (told above) and those that multiply.
    return { value: undefined, exploded: true };
  }
}

interface FoundPair {
  readonly keyOffset: number;
  readonly lone: boolean;
  readonly value: unknown;
}

function pairAt(doc: Document, path: Path): FoundPair | undefined {
  const parent = nodeAt(doc, path.slice(0, -1));
  const name = path.at(-1);
  if (!parent.exact || !isMap(parent.node)) return undefined;
  // Where a key may be given twice, the last one counts.
  const pair = parent.node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(name));
  if (pair === undefined || !isScalar(pair.key)) return undefined;
  return { keyOffset: pair.key.range?.[0] ?? parent.offset, lone: pair.value === null, value: pair.value };
}

interface FoundNode {
  readonly node: unknown;
  readonly offset: number;
  /** False: the path leads further than what was written; this is the last that was. */
  readonly exact: boolean;
}

function nodeAt(doc: Document, path: Path): FoundNode {
  const root: FoundNode = { node: resolved(doc, doc.contents), offset: doc.contents?.range?.[0] ?? 0, exact: true };
  const name = path.at(-1);
  if (name === undefined) return root;
  const parent = nodeAt(doc, path.slice(0, -1));
  if (!parent.exact) return parent;
  if (isSeq(parent.node)) {
    const item = typeof name === 'number' ? parent.node.items[name] : undefined;
    return item === undefined
      ? { ...parent, exact: false }
      : { node: resolved(doc, item), offset: rangeOf(item)?.[0] ?? parent.offset, exact: true };
  }
  const pair = pairAt(doc, path);
  if (pair === undefined) return { ...parent, exact: false };
  return { node: resolved(doc, pair.value), offset: offsetOf(pair.value) ?? pair.keyOffset, exact: true };
}

const resolved = (doc: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(doc) : node);

/** Of a value that was written; one left empty after its colon or dash has no width. */
function offsetOf(node: unknown): number | undefined {
  const range = rangeOf(node);
  return range && range[1] > range[0] ? range[0] : undefined;
}

const rangeOf = (node: unknown): Node['range'] =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
