/** A tiny guest in a QEMU of its own, for tests of the image: its traffic stays inside QEMU and on loopback. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openQmp,
  type QmpConnection,
  type QmpEvent,
} from '#drivers/hypervisor/qemu/qmp/connection.ts';
import { run, start } from '#drivers/run.ts';

export type GuestSpec = {
  /** How it boots and which disks it has: arguments of QEMU. */
  readonly boot: readonly string[];
  /** MAC addresses of its cards, one for each root port from the first; all but the first share one wire. */
  readonly cards: readonly string[];
  readonly memoryMib: number;
  readonly signal: AbortSignal;
};

/** A guest under a busy host may be slow, but not this slow. */
const MOST_WAIT_MS = 60_000;
/** Root ports, filled from the first; the rest are there to plug cards into. */
const ROOT_PORTS = 4;

export class BootedGuest implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #sshPort: number;
  /** Cards of which QEMU has said that the guest let go. */
  readonly #deleted = new Set<string>();
  #qmp: QmpConnection | undefined;

  private constructor(
    process: ChildProcess,
    place: { readonly folder: string; readonly sshPort: number; readonly signal: AbortSignal },
  ) {
    this.#process = process;
    this.#folder = place.folder;
    this.#sshPort = place.sshPort;
    this.#signal = place.signal;
  }

  static async boot(spec: GuestSpec): Promise<BootedGuest> {
    const folder = await mkdtemp(join(tmpdir(), 'tiny-guest-'));
    const sshPort = await freePort();
    const child = start('qemu-system-x86_64', qemuArguments(spec, folder, sshPort), {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const guest = new BootedGuest(child, { folder, sshPort, signal: spec.signal });
    await once(child, 'spawn');
    await guest.#connect();
    return guest;
  }

  /** Everything on the serial console so far. */
  async console(): Promise<string> {
    return await readFile(join(this.#folder, 'console.log'), 'utf8');
  }

  /** Waits until the console has shown `pattern` `count` times, and returns the last match. */
  async seen(pattern: RegExp, count = 1): Promise<RegExpMatchArray> {
    const every = new RegExp(pattern.source, `${pattern.flags}g`);
    return await this.#until(`the console has shown ${pattern}`, async () => {
      return [...(await this.console()).matchAll(every)][count - 1];
    });
  }

  /** Runs a command in the guest as root, over ssh, and returns what it printed. */
  async ssh(keyFile: string, command: string, input = ''): Promise<string> {
    return await run(
      'ssh',
      [
        ...words('-F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR'),
        ...words('-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'),
        ...words(`-i ${keyFile} -p ${this.#sshPort} root@127.0.0.1`),
        command,
      ],
      { signal: this.#signal, input },
    );
  }

  /** The public key by which the guest's ssh server is known. */
  async hostKey(): Promise<string> {
    return await run('ssh-keyscan', ['-t', 'ed25519', '-p', `${this.#sshPort}`, '127.0.0.1'], {
      signal: this.#signal,
    });
  }

  /** Plugs a card into a root port: onto the shared wire, or onto QEMU's own network with its DHCP. */
  async plug(port: number, mac: string, wire: 'shared' | 'own'): Promise<void> {
    const netdev = { id: `net${port}`, ...(wire === 'shared' ? SHARED_WIRE : OWN_NETWORK) };
    await this.#command('netdev_add', netdev);
    await this.#command('device_add', {
      driver: 'virtio-net-pci',
      id: `card${port}`,
      bus: `port${port}`,
      netdev: `net${port}`,
      mac,
      romfile: '',
    });
  }

  /** Takes a card out and waits until the guest has let go of it. */
  async unplug(port: number): Promise<void> {
    await this.#command('device_del', { id: `card${port}` });
    await this.#until(
      'the card is gone',
      async () => this.#deleted.delete(`card${port}`) || undefined,
    );
    await this.#command('netdev_del', { id: `net${port}` });
  }

  /** Presses the power button and returns how many milliseconds the guest took to end. */
  async powerDown(): Promise<number> {
    const ended = once(this.#process, 'exit', { signal: this.#signal });
    const pressedAt = performance.now();
    await this.#command('system_powerdown', {});
    await ended;
    return performance.now() - pressedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#qmp?.close();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #connect(): Promise<void> {
    const signal = this.#signal;
    this.#qmp = await this.#until('QEMU answers', async () => {
      const listeners = {
        onEvent: (event: QmpEvent) => this.#hear(event),
        onClose: () => undefined,
      };
      return await openQmp(join(this.#folder, 'qmp'), listeners, { signal }).catch(() => undefined);
    });
  }

  #hear({ name, data }: QmpEvent): void {
    const device = data['device'];
    if (name === 'DEVICE_DELETED' && typeof device === 'string') this.#deleted.add(device);
  }

  async #command(name: string, args: Parameters<QmpConnection['execute']>[1]): Promise<void> {
    await this.#qmp?.execute(name, args, { signal: this.#signal });
  }

  /** Asks until there is an answer. Fails, with the console, when the guest has ended or takes far too long. */
  async #until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + MOST_WAIT_MS;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (this.#process.exitCode !== null || this.#signal.aborted || Date.now() > deadline) {
        throw new Error(`In vain for ${what}. Console:\n${await this.console()}`);
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}

const SHARED_WIRE = { type: 'hubport', hubid: 1 } as const;
const OWN_NETWORK = { type: 'user', restrict: true } as const;

function qemuArguments(spec: GuestSpec, folder: string, sshPort: number): string[] {
  const ports = Array.from({ length: ROOT_PORTS }, (_, port) => [
    '-device',
    `pcie-root-port,id=port${port},chassis=${port + 1},addr=${port + 4}`,
  ]);
  const forward = `hostfwd=tcp:127.0.0.1:${sshPort}-:22`;
  const cards = spec.cards.map((mac, port) => [
    '-netdev',
    port === 0 ? `user,id=net0,restrict=on,${forward}` : `hubport,id=net${port},hubid=1`,
    '-device',
    `virtio-net-pci,id=card${port},netdev=net${port},bus=port${port},mac=${mac},romfile=`,
  ]);
  return [
    ...words(`-machine q35 -accel tcg -cpu max -m ${spec.memoryMib} -device virtio-rng-pci`),
    ...words('-nodefaults -no-user-config -display none'),
    ...words(`-serial file:${join(folder, 'console.log')}`),
    ...words(`-qmp unix:${join(folder, 'qmp')},server=on,wait=off`),
    ...ports.flat(),
    ...cards.flat(),
    ...spec.boot,
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}

function words(line: string): string[] {
  return line.split(' ');
}
