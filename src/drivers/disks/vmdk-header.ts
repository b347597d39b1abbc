/** Reads a VMDK header without trusting it: only images that are one file in themselves are safe. */
import type { FormatFacts } from './format-facts.ts';

const SECTOR = 512;
const MOST_DESCRIPTOR_BYTES = 20 * SECTOR;

/** The two kinds whose data is in the file itself; every other kind names files on the host. */
const SELF_CONTAINED = ['monolithicsparse', 'streamoptimized'];

export function inspectVmdk(header: Buffer): FormatFacts {
  if (header.subarray(0, 4).toString('latin1') !== 'KDMV') {
    return { virtualSizeBytes: null, unsafe: ['its data is in other files'] };
  }
  if (header.length < SECTOR)
    return { virtualSizeBytes: null, unsafe: ['its header is cut short'] };
  const virtualSizeBytes = Number(header.readBigUInt64LE(12)) * SECTOR;
  const from = Number(header.readBigUInt64LE(28)) * SECTOR;
  const length = Math.min(Number(header.readBigUInt64LE(36)) * SECTOR, MOST_DESCRIPTOR_BYTES);
  if (from < SECTOR || length === 0 || from + length > header.length) {
    return { virtualSizeBytes, unsafe: ['its descriptor is not where it should be'] };
  }
  const [text = ''] = header.toString('latin1', from, from + length).split('\0');
  return { virtualSizeBytes, unsafe: descriptorComplaints(text) };
}

function descriptorComplaints(text: string): string[] {
  const kind = /^\s*createType\s*=\s*"?([A-Za-z0-9]+)"?/im.exec(text)?.[1] ?? 'unknown';
  const extents = text.match(/^\s*(?:RW|RDONLY|NOACCESS)\s.*$/gim) ?? [];
  const parent = /^\s*parentFileNameHint\s*=/im.test(text);
  return [
    ...(SELF_CONTAINED.includes(kind.toLowerCase()) ? [] : [`its type '${kind}' uses other files`]),
    ...(extents.length === 1 ? [] : [`it has ${extents.length} extents instead of one`]),
    ...(parent ? ['it has a parent file'] : []),
  ];
}
