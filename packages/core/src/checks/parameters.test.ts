import { describe, expect, it } from 'vitest';
import { noTags, type Tags } from '../model/view.ts';
import { missingTag, parameterOf, type Query, sizeOf } from './parameters.ts';

describe('a parameter', () => {
  it('given several times counts as the first that is not empty', () => {
    const query: Query = [
      ['lag', ''],
      ['lag', '1'],
      ['lag', '2'],
      ['lagoon', '3'],
    ];
    expect(parameterOf(query, 'lag')).toBe('1');
    expect(parameterOf(query, 'mode')).toBeUndefined();
  });
});

describe('a size', () => {
  // What Patroni's parse_int(text, 'B') gives (3.0.2).
  it.each<[text: string, bytes: number | undefined]>([
    ['0', 0],
    ['16', 16],
    ['-1', -1],
    ['+5', 5],
    ['16B', 16],
    ['1kB', 1_024],
    ['16MB', 16_777_216],
    [' 16 MB ', 16_777_216],
    ['1GB', 1_073_741_824],
    ['2TB', 2_199_023_255_552],
    ['0x10', 16],
    ['0x400 kB', 1_048_576],
    ['010', 8],
    ['08', undefined],
    ['1.5kB', 1_536],
    ['0.3MB', 314_368],
    ['.5GB', 536_870_912],
    ['1e3', 1_000],
    ['1e3kB', 1_024_000],
    ['1.6', 2],
    ['16mb', undefined],
    ['16MiB', undefined],
    ['16 parsecs', undefined],
    ['much', undefined],
    ['MB', undefined],
    ['1.', undefined],
    ['-', undefined],
    ['constructor', undefined],
    ['1constructor', undefined],
  ])('%j is %s bytes', (text, bytes) => {
    expect(sizeOf(text)).toBe(bytes);
  });
});

describe('tags', () => {
  const tags: Tags = {
    ...noTags,
    nosync: true,
    custom: { zone: 'eu-1', Rank: 3, spare: true, ratio: 0.5, none: null, list: ['a'], text: 'True' },
  };

  it.each<[query: Query, missing: string | undefined]>([
    [[], undefined],
    [[['tag_zone', 'eu-1']], undefined],
    [[['tag_zone', 'eu-2']], 'zone'],
    [[['tag_Zone', 'eu-1']], 'Zone'],
    [[['tag_Rank', '3']], undefined],
    [[['tag_ratio', '0.5']], undefined],
    [[['tag_spare', 'true']], undefined],
    [[['tag_spare', 'True']], 'spare'],
    [[['tag_text', 'True']], undefined],
    [[['tag_text', 'true']], 'text'],
    [[['tag_none', 'none']], 'none'],
    [[['tag_list', 'a']], 'list'],
    [[['tag_absent', 'x']], 'absent'],
    [[['tag_toString', 'x']], 'toString'],
    [[['tag_nosync', 'true']], undefined],
    // Patroni drops these three when they are false.
    [[['tag_nofailover', 'false']], 'nofailover'],
    // Empty: not asked. Twice: the first counts.
    [[['tag_zone', '']], undefined],
    [
      [
        ['tag_zone', 'eu-1'],
        ['tag_zone', 'eu-2'],
      ],
      undefined,
    ],
    [
      [
        ['tag_zone', 'eu-1'],
        ['tag_Rank', '4'],
      ],
      'Rank',
    ],
    [[['lag', '1']], undefined],
  ])('asked for by %j: missing %s', (query, missing) => {
    expect(missingTag(query, tags)).toBe(missing);
  });
});
