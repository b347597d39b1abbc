/** Takes in a stream of bytes once, in constant memory: counts, hashes, judges and stores them. */
import { createHash } from 'node:crypto';
import type { BlobWriter } from '#drivers/blobs/blobs.ts';
import { Fault } from '#platform/fault.ts';
import {
  clientWentAway,
  imageTooLarge,
  storageFull,
  storageQuotaFull,
  unacceptableData,
} from '../image.faults.ts';
import { judge, JUDGED_BYTES, type DeclaredFormats, type Judgement } from './image-data.rules.ts';

export const HASH_ALGORITHM = 'sha512';

export type ImageBytes = AsyncIterable<Uint8Array>;

export type IntakeTerms = {
  readonly declared: DeclaredFormats;
  /** More than so many are refused. */
  readonly mostBytes: number;
  /** More than so many are over the project's quota; null for no quota. */
  readonly bytesLeft: number | null;
  /** True to take bytes that may not be used, and say so in the end; false to refuse them when they are recognised. */
  readonly lenient: boolean;
};

/** What was taken in. */
export type Intake = {
  readonly size: number;
  readonly checksum: string;
  readonly hash: string;
  readonly virtualSize: number | null;
  readonly refusal: string | null;
};

/** Writes all of `data`; keeping or dropping the blob is up to the caller. */
export async function takeIn(
  data: ImageBytes,
  writer: BlobWriter,
  terms: IntakeTerms,
): Promise<Intake> {
  const md5 = createHash('md5');
  const sha = createHash(HASH_ALGORITHM);
  const header = Buffer.alloc(JUDGED_BYTES);
  let size = 0;
  let judgement: Judgement | undefined;

  const judgeNow = (): Judgement => {
    const made = judge(header.subarray(0, Math.min(size, JUDGED_BYTES)), terms.declared);
    if (made.refusal !== null && !terms.lenient) throw unacceptableData(made.refusal);
    return made;
  };

  for await (const bytes of whileClientStays(data)) {
    if (size < JUDGED_BYTES) header.set(bytes.subarray(0, JUDGED_BYTES - size), size);
    size += bytes.length;
    if (terms.bytesLeft !== null && size > terms.bytesLeft) {
      throw storageQuotaFull(size, terms.bytesLeft);
    }
    if (size > terms.mostBytes) throw imageTooLarge();
    if (size >= JUDGED_BYTES) judgement ??= judgeNow();
    md5.update(bytes);
    sha.update(bytes);
    await write(writer, bytes);
  }
  judgement ??= judgeNow();
  return {
    size,
    checksum: md5.digest('hex'),
    hash: sha.digest('hex'),
    virtualSize: judgement.virtualSize(size),
    refusal: judgement.refusal,
  };
}

async function* whileClientStays(data: ImageBytes): ImageBytes {
  try {
    yield* data;
  } catch (cause) {
    throw cause instanceof Fault ? cause : clientWentAway(cause);
  }
}

async function write(writer: BlobWriter, bytes: Uint8Array): Promise<void> {
  try {
    await writer.write(bytes);
  } catch (error) {
    throw error instanceof Fault && error.code === 'StorageFull' ? storageFull(error) : error;
  }
}
