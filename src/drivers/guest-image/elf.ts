/** Reads the little that is needed from 64-bit little-endian ELF files: sections, and which libraries a program wants. */

const SECTION_HEADER_SIZE = 64;
const SECTION_TYPE_DYNAMIC = 6;
const DYNAMIC_ENTRY_SIZE = 16;
const DYNAMIC_TAG_NEEDED = 1n;
const PROGRAM_HEADER_SIZE = 56;
const PROGRAM_TYPE_INTERPRETER = 3;

type Section = {
  readonly name: string;
  readonly type: number;
  /** Index of the section that holds this one's strings. */
  readonly link: number;
  readonly bytes: Buffer;
};

export function isElf(file: Buffer): boolean {
  return file.length >= 64 && file.readUInt32BE(0) === 0x7f454c46;
}

/** The library names (such as `libc.so.6`) that the dynamic loader must find for this file. */
export function neededLibraries(file: Buffer): string[] {
  const sections = readSections(file);
  const dynamic = sections.find((section) => section.type === SECTION_TYPE_DYNAMIC);
  const strings = dynamic && sections[dynamic.link];
  if (!dynamic || !strings) return [];
  const needed: string[] = [];
  for (let at = 0; at + DYNAMIC_ENTRY_SIZE <= dynamic.bytes.length; at += DYNAMIC_ENTRY_SIZE) {
    if (dynamic.bytes.readBigUInt64LE(at) !== DYNAMIC_TAG_NEEDED) continue;
    needed.push(stringAt(strings.bytes, Number(dynamic.bytes.readBigUInt64LE(at + 8))));
  }
  return needed;
}

/** The path of the dynamic loader that the kernel starts for this program, if it has one. */
export function interpreter(file: Buffer): string | undefined {
  const tableAt = Number(file.readBigUInt64LE(32));
  const count = file.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = tableAt + index * PROGRAM_HEADER_SIZE;
    if (file.readUInt32LE(at) !== PROGRAM_TYPE_INTERPRETER) continue;
    return stringAt(file, Number(file.readBigUInt64LE(at + 8)));
  }
  return undefined;
}

/** The bytes of the section of that name, if the file has it. */
export function sectionBytes(file: Buffer, name: string): Buffer | undefined {
  return readSections(file).find((section) => section.name === name)?.bytes;
}

function readSections(file: Buffer): Section[] {
  if (!isElf(file)) throw new Error('The file is not an ELF file.');
  const tableAt = Number(file.readBigUInt64LE(40));
  const count = file.readUInt16LE(60);
  const namesIndex = file.readUInt16LE(62);
  const headers = Array.from({ length: count }, (_, index) => {
    const at = tableAt + index * SECTION_HEADER_SIZE;
    const offset = Number(file.readBigUInt64LE(at + 24));
    const size = Number(file.readBigUInt64LE(at + 32));
    return {
      nameAt: file.readUInt32LE(at),
      type: file.readUInt32LE(at + 4),
      link: file.readUInt32LE(at + 40),
      bytes: file.subarray(offset, offset + size),
    };
  });
  const names = headers[namesIndex]?.bytes ?? Buffer.alloc(0);
  return headers.map(({ nameAt, ...rest }) => ({ name: stringAt(names, nameAt), ...rest }));
}

function stringAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('latin1', at, end === -1 ? bytes.length : end);
}
