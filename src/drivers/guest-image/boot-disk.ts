/** Makes a disk that boots on a PC's BIOS: a FAT partition with syslinux, kernel and ramdisk, and a small one for what lasts. */
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run.ts';

const SECTOR = 512;
const MIB = 1 << 20;
const BOOT_PARTITION_AT = MIB;
const STATE_PARTITION_SIZE = 16 * MIB;
/** Room beside kernel and ramdisk for syslinux and the file system's own tables. */
const BOOT_PARTITION_SPARE = 3 * MIB;

/** Said in full, since the host's settings are not used. The journal is for guests whose power is cut. */
const STATE_FEATURES =
  'has_journal,dir_index,ext_attr,extent,filetype,flex_bg,large_file,sparse_super';

/** The label by which the guest finds its state partition (`tiny/lib/tiny/boot`). */
export const STATE_LABEL = 'tiny-state';

export type BootDiskInputs = {
  readonly kernel: string;
  readonly ramdisk: string;
  readonly commandLine: string;
  /** 16 bytes that tell this build from others, so that the same inputs give the same disk. */
  readonly identity: Buffer;
  readonly tools: BootDiskTools;
  /** The boot code for the first sector, 440 bytes. */
  readonly bootCode: string;
};

export type BootDiskTools = {
  /** Folder with `mformat` and `mcopy`; syslinux looks for them on the PATH. */
  readonly mtools: string;
  readonly syslinux: string;
  /**
   * The words before mke2fs's own arguments: its packaged loader and libraries, then the program. The
   * host's libraries may be of another release.
   */
  readonly mke2fs: readonly [string, ...string[]];
};

export type Partition = {
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly type: number;
  readonly active: boolean;
};

/** Writes the qcow2 disk `target`, using `work` for what comes in between. */
export async function writeBootDisk(
  target: string,
  inputs: BootDiskInputs,
  options: { readonly work: string; readonly signal: AbortSignal },
): Promise<void> {
  const { signal, work } = options;
  const raw = join(work, 'disk.raw');
  const contents = (await stat(inputs.kernel)).size + (await stat(inputs.ramdisk)).size;
  const bootSize = roundUp(contents + BOOT_PARTITION_SPARE, MIB);
  const boot: Partition = {
    startBytes: BOOT_PARTITION_AT,
    sizeBytes: bootSize,
    type: 0x0e,
    active: true,
  };
  const state: Partition = {
    startBytes: boot.startBytes + boot.sizeBytes,
    sizeBytes: STATE_PARTITION_SIZE,
    type: 0x83,
    active: false,
  };
  await using disk = await open(raw, 'w');
  await disk.truncate(state.startBytes + state.sizeBytes);
  const record = writeBootRecord(await readFile(inputs.bootCode), inputs.identity.readUInt32LE(0), [
    boot,
    state,
  ]);
  await disk.write(record, 0, record.length, 0);
  await fillBootPartition(raw, boot, inputs, options);
  await fillStatePartition(raw, state, inputs, signal);
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, target], { signal });
}

/** The first sector of a disk: boot code and the table of up to four partitions. */
export function writeBootRecord(
  bootCode: Buffer,
  diskId: number,
  partitions: readonly Partition[],
): Buffer {
  if (bootCode.length > 440)
    throw new Error(`Boot code of ${bootCode.length} bytes does not fit into 440.`);
  const record = Buffer.alloc(SECTOR);
  bootCode.copy(record);
  record.writeUInt32LE(diskId, 440);
  for (const [index, partition] of partitions.entries()) {
    const at = 446 + index * 16;
    record.writeUInt8(partition.active ? 0x80 : 0, at);
    // Cylinders, heads and sectors: "too far to say this way", so that sector numbers are used.
    record.writeUIntBE(0xfeffff, at + 1, 3);
    record.writeUInt8(partition.type, at + 4);
    record.writeUIntBE(0xfeffff, at + 5, 3);
    record.writeUInt32LE(partition.startBytes / SECTOR, at + 8);
    record.writeUInt32LE(partition.sizeBytes / SECTOR, at + 12);
  }
  record.writeUInt16BE(0x55aa, 510);
  return record;
}

async function fillBootPartition(
  raw: string,
  partition: Partition,
  inputs: BootDiskInputs,
  options: { readonly work: string; readonly signal: AbortSignal },
): Promise<void> {
  const { mtools, syslinux } = inputs.tools;
  const settings = {
    signal: options.signal,
    env: {
      PATH: `${mtools}:${process.env['PATH'] ?? ''}`,
      SOURCE_DATE_EPOCH: '315532800', // 1980, where FAT's calendar begins
      TZ: 'UTC',
    },
  };
  const config = join(options.work, 'syslinux.cfg');
  await writeFile(config, syslinuxConfig(inputs.commandLine));
  const drive = ['-i', `${raw}@@${partition.startBytes}`];
  const geometry = ['-T', `${partition.sizeBytes / SECTOR}`, '-h', '255', '-s', '63'];
  const serial = inputs.identity.toString('hex', 4, 8);
  await run(
    join(mtools, 'mformat'),
    [
      ...drive,
      ...geometry,
      '-H',
      `${partition.startBytes / SECTOR}`,
      '-N',
      serial,
      '-v',
      'TINY',
      '::',
    ],
    settings,
  );
  const copy = async (source: string, name: string): Promise<void> => {
    await run(join(mtools, 'mcopy'), [...drive, source, `::${name}`], settings);
  };
  await copy(inputs.kernel, 'vmlinuz');
  await copy(inputs.ramdisk, 'initrd');
  await copy(config, 'syslinux.cfg');
  await run(syslinux, ['--install', '--offset', `${partition.startBytes}`, raw], settings);
}

function syslinuxConfig(commandLine: string): string {
  return `DEFAULT tiny\nPROMPT 0\nLABEL tiny\n  LINUX vmlinuz\n  INITRD initrd\n  APPEND ${commandLine}\n`;
}

async function fillStatePartition(
  raw: string,
  partition: Partition,
  inputs: BootDiskInputs,
  signal: AbortSignal,
): Promise<void> {
  const uuid = inputs.identity.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const extended = `offset=${partition.startBytes},hash_seed=${uuid},lazy_itable_init=0,root_owner=0:0`;
  const format = [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-m',
    '0',
    '-b',
    '1024',
    '-I',
    '256',
    '-L',
    STATE_LABEL,
  ];
  format.push('-U', uuid, '-O', STATE_FEATURES, '-E', extended);
  const [command, ...before] = inputs.tools.mke2fs;
  await run(command, [...before, ...format, raw, `${partition.sizeBytes / 1024}`], {
    signal,
    env: {
      E2FSPROGS_FAKE_TIME: '315532800',
      MKE2FS_CONFIG: '/dev/null',
    },
  });
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
