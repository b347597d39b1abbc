/** What a check of the QEMU driver has at hand: hypervisors on one host, specs, taps and the guest's console. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BootSpec, DomainSpec, ImageRef, NicSpec } from '#base/host/domain.ts';
import type { TinyImage } from '../../src/drivers/guest-image/tiny-image.ts';
import type { Hypervisor } from '../../src/drivers/hypervisor/hypervisor.ts';
import {
  QemuHypervisor,
  type QemuHypervisorOptions,
} from '../../src/drivers/hypervisor/qemu/qemu-hypervisor.ts';
import { run } from '../../src/drivers/run.ts';
import { until } from '../dataplane/check.ts';

export type VmWorld = {
  readonly stateDir: string;
  /** The user that guests run as; null where there is only one user. */
  readonly guestUid: number | null;
  readonly image: TinyImage;
  readonly signal: AbortSignal;
};

/** Emulated and on a busy machine, a guest takes this long to boot and no longer. */
const BOOT_MS = 90_000;

export type OpenHypervisor = AsyncDisposable & { readonly hypervisor: QemuHypervisor };

/** A hypervisor that closes, leaving its guests as they are, when the scope ends. */
export function openHypervisor(
  world: VmWorld,
  options: Partial<QemuHypervisorOptions> = {},
): OpenHypervisor {
  const { guestUid } = world;
  const hypervisor = new QemuHypervisor({
    stateDir: world.stateDir,
    runAs: guestUid === null ? null : { uid: guestUid, gid: guestUid },
    onTrouble: (error) => {
      throw error;
    },
    ...options,
  });
  return { hypervisor, [Symbol.asyncDispose]: async () => await hypervisor.close() };
}

/** Takes away what a check has made, and expects that nothing is left. */
export async function clear(world: VmWorld): Promise<void> {
  await using host = openHypervisor(world);
  for (const id of await host.hypervisor.list(world)) {
    await host.hypervisor.ensureAbsent(id, world);
  }
  assert.deepEqual(await host.hypervisor.list(world), []);
  for (const tap of await listTaps(world)) await run('ip', ['link', 'delete', tap], world);
}

export function specOf(world: VmWorld, part: Partial<DomainSpec> = {}): DomainSpec {
  return {
    id: randomUUID(),
    name: 'instance-00000001',
    vcpus: 1,
    memoryMib: 160,
    boot: tinyKernel(world),
    rootDisk: null,
    ephemeralGib: 0,
    configDrive: null,
    nics: [],
    power: 'running',
    reboot: { count: 0, type: 'hard' },
    ...part,
  };
}

/** Cards in these slots, with their taps. */
export async function makeNics(world: VmWorld, slots: readonly number[]): Promise<NicSpec[]> {
  const nics: NicSpec[] = [];
  for (const slot of slots) {
    const portId = randomUUID();
    const tap = `tap${portId.slice(0, 11)}`;
    const mac = `fa:16:3e:00:01:${slot.toString(16).padStart(2, '0')}`;
    const owner = world.guestUid === null ? [] : ['user', String(world.guestUid)];
    await run('ip', ['tuntap', 'add', tap, 'mode', 'tap', ...owner], world);
    await run('ip', ['link', 'set', tap, 'mtu', '1450', 'up'], world);
    nics.push({ slot, portId, mac, mtu: 1450, tap });
  }
  return nics;
}

export function tinyKernel({ image }: VmWorld, more = ''): BootSpec {
  return {
    kind: 'kernel',
    kernel: imageRef('aki', image.kernel),
    ramdisk: imageRef('ari', image.ramdisk),
    commandLine: `${image.commandLine} ${more}`.trim(),
  };
}

export function imageRef(format: ImageRef['format'], path: string): ImageRef {
  return { id: randomUUID(), format, path, sizeBytes: 0 };
}

/** Waits until the guest has said this so many times since it was started. */
export async function said(
  world: VmWorld,
  hypervisor: Hypervisor,
  id: string,
  pattern: RegExp,
  times = 1,
): Promise<void> {
  const every = new RegExp(pattern.source, 'g');
  let text = '';
  try {
    await until(
      `the guest has said ${pattern} ${times} times`,
      async () => {
        text = await hypervisor.readConsole(id, null, world);
        return [...text.matchAll(every)].length >= times;
      },
      BOOT_MS,
    );
  } catch (cause) {
    throw new Error(`The console at the end:\n${text.slice(-2000)}`, { cause });
  }
}

export function domainPath(world: VmWorld, id: string, ...names: readonly string[]): string {
  return join(world.stateDir, 'servers', id, ...names);
}

export async function pidOf(world: VmWorld, id: string): Promise<number> {
  return Number(await readFile(domainPath(world, id, 'run', 'qemu.pid'), 'utf8'));
}

async function listTaps(world: VmWorld): Promise<readonly string[]> {
  const links = JSON.parse(await run('ip', ['-json', 'link'], world)) as { ifname: string }[];
  return links.map((link) => link.ifname).filter((name) => name.startsWith('tap'));
}
