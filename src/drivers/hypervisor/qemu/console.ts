/** The serial console's log: kept on disk, bounded in size, begun anew at each start of a guest. */
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { isJsonObject } from '#base/json.ts';
import type { CallOptions } from '../hypervisor.ts';
import { lastLines } from '../last-lines.ts';
import type { DomainPaths } from './domain-paths.ts';
import { handOver, type RunAs } from './process.ts';
import type { QmpConnection } from './qmp/connection.ts';

/**
 * When the log has grown to this size, it becomes the log before, and a new one is begun: so at
 * least this much of a guest's latest output is kept, and seldom more than twice as much.
 */
export const CONSOLE_LOG_BYTES = 1 << 20;

/** Makes an empty log that QEMU, as the guests' user, may write. */
export async function beginConsole(paths: DomainPaths, runAs: RunAs): Promise<void> {
  // compat: Nova shows what the guest said since it was last started, and nothing older.
  await rm(paths.consoleLogBefore, { force: true });
  await rm(paths.consoleLog, { force: true });
  await createLog(paths, runAs);
}

/** Begins a new log when the present one is large. Nothing that the guest says meanwhile is lost. */
export async function boundConsole(
  paths: DomainPaths,
  limitBytes: number,
  runAs: RunAs,
  qmp: QmpConnection,
  options: CallOptions,
): Promise<void> {
  const size = await sizeOf(paths.consoleLog);
  // No log at all: an agent was killed between the two halves of this, and QEMU writes to the log before.
  if (size !== null && size <= limitBytes) return;
  if (size !== null) await rename(paths.consoleLog, paths.consoleLogBefore);
  await createLog(paths, runAs);
  await renewSerial(paths, qmp, options);
}

/**
 * Has QEMU begin with the serial port's log and socket anew. It takes the old socket's file away at the end, so the new
 * one is another. Who is connected is cut off and may come again.
 */
export async function renewSerial(
  paths: DomainPaths,
  qmp: QmpConnection,
  options: CallOptions,
): Promise<void> {
  const present = await findSerialSocket(paths, qmp, options);
  const path = paths.serialSockets.find((one) => one !== present);
  const data = {
    addr: { type: 'unix', data: { path } },
    server: true,
    wait: false,
    logfile: paths.consoleLog,
    logappend: true,
  };
  const backend = { type: 'socket', data };
  await qmp.execute('chardev-change', { id: 'serial', backend }, options);
}

/** Where QEMU listens for who wants the serial port; undefined when an earlier version gave it a log alone. */
export async function findSerialSocket(
  paths: DomainPaths,
  qmp: QmpConnection,
  options: CallOptions,
): Promise<string | undefined> {
  const devices = await qmp.execute('query-chardev', {}, options);
  const serial = Array.isArray(devices)
    ? devices.find((one) => isJsonObject(one) && one['label'] === 'serial')
    : undefined;
  const filename = isJsonObject(serial) ? serial['filename'] : undefined;
  if (typeof filename !== 'string') return undefined;
  return paths.serialSockets.find((path) => filename.includes(`unix:${path}`));
}

/** The last `lines` lines of what is kept, or all of it. */
export async function readConsoleLog(
  paths: DomainPaths,
  lines: number | null,
  limitBytes: number,
): Promise<string> {
  const before = await readTail(paths.consoleLogBefore, limitBytes);
  const now = await readTail(paths.consoleLog, limitBytes);
  const text = Buffer.concat([before, now]).toString('utf8');
  return lines === null ? text : lastLines(text, lines);
}

async function createLog(paths: DomainPaths, runAs: RunAs): Promise<void> {
  {
    await using _ = await open(paths.consoleLog, 'a', 0o600);
  }
  await handOver(paths.consoleLog, runAs);
}

async function sizeOf(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ size }) => size,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return null;
      throw cause;
    },
  );
}

/** The end of a file; nothing when there is no such file. */
async function readTail(path: string, most: number): Promise<Buffer> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
      return Buffer.alloc(0);
    throw cause;
  }
  await using open_ = file;
  const { size } = await open_.stat();
  const from = Math.max(0, size - most);
  const tail = Buffer.alloc(size - from);
  const { bytesRead } = await open_.read(tail, 0, tail.length, from);
  return tail.subarray(0, bytesRead);
}
