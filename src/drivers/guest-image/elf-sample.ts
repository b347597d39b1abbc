/** The smallest ELF files that tests need. */

/** A 64-bit ELF file with one section of that name. */
export function elfWithSection(name: string, content: Buffer): Buffer {
  const names = Buffer.from(`\0${name}\0.shstrtab\0`);
  const contentAt = 64;
  const namesAt = contentAt + content.length;
  const headersAt = namesAt + names.length;
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header.writeBigUInt64LE(BigInt(headersAt), 40);
  header.writeUInt16LE(3, 60); // sections: none, ours, names
  header.writeUInt16LE(2, 62); // the one with the names
  return Buffer.concat([
    header,
    content,
    names,
    Buffer.alloc(64),
    section(1, contentAt, content.length),
    section(name.length + 2, namesAt, names.length),
  ]);
}

function section(nameAt: number, at: number, size: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(nameAt, 0);
  bytes.writeBigUInt64LE(BigInt(at), 24);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  return bytes;
}
