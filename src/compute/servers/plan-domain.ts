/** From a server's rows to what its host should run. Pure: the same rows give the same spec. */
import type { DomainSpec } from '#base/host/domain.ts';
import { tapName } from '#base/host/links.ts';
import { configDriveFiles } from '../metadata/config-drive.ts';
import type { InterfaceRow } from '../interfaces/interface.store.ts';
import { bootOf, flavorOf, instanceName, personalityOf, type ServerRow } from './server-row.ts';

/** Undefined for a server that has nothing to boot from yet. */
export function planDomain(
  server: ServerRow,
  interfaces: readonly InterfaceRow[],
): DomainSpec | undefined {
  const boot = bootOf(server);
  if (!boot) return undefined;
  const flavor = flavorOf(server);
  return {
    id: server.id,
    name: instanceName(server),
    vcpus: flavor.vcpus,
    memoryMib: flavor.ram,
    boot:
      boot.kernel === null
        ? { kind: 'disk' }
        : {
            kind: 'kernel',
            kernel: boot.kernel.image,
            ramdisk: boot.ramdisk,
            commandLine: boot.kernel.commandLine,
          },
    rootDisk: { image: boot.disk, sizeGib: flavor.disk },
    ephemeralGib: flavor.ephemeral,
    configDrive:
      boot.drive &&
      configDriveFiles({
        ec2: {},
        vendorData: {},
        ...boot.drive,
        userData: server.user_data,
        files: personalityOf(server),
      }),
    ...(boot.drive?.format && { configDriveFormat: boot.drive.format }),
    nics: interfaces
      // A card whose port is still to be made has no MAC yet.
      .filter(({ state, mac }) => state !== 'detaching' && mac !== '')
      .map((card) => ({
        slot: card.slot,
        portId: card.port_id,
        mac: card.mac,
        mtu: card.mtu,
        tap: tapName(card.port_id),
      }))
      .sort((one, other) => one.slot - other.slot),
    power: server.power,
    reboot: { count: server.reboot_count, type: server.reboot_type },
    ...(boot.rebuild && { rebuild: boot.rebuild }),
  };
}

/** What the kernel of an image that brings its own is told. */
export function kernelCommandLine(more: string | null | undefined): string {
  const base = 'root=/dev/vda console=tty0 console=ttyS0';
  return more ? `${base} ${more}` : base;
}
