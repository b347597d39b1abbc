/** What bytes may become an image, and which part of them a download asks for. Pure. */
import {
  detectFormat,
  findRefusal,
  FORMAT_HEADER_BYTES,
  type FormatReport,
} from '#drivers/disks/format.ts';
import { badRange, formatsMissing, manyRanges } from '../image.faults.ts';

/** As many of the first bytes as a judgement needs; fewer only when there are no more. */
export const JUDGED_BYTES = FORMAT_HEADER_BYTES;

export type DeclaredFormats = {
  readonly disk_format: string | null;
  readonly container_format: string | null;
};

/** Containers whose data is the disk itself. In any other the disk is wrapped in something. */
const PLAIN_CONTAINERS = ['bare', 'ami', 'ari', 'aki'];

/** Throws when the formats are not both set; without them nothing can be judged. */
export function checkFormatsSet(image: DeclaredFormats): void {
  const missing = (['disk_format', 'container_format'] as const).filter((name) => !image[name]);
  if (missing.length > 0) throw formatsMissing(missing);
}

export type Judgement = {
  /** Why the bytes may not be used, as the caller is told; null when they may. */
  readonly refusal: string | null;
  /** What the guest would see, when the format says so before all bytes have come. */
  readonly virtualSize: (totalBytes: number) => number | null;
};

/** Judges an image by its first bytes. */
export function judge(header: Buffer, declared: DeclaredFormats): Judgement {
  const nothing = { refusal: null, virtualSize: () => null };
  if (!PLAIN_CONTAINERS.includes(declared.container_format ?? '')) return nothing;
  const report = detectFormat(header, null);
  return {
    refusal: refusalOf(declared.disk_format ?? '', report),
    // compat: glance looks for the size in bare containers only, and knows none for kernels and ramdisks.
    virtualSize: (totalBytes) => {
      if (declared.container_format !== 'bare') return null;
      if (report.format !== declared.disk_format) return null;
      return detectFormat(header, totalBytes).virtualSizeBytes;
    },
  };
}

function refusalOf(declared: string, report: FormatReport): string | null {
  // Nobody can tell what is in a ploop image; as long as it is nothing else, it passes.
  const format = declared === 'ploop' ? 'raw' : declared;
  const refusal = findRefusal(format, report);
  if (refusal === null) return null;
  if (report.unsafe.length === 0) {
    return `Image disk_format ${declared} does not match stream data ${report.format}`;
  }
  return `Image failed safety checks: ${refusal}`;
}

/** A part of `size` bytes, or all of them (`null`), as a `Range` header asks. */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly offset: number; readonly length: number } | null {
  if (header === undefined) return null;
  if (header.includes(',')) throw manyRanges();
  const [, first = '', last = ''] = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? [];
  if (first === '' && last === '') throw badRange('Invalid Range header.');
  if (first === '') {
    const length = Math.min(Number(last), size);
    if (length === 0) throw badRange('Invalid Range header.');
    return { offset: size - length, length };
  }
  const offset = Number(first);
  if (last !== '' && Number(last) < offset) throw badRange('Invalid Range header.');
  if (offset >= size) {
    throw badRange(
      `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${size - 1}].`,
    );
  }
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return { offset, length: end - offset + 1 };
}
