/** Where the files of one domain are. */
import { join } from 'node:path';
import { Fault } from '#platform/fault.ts';
import { invalidDomainId } from '../hypervisor.faults.ts';

/**
 * A domain's directory belongs to the agent; the guest's user may only enter it. What QEMU itself
 * creates is in `run/`, which is its own: so a QEMU that a guest has taken over cannot put a
 * symbolic link where the agent, as root, would follow it.
 */
export type DomainPaths = {
  readonly directory: string;
  readonly record: string;
  readonly rootDisk: string;
  readonly ephemeralDisk: string;
  readonly configDrive: string;
  readonly consoleLog: string;
  readonly consoleLogBefore: string;
  readonly runDirectory: string;
  readonly qmpSocket: string;
  readonly vncSocket: string;
  /** QEMU listens on one of them; on the other when it is given a new log. */
  readonly serialSockets: readonly [string, string];
  /** Where the agent puts sockets of QEMU's before it uses them: nobody else can put anything here. */
  readonly takenVncSocket: string;
  readonly takenSerialSocket: string;
  readonly pidFile: string;
};

/** The kernel's limit for the path of a unix socket, without the terminating zero. */
const MOST_SOCKET_PATH_BYTES = 107;

const DOMAIN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isDomainId(name: string): boolean {
  return DOMAIN_ID.test(name);
}

export function domainPaths(serversDir: string, id: string): DomainPaths {
  if (!isDomainId(id)) throw invalidDomainId(id);
  const directory = join(serversDir, id);
  const runDirectory = join(directory, 'run');
  return {
    directory,
    record: join(directory, 'domain.json'),
    rootDisk: join(directory, 'root.qcow2'),
    ephemeralDisk: join(directory, 'ephemeral.qcow2'),
    configDrive: join(directory, 'config.iso'),
    consoleLog: join(directory, 'console.log'),
    consoleLogBefore: join(directory, 'console.log.1'),
    runDirectory,
    qmpSocket: join(runDirectory, 'qmp.sock'),
    vncSocket: join(runDirectory, 'vnc.sock'),
    serialSockets: [join(runDirectory, 'serial.sock'), join(runDirectory, 'serial2.sock')],
    takenVncSocket: join(directory, 'vnc.sock'),
    takenSerialSocket: join(directory, 'serial.sock'),
    pidFile: join(runDirectory, 'qemu.pid'),
  };
}

/** Refuses a directory so deep that the kernel would not take the sockets in it. */
export function checkSocketPaths(paths: DomainPaths): void {
  const [, longest] = paths.serialSockets;
  const bytes = Buffer.byteLength(longest);
  if (bytes <= MOST_SOCKET_PATH_BYTES) return;
  throw new Fault(
    'invalid',
    'StateDirTooDeep',
    `The state directory's path is ${bytes - MOST_SOCKET_PATH_BYTES} bytes too long for the sockets of a virtual machine. Choose a shorter one.`,
    { detail: { path: longest } },
  );
}
