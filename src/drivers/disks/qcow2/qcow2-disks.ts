/** Disks as qcow2 files, made by qemu-img. */
import { access, chmod, rename, rm } from 'node:fs/promises';
import type { ImageRef } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import type { CallOptions, Disks } from '../disks.ts';
import { findRefusal, inspectImage } from '../format.ts';

const GIB = 1024 ** 3;

export class Qcow2Disks implements Disks {
  async ensureOverlay(
    path: string,
    image: ImageRef,
    sizeGib: number,
    options: CallOptions,
  ): Promise<void> {
    if (await exists(path)) return;
    // The image service has looked already; the file may have been changed on this host since.
    const report = await inspectImage(image.path, options);
    const refusal = findRefusal(image.format, report);
    if (refusal !== null) throw unusableImage(image, refusal);
    const bytes = Math.max(report.virtualSizeBytes ?? 0, sizeGib * GIB);
    const backing = ['-b', image.path, '-F', image.format === 'qcow2' ? 'qcow2' : 'raw'];
    await create(path, [...backing], bytes, options);
  }

  async ensureEmpty(path: string, sizeGib: number, options: CallOptions): Promise<void> {
    if (await exists(path)) return;
    await create(path, [], sizeGib * GIB, options);
  }
}

async function create(
  path: string,
  backing: readonly string[],
  bytes: number,
  options: CallOptions,
): Promise<void> {
  const unfinished = `${path}.new`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(unfinished, { force: true }));
  await rm(unfinished, { force: true });
  // A sector is the least that a disk can be made of.
  const size = String(Math.ceil(bytes / 512) * 512);
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, unfinished, size], options);
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return false;
      throw cause;
    },
  );
}

function unusableImage(image: ImageRef, reason: string): Fault {
  return new Fault('invalid', 'ImageUnacceptable', `Image ${image.id} is unacceptable: ${reason}`, {
    detail: { path: image.path },
  });
}
