// Takes symbols and debugging information out of an ELF executable, as `strip` does, which on one processor's machine knows no other processor's files.
// Only the end of the file and its table of sections change: nothing that is loaded into memory moves.

/** Offsets in the header of a 64-bit file, and the length of one section's entry. */
const sectionTableAt = 0x28;
const sectionLengthAt = 0x3a;
const sectionCountAt = 0x3c;
const nameSectionAt = 0x3e;
const entryLength = 64;

/** `sh_flags`: its bytes are loaded. `sh_type`: a table of names; nothing in the file. */
const loaded = 2n;
const stringTable = 3;
const noBits = 8;

interface Section {
  readonly name: string;
  readonly entry: Buffer;
  readonly type: number;
  readonly loaded: boolean;
  readonly end: number;
}

/** The bytes of the file without what is not loaded. Throws when it is not a 64-bit little-endian ELF file, or keeps what is loaded behind what is not. */
export function stripped(file: Buffer): Buffer {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('no 64-bit little-endian ELF file: it can not be stripped');
  const all = sectionsOf(file);
  // The first entry is empty, by definition. Entries name one another by number, so those that stay must keep theirs.
  const firstGone = all.findIndex((section, index) => index > 0 && !section.loaded);
  if (firstGone === -1) return file;
  const kept = all.slice(0, firstGone);
  if (all.slice(firstGone).some((section) => section.loaded))
    throw new Error('a section that is loaded comes after one that is not: such a file can not be stripped');
  const contentEnd = kept.reduce((end, section) => Math.max(end, section.end), 0);

  const names = Buffer.from(`\0${[...kept.slice(1).map(({ name }) => name), '.shstrtab'].join('\0')}\0`, 'latin1');
  let nameAt = 1;
  const nextName = (name: string): number => {
    const at = nameAt;
    nameAt += name.length + 1;
    return at;
  };
  const entries = kept.map((section, index) => {
    const entry = Buffer.from(section.entry);
    if (index > 0) entry.writeUInt32LE(nextName(section.name), 0);
    return entry;
  });
  const namesEntry = Buffer.alloc(entryLength);
  namesEntry.writeUInt32LE(nextName('.shstrtab'), 0);
  namesEntry.writeUInt32LE(stringTable, 4);
  namesEntry.writeBigUInt64LE(BigInt(contentEnd), 0x18);
  namesEntry.writeBigUInt64LE(BigInt(names.length), 0x20);
  namesEntry.writeBigUInt64LE(1n, 0x30);

  const tableAt = Math.ceil((contentEnd + names.length) / 8) * 8;
  const padding = Buffer.alloc(tableAt - contentEnd - names.length);
  const result = Buffer.concat([file.subarray(0, contentEnd), names, padding, ...entries, namesEntry]);
  result.writeBigUInt64LE(BigInt(tableAt), sectionTableAt);
  result.writeUInt16LE(entries.length + 1, sectionCountAt);
  result.writeUInt16LE(entries.length, nameSectionAt);
  return result;
}

function sectionsOf(file: Buffer): readonly Section[] {
  const tableAt = Number(file.readBigUInt64LE(sectionTableAt));
  const length = file.readUInt16LE(sectionLengthAt);
  const count = file.readUInt16LE(sectionCountAt);
  if (length !== entryLength || tableAt + count * length > file.length)
    throw new Error('its table of sections is not where it says: the file can not be stripped');
  const entries = Array.from({ length: count }, (_, index) =>
    file.subarray(tableAt + index * length, tableAt + (index + 1) * length),
  );
  const names = entries[file.readUInt16LE(nameSectionAt)];
  const namesAt = names === undefined ? 0 : Number(names.readBigUInt64LE(0x18));
  return entries.map((entry) => {
    const nameAt = namesAt + entry.readUInt32LE(0);
    const type = entry.readUInt32LE(4);
    const [offset, size] = [Number(entry.readBigUInt64LE(0x18)), Number(entry.readBigUInt64LE(0x20))];
    return {
      name: file.toString('latin1', nameAt, file.indexOf(0, nameAt)),
      entry,
      type,
      loaded: (entry.readBigUInt64LE(8) & loaded) !== 0n,
      end: type === noBits ? 0 : offset + size,
    };
  });
}
