// A selector: a JMESPath expression over the list of members that gives those which may serve. Compiled once for each text, tried out before it is taken, and
// never a reason to throw: what can't be evaluated selects nobody and says so.
import { type JSONObject, type JSONValue, TreeInterpreter } from '@jmespath-community/jmespath';
import { type Shape, shapeOf } from './selector-shape.ts';
import { parseSelector, type SelectorNode, type SelectorProblem, wrong } from './selector-syntax.ts';
import type { SelectableMember, SelectorField } from './selector-words.ts';

export interface Selector {
  readonly text: string;
  /** The fields of members that it asks for. */
  readonly fields: ReadonlySet<SelectorField>;
  readonly tree: SelectorNode;
}

export type SelectorReading = { readonly ok: true; readonly selector: Selector } | SelectorProblem;

/** Who is selected, by name; `error`: it could not be evaluated, so nobody is. */
export interface Selection {
  readonly names: ReadonlySet<string>;
  readonly error: string | undefined;
}

/** Configurations come and go with reloads; nobody has so many selectors. */
const MOST_KEPT = 1_000;
const kept = new Map<string, SelectorReading>();

/** The selector of this text, or what is wrong with it and what to write instead. The same text is compiled once. */
export function compileSelector(text: string): SelectorReading {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const reading = readSelector(text);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(text, reading);
  return reading;
}

function readSelector(text: string): SelectorReading {
  const parsed = parseSelector(text);
  if (!parsed.ok) return parsed;
  const { shape, fields, problem } = shapeOf(parsed.tree, text);
  if (problem !== undefined) return problem;
  const selector = { text, fields, tree: parsed.tree };
  return noList(shape, text) ?? tried(selector) ?? { ok: true, selector };
}

/** Who of these members is selected. */
export function selectFrom(selector: Selector, members: readonly SelectableMember[]): Selection {
  const nobody = (error: string): Selection => ({ names: new Set(), error });
  const shown = new Map(members.map((member) => [bare({ ...member }), member.name]));
  let given: unknown;
  try {
    given = TreeInterpreter.search(selector.tree, [...shown.keys()]);
  } catch (error) {
    return nobody(error instanceof Error ? error.message : String(error));
  }
  if (!Array.isArray(given)) return nobody('it gives no list of members');
  const names = new Set<string>();
  for (const one of given) {
    const name = shown.get(one);
    if (name !== undefined) names.add(name);
    else if (one !== null) return nobody('it gives something that is no member');
  }
  return { names, error: undefined };
}

/** Without a prototype, and so are the objects in it: a tag named `toString` is there only if somebody wrote it. */
function bare(object: Readonly<Record<string, unknown>>): JSONObject {
  const copy: JSONObject = Object.create(null);
  for (const [key, value] of Object.entries(object)) copy[key] = bareValue(value);
  return copy;
}

function bareValue(value: unknown): JSONValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(bareValue);
  return typeof value === 'object' && value !== null ? bare({ ...value }) : null;
}

function noList(shape: Shape, text: string): SelectorProblem | undefined {
  const inFilter = `put the condition into [? ... ]: [? ${text.trim()} ]`;
  switch (shape) {
    case 'member':
      return wrong('it gives one member, not a list of them', 'write [0:1] instead of [0]');
    case 'tags':
      return wrong('it gives tags, not a list of members', inFilter);
    case 'nothing':
      return wrong('it gives nothing, whoever the members are', inFilter);
    case 'members':
    case 'value':
      return undefined;
  }
}

/** Members as different as they come: one of which nothing is known but its name, and one that has everything. */
const samples: readonly SelectableMember[] = [
  sample({ name: 'n1', role: 'unknown', tags: {} }),
  sample({
    name: 'n2',
    host: '10.0.0.2',
    port: 5432,
    role: 'replica',
    running: true,
    lag: 0,
    lag_seconds: 0,
    timeline: 1,
    tags: {},
  }),
];

function sample(known: Partial<SelectableMember>): SelectableMember {
  return {
    name: '',
    host: null,
    port: null,
    role: 'unknown',
    state: '',
    running: false,
    sync: 'async',
    lag: null,
    lag_seconds: null,
    timeline: null,
    tags: {},
    pg_role: 'replica',
    pg_offline_query: false,
    ...known,
  };
}

/** Tried out, so that what would fail as soon as a member lacks a tag fails when the configuration is read. */
function tried(selector: Selector): SelectorProblem | undefined {
  const { error } = selectFrom(selector, samples);
  if (error === undefined) return undefined;
  if (/^it gives/.test(error))
    return wrong(error, "end with the members themselves: [? role == 'replica' ], not [].name");
  if (/null/.test(error))
    return wrong(
      `it fails for a member of which something is not known: ${error}`,
      "a tag that a member does not bear is null: write not_null(tags.zone, '') instead of tags.zone",
    );
  return wrong(`it can't be evaluated: ${error}`, 'see the function at jmespath.org');
}
