import { describe, expect, it } from 'vitest';
import { compileSelector, type Selection, selectFrom } from './selector.ts';
import type { SelectableMember } from './selector-words.ts';

const member = (name: string, changes: Partial<SelectableMember> = {}): SelectableMember => ({
  name,
  host: '10.0.0.1',
  port: 5432,
  role: 'replica',
  state: 'running',
  running: true,
  sync: 'async',
  lag: 0,
  lag_seconds: null,
  timeline: 1,
  tags: {},
  pg_role: 'replica',
  pg_offline_query: false,
  ...changes,
});

const members = [
  member('n1', { role: 'primary', pg_role: 'primary', lag: null }),
  member('n2', { sync: 'sync', lag: 5_000, tags: { az: 'a' } }),
  member('n3', { tags: { az: 'b', '5': true }, pg_offline_query: true }),
  member('n4', { pg_role: 'offline', lag_seconds: 12 }),
];

function selection(text: string): Selection {
  const reading = compileSelector(text);
  if (!reading.ok) throw new Error(`${reading.message}; ${reading.remedy}`);
  return selectFrom(reading.selector, members);
}

const selected = (text: string): string => [...selection(text).names].join(' ');

const refused = (text: string): string => {
  const reading = compileSelector(text);
  return reading.ok ? 'taken' : `${reading.message} -> ${reading.remedy}`;
};

describe('a selector', () => {
  it.each([
    // As Pigsty's users write them.
    ['[]', 'n1 n2 n3 n4'],
    ['[? pg_role == `primary` || pg_role == `offline` ]', 'n1 n4'],
    ['[? pg_role == `offline` || pg_offline_query ]', 'n3 n4'],
    ['[? pg_role == `replica` && !pg_offline_query]', 'n2'],
    // Others.
    ["[?role=='replica' && tags.az == 'b']", 'n3'],
    ['[? sync == `sync` ]', 'n2'],
    ['[? lag < `1000` ]', 'n3 n4'],
    ['[? lag_seconds > `10` ]', 'n4'],
    ["[? starts_with(name, 'n') && !contains(['n1', 'n2'], name) ]", 'n3 n4'],
    ["[? contains(not_null(tags.az, ''), 'b') ]", 'n3'],
    ["[?role=='replica'] | [0:1]", 'n2'],
    ["[?role=='replica'] | [0:1] | [?sync=='async']", ''],
    ["[[?sync=='sync'], [?role=='primary']][]", 'n2 n1'],
    ['reverse(sort_by(@, &name))[0:2]', 'n4 n3'],
    ['[? !(tags.az) ]', 'n1 n4'],
    ['[? tags."5" ]', 'n3'],
    ["[? role == 'promoting' ]", ''],
    ['@', 'n1 n2 n3 n4'],
    // What every object of JavaScript has is no tag.
    ['[? tags.toString ]', ''],
    ['[? tags.constructor || tags."__proto__" ]', ''],
  ])('%s selects %s', (text, names) => {
    expect(selected(text)).toBe(names);
  });

  it('that fails on a member selects nobody, and says why', () => {
    const { names, error } = selection("[? starts_with(not_null(tags.az, ''), 'a') ]");
    expect([[...names], error]).toEqual([['n2'], undefined]);
    const number = [member('n5', { tags: { az: 7 } }), ...members];
    const reading = compileSelector("[? starts_with(not_null(tags.az, ''), 'a') ]");
    const failed = reading.ok ? selectFrom(reading.selector, number) : undefined;
    expect(failed?.names.size).toBe(0);
    expect(failed?.error).toContain('starts_with()');
  });
});

describe('a selector is refused', () => {
  it.each([
    ['', "the selector is empty -> leave it out to take all members, or write [? role == 'replica' ]"],
    ["[?role=='replica'", 'the selector ends too early -> a ] is missing'],
    ["[?(role=='replica']", '] is not expected at character 19 -> a ) is missing'],
    ["[? role = 'replica' ]", '= compares nothing -> a comparison is written with =='],
    [
      "[? role === 'replica' ]",
      "= is not expected at character 11 -> a comparison is written with ==: role == 'replica'",
    ],
    ['[? lag < 100 ]', '100 is not expected at character 10 -> a number stands in backticks: `100`'],
    ['[?\n  lag < 100\n]', '100 is not expected at line 2, character 9 -> a number stands in backticks: `100`'],
    ['[? lag & role ]', "& is not expected at character 8 -> 'and' is written &&"],
    ['[? name == `abc ]', '` at character 12 is not closed -> close it with another `'],
    ["[? rolle == 'replica' ]", "a member has no field 'rolle' -> did you mean 'role'?"],
    ["[? role == 'master' ]", "role is never 'master' -> did you mean 'primary'?"],
    ['[? sync == `potential` ]', "sync is never 'potential' -> did you mean 'async'?"],
    [
      "role == 'replica'",
      "'role' is asked of the list of members, not of each of them -> put the condition into [? ... ]: [? role == 'replica' ]",
    ],
    ["[?role=='replica'][?lag < `5`]", 'a second [? ... ] is asked of each single member, and gives nobody'],
    ['[0]', 'it gives one member, not a list of them -> write [0:1] instead of [0]'],
    ['[].name', 'it gives something that is no member -> end with the members themselves'],
    ['[].tags', 'it gives something that is no member -> end with the members themselves'],
    ['*', 'it gives nothing, whoever the members are'],
    ['`5`', 'it gives no list of members'],
    ['[? start_with(name, `n`) ]', 'there is no function start_with() -> did you mean starts_with()?'],
    ['[? pad_left(name, `1000000000`) ]', 'there is no function pad_left()'],
    ['[? toString(name) ]', 'there is no function toString() -> did you mean to_string()?'],
    ['[? length(name, name) ]', "it can't be evaluated: Invalid arity"],
    ["[? contains(tags.zone, 'b') ]", 'it fails for a member of which something is not known'],
    ['[? $[0].role ]', 'a selector looks at one member at a time: $ and let are not taken'],
    [
      '[? !tags.az ]',
      '! binds tighter than the dot, and so denies the part before it -> write !(tags.x) instead of !tags.x',
    ],
    ["[? name == 'x' ] && # ", '# is not expected at character 21'],
    ['('.repeat(1_001), 'the selector has 1001 characters, more than 1000'],
    ['('.repeat(1_000), 'the selector ends too early -> a ) is missing'],
    [`${'('.repeat(998)}a]`, '] is not expected at character 1000 -> a ) is missing'],
  ])('%.60s', (text, expected) => {
    expect(refused(text)).toContain(expected);
  });

  it('for a text that should have been quoted, with how to quote it', () => {
    for (const text of ['[? role == replica ]', '[? role == "replica" ]'])
      expect(refused(text)).toMatch(/a member has no field 'replica' -> .*a text stands in single quotes: 'replica'/);
  });
});
