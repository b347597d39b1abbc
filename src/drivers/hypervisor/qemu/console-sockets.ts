/** Connects to QEMU's console sockets without being led elsewhere. */
import { lstat, rename } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { ConsoleRef } from '#base/host/console.ts';
import { consoleUnavailable } from '../hypervisor.faults.ts';
import type { CallOptions } from '../hypervisor.ts';

/**
 * The socket that QEMU listens on at `path`, used at `taken`. A QEMU that a guest has taken over could put a link to any
 * other socket of the agent's world at `path`; it cannot at `taken`, and moving follows no link.
 */
export async function connectConsole(
  console: ConsoleRef,
  { path, taken }: { readonly path: string; readonly taken: string },
  options: CallOptions,
): Promise<Socket> {
  await rename(path, taken).catch(passOverMissing); // taken before, when it is missing
  const found = await lstat(taken).catch(passOverMissing);
  if (!found?.isSocket()) throw consoleUnavailable(console);
  options.signal.throwIfAborted();
  // It may break before anybody has taken hold of it; whoever does then finds it broken.
  const socket = connect(taken).on('error', () => undefined);
  const stop = () => socket.destroy(options.signal.reason as Error);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return socket;
  } catch (cause) {
    options.signal.throwIfAborted();
    throw consoleUnavailable(console, cause);
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}

function passOverMissing(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT') return undefined;
  throw cause;
}
