/** Reads a qcow2 header without trusting it: what other files would it make a hypervisor open? */
import type { FormatFacts } from '../format-facts.ts';

/** A version 2 header ends here; version 3 goes on with feature bits. */
const V2_BYTES = 72;
const V3_BYTES = 104;

const CORRUPT = 1n << 1n;
const EXTERNAL_DATA_FILE = 1n << 2n;
/** Dirty, corrupt, external data file, compression type, extended L2 entries. */
const KNOWN_INCOMPATIBLE = 0b11111n;

const EXTENSION_END = 0;
const EXTENSION_DATA_FILE = 0x44415441;

/** QEMU itself refuses more than 2 MiB a cluster. */
const CLUSTER_BITS = { least: 9, most: 21 };

export function inspectQcow2(header: Buffer): FormatFacts {
  if (header.length < V2_BYTES)
    return { virtualSizeBytes: null, unsafe: ['its header is cut short'] };
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) {
    return { virtualSizeBytes: null, unsafe: [`its qcow2 version ${version} is unknown`] };
  }
  if (version === 3 && header.length < V3_BYTES) {
    return { virtualSizeBytes: null, unsafe: ['its header is cut short'] };
  }
  const clusterBits = header.readUInt32BE(20);
  const virtualSize = header.readBigUInt64BE(24);
  const unsafe = [
    ...(header.readBigUInt64BE(8) === 0n ? [] : ['it has a backing file']),
    ...(header.readUInt32BE(32) === 0 ? [] : ['it is encrypted']),
    ...(clusterBits < CLUSTER_BITS.least || clusterBits > CLUSTER_BITS.most
      ? [`its cluster size of 2^${clusterBits} is not possible`]
      : []),
    ...(virtualSize > BigInt(Number.MAX_SAFE_INTEGER) ? ['its size is not possible'] : []),
    ...(version === 3 ? featureComplaints(header.readBigUInt64BE(72)) : []),
    ...extensionComplaints(header, version),
  ];
  return { virtualSizeBytes: Number(virtualSize), unsafe: [...new Set(unsafe)] };
}

function featureComplaints(incompatible: bigint): string[] {
  const unknown = incompatible & ~KNOWN_INCOMPATIBLE;
  return [
    ...(incompatible & EXTERNAL_DATA_FILE ? ['it keeps its data in an external file'] : []),
    ...(incompatible & CORRUPT ? ['it is marked as corrupt'] : []),
    ...(unknown ? [`it needs unknown features 0x${unknown.toString(16)}`] : []),
  ];
}

/** Walks the header extensions: a data file may be named there even when its feature bit is not set. */
function extensionComplaints(header: Buffer, version: 2 | 3): string[] {
  const start = version === 3 ? header.readUInt32BE(100) : V2_BYTES;
  const least = version === 3 ? V3_BYTES : V2_BYTES;
  if (start < least || start % 8 !== 0) return [`its header length of ${start} is not possible`];
  let at = start;
  while (at + 8 <= header.length) {
    const type = header.readUInt32BE(at);
    if (type === EXTENSION_END) return [];
    if (type === EXTENSION_DATA_FILE) return ['it keeps its data in an external file'];
    const length = header.readUInt32BE(at + 4);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  // QEMU wants them all in the first cluster, which may be larger than what was read.
  return ['its header extensions do not end'];
}
