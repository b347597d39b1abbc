/** Tells a disk image's format from its first bytes, and why it would be unsafe to hand to a hypervisor. */
import { open } from 'node:fs/promises';
import type { FormatFacts } from './format-facts.ts';
import { inspectQcow2 } from './qcow2/header.ts';
import { inspectVmdk } from './vmdk-header.ts';

/** Formats that are told apart. `raw` is everything that is nothing else, partition tables included. */
export type DetectedFormat =
  | 'raw'
  | 'qcow2'
  | 'qcow'
  | 'qed'
  | 'vmdk'
  | 'vhd'
  | 'vhdx'
  | 'vdi'
  | 'iso'
  | 'luks'
  | 'parallels'
  | 'bochs'
  | 'cloop';

export type FormatReport = FormatFacts & { readonly format: DetectedFormat };

/** As many of an image's first bytes as `detectFormat` wants to see; fewer only when the image is shorter. */
export const FORMAT_HEADER_BYTES = 64 * 1024;

type Magic = {
  readonly format: Exclude<DetectedFormat, 'raw'>;
  readonly at: number;
  readonly bytes: Buffer;
};

const MAGICS: readonly Magic[] = [
  { format: 'qcow2', at: 0, bytes: Buffer.from('514649fb', 'hex') },
  { format: 'qed', at: 0, bytes: Buffer.from('QED\0', 'latin1') },
  { format: 'vmdk', at: 0, bytes: Buffer.from('KDMV', 'latin1') },
  { format: 'vmdk', at: 0, bytes: Buffer.from('COWD', 'latin1') },
  { format: 'vmdk', at: 0, bytes: Buffer.from('# Disk DescriptorFile', 'latin1') },
  { format: 'vhd', at: 0, bytes: Buffer.from('conectix', 'latin1') },
  { format: 'vhdx', at: 0, bytes: Buffer.from('vhdxfile', 'latin1') },
  { format: 'vdi', at: 0x40, bytes: Buffer.from('7f10dabe', 'hex') },
  { format: 'luks', at: 0, bytes: Buffer.from('4c554b53babe', 'hex') },
  { format: 'parallels', at: 0, bytes: Buffer.from('WithoutFreeSpace', 'latin1') },
  { format: 'parallels', at: 0, bytes: Buffer.from('WithouFreSpacExt', 'latin1') },
  { format: 'bochs', at: 0, bytes: Buffer.from('Bochs Virtual HD Image', 'latin1') },
  {
    format: 'cloop',
    at: 0,
    bytes: Buffer.from('#!/bin/sh\n#V2.0 Format\nmodprobe cloop', 'latin1'),
  },
  { format: 'iso', at: 0x8001, bytes: Buffer.from('CD001', 'latin1') },
  { format: 'iso', at: 0x8001, bytes: Buffer.from('BEA01', 'latin1') },
];

type Reader = (header: Buffer, totalBytes: number | null) => FormatFacts;

const nothingKnown: Reader = () => ({ virtualSizeBytes: null, unsafe: [] });

const READERS: Record<Exclude<DetectedFormat, 'raw'>, Reader> = {
  qcow2: inspectQcow2,
  vmdk: inspectVmdk,
  iso: (_, totalBytes) => ({ virtualSizeBytes: totalBytes, unsafe: [] }),
  vhd: (header) => sized(header, 48, (at) => header.readBigUInt64BE(at)),
  vdi: (header) => sized(header, 0x170, (at) => header.readBigUInt64LE(at)),
  qed: inspectQed,
  qcow: (header) => ({
    virtualSizeBytes: null,
    unsafe: isZero(header, 8, 8) ? [] : ['it has a backing file'],
  }),
  vhdx: nothingKnown,
  luks: nothingKnown,
  parallels: nothingKnown,
  bochs: nothingKnown,
  cloop: nothingKnown,
};

/**
 * Judges an image by its first `FORMAT_HEADER_BYTES` bytes, so that a stream can be judged while it
 * arrives. Nothing is believed: a header that is cut short or contradicts itself is unsafe.
 */
export function detectFormat(header: Buffer, totalBytes: number | null): FormatReport {
  const formats = new Set<Exclude<DetectedFormat, 'raw'>>();
  for (const { format, at, bytes } of MAGICS) {
    if (header.subarray(at, at + bytes.length).equals(bytes)) formats.add(nameOf(format, header));
  }
  const [first, ...others] = formats;
  if (first === undefined) return { format: 'raw', virtualSizeBytes: totalBytes, unsafe: [] };

  const facts = READERS[first](header, totalBytes);
  // One file that is two formats at once is made to be read differently by different programs.
  const polyglot = others.map((other) => `it is ${first} and ${other} at the same time`);
  return { format: first, ...facts, unsafe: [...facts.unsafe, ...polyglot] };
}

/** `detectFormat` of a file on this host. */
export async function inspectImage(
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<FormatReport> {
  options.signal.throwIfAborted();
  await using file = await open(path, 'r');
  const header = Buffer.alloc(FORMAT_HEADER_BYTES);
  let filled = 0;
  while (filled < header.length) {
    const { bytesRead } = await file.read(header, filled, header.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  const { size } = await file.stat();
  return detectFormat(header.subarray(0, filled), size);
}

/**
 * Why an image must be refused that was declared to be of this `disk_format`; null when it is what
 * it claims to be. Kernel and ramdisk images (`aki`, `ari`, `ami`) count as raw bytes.
 */
export function findRefusal(declared: string, report: FormatReport): string | null {
  const expected = ['aki', 'ari', 'ami'].includes(declared) ? 'raw' : declared;
  if (report.format !== expected) {
    return `Image content does not match disk_format: declared '${declared}', detected '${report.format}'`;
  }
  if (report.unsafe.length > 0) {
    return `Image failed the safety check for format '${report.format}': ${report.unsafe.join('; ')}`;
  }
  return null;
}

function nameOf(
  format: Exclude<DetectedFormat, 'raw'>,
  header: Buffer,
): Exclude<DetectedFormat, 'raw'> {
  const isFirstQcow = format === 'qcow2' && header.length >= 8 && header.readUInt32BE(4) === 1;
  return isFirstQcow ? 'qcow' : format;
}

// oslo.utils refuses every QED image, since the format is given up; a backing file is only one reason.
function inspectQed(header: Buffer): FormatFacts {
  const facts = sized(header, 48, (at) => header.readBigUInt64LE(at));
  return { ...facts, unsafe: [...facts.unsafe, 'the format is no longer maintained'] };
}

function sized(header: Buffer, at: number, read: (at: number) => bigint): FormatFacts {
  if (header.length < at + 8)
    return { virtualSizeBytes: null, unsafe: ['its header is cut short'] };
  return { virtualSizeBytes: Number(read(at)), unsafe: [] };
}

function isZero(header: Buffer, at: number, length: number): boolean {
  const field = header.subarray(at, at + length);
  return field.length === length && field.every((byte) => byte === 0);
}
