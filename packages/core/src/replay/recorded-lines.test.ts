import { describe, expect, it } from 'vitest';
import { parseEvents, parseProbes } from './replay.ts';

describe('parseEvents', () => {
  it('reads puts, deletes and confirmations, and passes over empty lines', () => {
    const text = `{"t_ms":0,"type":"put","key":"/s/d/leader","value":"n1","lease":"7","mod_revision":8,"init":true}

{"t_ms":5,"type":"delete","key":"/s/d/leader","value":"","lease":"0","mod_revision":9}
{"t_ms":6,"type":"unconfirmed"}
`;
    const parsed = parseEvents(text, 'a.jsonl');
    expect(parsed).toMatchObject({
      ok: true,
      value: [{ init: true }, { type: 'delete' }, { type: 'unconfirmed', t_ms: 6 }],
    });
  });

  it.each([
    ['{"t_ms":0', 'not JSON (9 characters)'],
    [
      '{"t_ms":0,"type":"put","key":"","value":"v","lease":"0","mod_revision":1}',
      'key: Too small: expected string to have >=1 characters',
    ],
    ['{"t_ms":-1,"type":"confirmed"}', 't_ms: Too small: expected number to be >=0'],
    [
      '{"t_ms":0,"type":"put","key":"k","value":"v","lease":"0"}',
      'mod_revision: Invalid input: expected number, received undefined',
    ],
  ])('names file and line of %s', (line, error) => {
    const result = parseEvents(`{"t_ms":0,"type":"confirmed"}\n${line}\n`, 'a.jsonl');
    expect(result).toEqual({ ok: false, error: `a.jsonl:2: ${error}` });
  });
});

describe('parseProbes', () => {
  it('takes what PostgreSQL said, and passes over marks and probes of other kinds', () => {
    const text = `{"t_ms":1,"node":"n1","probe":"pg","value":"primary"}
{"t_ms":2,"mark":"kill -9"}
{"t_ms":3,"node":"n1","probe":"rest /primary","value":200}
{"t_ms":4,"node":"n1","probe":"GET /patroni (end)","value":{"state":"running"}}`;
    expect(parseProbes(text, 'p.jsonl')).toEqual({
      ok: true,
      value: [{ t_ms: 1, node: 'n1', probe: 'pg', value: 'primary' }],
    });
  });

  it('names file and line of a word that it does not know', () => {
    const result = parseProbes('{"t_ms":1,"node":"n1","probe":"pg","value":"maybe"}', 'p.jsonl');
    expect(result).toMatchObject({ ok: false, error: expect.stringMatching(/^p\.jsonl:1: value: /) });
  });
});
