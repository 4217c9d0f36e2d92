/** What a shared library asks of other libraries: the symbol versions of its ELF file (64 bits, little-endian). */
import { readFileSync } from "node:fs";

/** A symbol that another library must have, in this version. */
export interface NeededSymbol {
  readonly symbol: string;
  /** `GLIBC_2.34`; absent for a symbol without versions, such as libtorch's. */
  readonly version: string | undefined;
}

interface Section {
  readonly type: number;
  readonly data: Buffer;
  readonly link: number;
  /** Entries of a table of versions. */
  readonly info: number;
}

const SHT_DYNSYM = 11;
const SHT_VERNEED = 0x6ffffffe;
const SHT_VERSYM = 0x6fffffff;
const SYMBOL_BYTES = 24;

/** The undefined symbols of an ELF file, each with the version it is bound to. Throws for what is no such file. */
export function neededSymbols(file: string): NeededSymbol[] {
  const sections = readSections(readFileSync(file), file);
  const symbols = sections.find(({ type }) => type === SHT_DYNSYM);
  if (!symbols) return [];
  const names = sections[symbols.link]?.data ?? Buffer.alloc(0);
  const versions = versionNames(sections);
  const numbers = sections.find(({ type }) => type === SHT_VERSYM)?.data;
  const needed: NeededSymbol[] = [];
  for (let i = 1; i * SYMBOL_BYTES < symbols.data.length; i += 1) {
    const at = i * SYMBOL_BYTES;
    if (symbols.data.readUInt16LE(at + 6) !== 0) continue; // defined in a section of this file
    const version = numbers && versions.get(numbers.readUInt16LE(2 * i) & 0x7fff);
    needed.push({ symbol: text(names, symbols.data.readUInt32LE(at)), version });
  }
  return needed;
}

function readSections(elf: Buffer, file: string): Section[] {
  const known = elf.length > 64 && elf.readUInt32BE(0) === 0x7f454c46 && elf[4] === 2 && elf[5] === 1;
  if (!known) throw new Error(`${file}: expected an ELF file of 64 bits, little-endian`);
  const start = Number(elf.readBigUInt64LE(0x28));
  const size = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, i) => {
    const at = start + i * size;
    const offset = Number(elf.readBigUInt64LE(at + 0x18));
    const bytes = Number(elf.readBigUInt64LE(at + 0x20));
    return {
      type: elf.readUInt32LE(at + 4),
      data: elf.subarray(offset, offset + bytes),
      link: elf.readUInt32LE(at + 0x28),
      info: elf.readUInt32LE(at + 0x2c),
    };
  });
}

/** Number of a version in this file → its name. */
function versionNames(sections: readonly Section[]): Map<number, string> {
  const found = new Map<number, string>();
  const needs = sections.find(({ type }) => type === SHT_VERNEED);
  if (!needs) return found;
  const names = sections[needs.link]?.data ?? Buffer.alloc(0);
  for (let i = 0, library = 0; i < needs.info; i += 1) {
    let entry = library + needs.data.readUInt32LE(library + 8);
    for (let j = 0; j < needs.data.readUInt16LE(library + 2); j += 1) {
      found.set(needs.data.readUInt16LE(entry + 6), text(names, needs.data.readUInt32LE(entry + 8)));
      entry += needs.data.readUInt32LE(entry + 12);
    }
    library += needs.data.readUInt32LE(library + 12);
  }
  return found;
}

function text(table: Buffer, at: number): string {
  return table.toString("latin1", at, table.indexOf(0, at));
}
