import { describe, expect, it } from 'vitest';
import { durationMs, durationText, goTime, holding, mapOf, plain, plainJson, struct } from './go-json.ts';

describe("Go's JSON", () => {
  const write = struct(...plain('a', 'b?', 'c~', 'd'), holding('e?', mapOf(struct(...plain('x?')))));

  it('keeps the order of the struct, writes nil as null, and drops what is empty where it may', () => {
    expect(write({ d: 0, c: false, b: false, e: {} })).toBe('{"a":null,"c":false,"d":0}');
    expect(write({ a: [], b: 'x', e: { z: { x: 1 }, y: { x: 0 } }, d: null })).toBe(
      '{"a":[],"b":"x","d":null,"e":{"y":{},"z":{"x":1}}}',
    );
  });

  it('refuses a field that the struct does not have', () => {
    expect(() => write({ a: 1, f: 2 })).toThrow('no such field in Stolon: f');
  });

  it('sorts maps and escapes what HTML would take for markup', () => {
    expect(plainJson({ b: 'x < y && z', a: 1 })).toBe('{"a":1,"b":"x \\u003c y \\u0026\\u0026 z"}');
  });

  it('cuts trailing zeros of a time', () => {
    expect(goTime(new Date('2026-11-20T10:00:20.120Z'))).toBe('2026-11-20T10:00:20.12Z');
    expect(goTime(new Date('2026-11-20T10:00:20.000Z'))).toBe('2026-11-20T10:00:20Z');
  });

  it.each([
    ['5s', 5_000, '5s'],
    ['1.5h', 5_400_000, '1h30m0s'],
    ['90s', 90_000, '1m30s'],
    ['250ms', 250, '250ms'],
    ['48h', 172_800_000, '48h0m0s'],
    ['-1m', -60_000, '-1m0s'],
    ['1500us', 1.5, '1.5ms'],
    ['0', 0, '0s'],
  ])('reads the duration %s as %d ms and prints it as %s', (text, ms, printed) => {
    expect(durationMs(text)).toBe(ms);
    expect(durationText(ms)).toBe(printed);
  });

  it('refuses what is no duration', () => {
    for (const text of ['5', '5 s', '', 's', '5x']) expect(() => durationMs(text)).toThrow('not a duration');
  });
});
