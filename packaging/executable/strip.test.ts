import { describe, expect, it } from 'vitest';
import { stripped } from './strip.ts';

interface Given {
  readonly name: string;
  readonly content: string;
  readonly loaded: boolean;
  readonly link?: number;
}

/** A file with these sections one after another behind the header, then the names, then the table. */
function elf(sections: readonly Given[]): Buffer {
  const all = [...sections, { name: '.shstrtab', content: '', loaded: false }];
  const names = Buffer.from(`\0${all.map(({ name }) => name).join('\0')}\0`);
  const contents = [...sections.map(({ content }) => Buffer.from(content)), names];
  const entries = [Buffer.alloc(64)];
  let [at, nameAt] = [64, 1];
  for (const [index, { name, loaded, link = 0 }] of all.entries()) {
    const size = contents[index]?.length ?? 0;
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(nameAt, 0);
    entry.writeUInt32LE(1, 4);
    entry.writeBigUInt64LE(loaded ? 2n : 0n, 8);
    entry.writeBigUInt64LE(BigInt(at), 0x18);
    entry.writeBigUInt64LE(BigInt(size), 0x20);
    entry.writeUInt32LE(link, 0x28);
    entries.push(entry);
    at += size;
    nameAt += name.length + 1;
  }
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]).copy(header);
  header.writeBigUInt64LE(BigInt(at), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(entries.length, 0x3c);
  header.writeUInt16LE(entries.length - 1, 0x3e);
  return Buffer.concat([header, ...contents, ...entries]);
}

/** Name, content and link of each section, read by the format's rules. */
function sectionsOf(file: Buffer): readonly unknown[] {
  const at = Number(file.readBigUInt64LE(0x28));
  const entry = (index: number): Buffer => file.subarray(at + index * 64, at + index * 64 + 64);
  const placed = (one: Buffer): readonly [number, number] => [
    Number(one.readBigUInt64LE(0x18)),
    Number(one.readBigUInt64LE(0x20)),
  ];
  const [names] = placed(entry(file.readUInt16LE(0x3e)));
  return Array.from({ length: file.readUInt16LE(0x3c) - 1 }, (_, index) => {
    const one = entry(index + 1);
    const [from, size] = placed(one);
    const nameAt = names + one.readUInt32LE(0);
    const name = file.toString('latin1', nameAt, file.indexOf(0, nameAt));
    return [name, name === '.shstrtab' ? '' : file.toString('latin1', from, from + size), one.readUInt32LE(0x28)];
  });
}

const dynsym = { name: '.dynsym', content: 'symbols', loaded: true, link: 2 };
const dynstr = { name: '.dynstr', content: 'names of them', loaded: true };
const debug = { name: '.debug_info', content: 'x'.repeat(500), loaded: false };

describe('an executable without symbols', () => {
  it('keeps what is loaded where it was, under the numbers it had, and loses the rest', () => {
    const before = elf([dynsym, dynstr, debug]);
    const after = stripped(before);
    expect(sectionsOf(after)).toEqual([
      ['.dynsym', 'symbols', 2],
      ['.dynstr', 'names of them', 0],
      ['.shstrtab', '', 0],
    ]);
    expect(after.subarray(64, 84).equals(before.subarray(64, 84))).toBe(true);
    expect(after.length).toBeLessThan(before.length - 500);
  });

  it('is the same when it is done again', () => {
    const once = stripped(elf([dynsym, dynstr, debug]));
    expect(stripped(once).equals(once)).toBe(true);
  });

  it('is not made where something loaded would move', () => {
    expect(() => stripped(elf([dynsym, debug, dynstr]))).toThrow(/can not be stripped/);
  });

  it.each([
    ['a script', Buffer.from('#!/bin/sh\n'.repeat(20))],
    ['a file that was cut off', elf([dynsym, dynstr, debug]).subarray(0, 300)],
    ['nothing', Buffer.alloc(0)],
  ])('is not made of %s', (_, file) => {
    expect(() => stripped(file)).toThrow(/can not be stripped/);
  });
});
