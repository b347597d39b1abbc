/** Puts a disk together that boots on a PC's BIOS: GRUB before the one partition, which is the root file system. */
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import { writeBootRecord } from '../boot-disk.ts';

const SECTOR = 512;
const MIB = 1 << 20;
const BOOT_CODE_BYTES = 440;
const PARTITION_AT = MIB;

/** The whole disk: what the smallest flavor with a disk has. Guests with more grow their file system into it. */
const DISK_BYTES = 1024 * MIB;
export const ROOT_MIB = (DISK_BYTES - PARTITION_AT) / MIB;

/** Writes the qcow2 disk `target` from what `build-root` has left in `work`. */
export async function writeRootDisk(
  target: string,
  options: { readonly work: string; readonly signal: AbortSignal },
): Promise<void> {
  const { signal, work } = options;
  const raw = join(work, 'disk.raw');
  // GRUB's first sector looks for the rest in the second by itself, so neither has to be changed.
  const bootCode = (await readFile(join(work, 'boot.img'))).subarray(0, BOOT_CODE_BYTES);
  const core = await readFile(join(work, 'core.img'));
  if (SECTOR + core.length > PARTITION_AT) {
    throw new Fault('internal', 'LoaderTooLarge', `GRUB's ${core.length} bytes do not fit.`);
  }
  const sizeBytes = ROOT_MIB * MIB;
  const root = { startBytes: PARTITION_AT, sizeBytes, type: 0x83, active: true };
  const record = writeBootRecord(bootCode, randomBytes(4).readUInt32LE(), [root]);
  {
    await using disk = await open(raw, 'w');
    await disk.write(Buffer.concat([record, core]));
    await disk.truncate(DISK_BYTES);
  }
  const words = [`if=${join(work, 'root.ext4')}`, `of=${raw}`, `seek=${PARTITION_AT}`, 'bs=1M'];
  const flags = ['oflag=seek_bytes', 'conv=notrunc,sparse', 'status=none'];
  await run('dd', [...words, ...flags], { signal });
  const compressed = ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd'];
  await run('qemu-img', ['convert', '-f', 'raw', ...compressed, raw, target], { signal });
}
