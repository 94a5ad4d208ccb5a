import { describe, expect, it } from 'vitest';
import { proxyInfoJson, readProxyInfo } from './proxy-info.ts';

const read = (value: string) => readProxyInfo({ value });

describe("a proxy's record", () => {
  it('is written byte by byte as stolon-proxy writes it', () => {
    const info = { infoUid: 'cdc03856', uid: '5f2dd97f', generation: 3, timeoutMs: 15_000 };
    expect(proxyInfoJson(info)).toBe(
      '{"infoUID":"cdc03856","UID":"5f2dd97f","Generation":3,"ProxyTimeout":15000000000}',
    );
  });

  it('holds whole nanoseconds only', () => {
    const info = { infoUid: 'a', uid: 'b', generation: 0, timeoutMs: 0.1 + 0.2 };
    expect(proxyInfoJson(info)).toBe('{"infoUID":"a","UID":"b","Generation":0,"ProxyTimeout":300000}');
  });

  it('is read as it is written', () => {
    const info = { infoUid: 'cdc03856', uid: '5f2dd97f', generation: 3, timeoutMs: 1_500 };
    expect(read(proxyInfoJson(info))).toEqual({ ok: true, value: info });
  });

  it('of a Stolon before 0.16 has no timeout, and a zero means the same', () => {
    const before = { infoUid: 'a', uid: 'b', generation: 3, timeoutMs: undefined };
    expect(read('{"infoUID":"a","UID":"b","Generation":3}')).toEqual({ ok: true, value: before });
    expect(read('{"infoUID":"a","UID":"b","Generation":3,"ProxyTimeout":0}')).toEqual({ ok: true, value: before });
  });

  it.each([
    ['', 'empty'],
    ['{"infoUID":"a"}', 'UID: '],
    ['{"infoUID":"a","UID":"b","Generation":-1}', 'Generation: '],
    ['{"infoUID":"a","UID":"b","Generation":1,"ProxyTimeout":"15s"}', 'ProxyTimeout: '],
  ])('like %s can not be read, and the error names the field', (text, error) => {
    expect(read(text)).toMatchObject({ ok: false, error: expect.stringContaining(error) });
  });
});
