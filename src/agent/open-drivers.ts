/** Which drivers an agent works with, by their names on the command line. */
import type { Dataplane } from '#drivers/dataplane/dataplane.ts';
import type { Hypervisor } from '#drivers/hypervisor/hypervisor.ts';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';

export type DriverOptions = {
  /** The state directory as this process sees it. */
  readonly stateDir: string;
  readonly hypervisor: string;
  readonly dataplane: string;
  /** The user that guests run as; null for the agent's own. */
  readonly guestUid: number | null;
  readonly log: Logger;
};

export type Drivers = { readonly hypervisor: Hypervisor; readonly dataplane: Dataplane };

/** Loads only what was asked for: an agent is small. */
export async function openDrivers(options: DriverOptions): Promise<Drivers> {
  return { hypervisor: await openHypervisor(options), dataplane: await openDataplane(options) };
}

async function openHypervisor(options: DriverOptions): Promise<Hypervisor> {
  const { stateDir, log } = options;
  switch (options.hypervisor) {
    case 'qemu': {
      const { QemuHypervisor } = await import('#drivers/hypervisor/qemu/qemu-hypervisor.ts');
      return new QemuHypervisor({
        stateDir,
        runAs: guestUser(options),
        onTrouble: (error) => log.error({ err: error }, 'trouble with a guest'),
      });
    }
    case 'fake': {
      const { FakeHypervisor } = await import('#drivers/hypervisor/fake/fake-hypervisor.ts');
      return new FakeHypervisor({ stateDir });
    }
    default:
      throw unknownDriver('hypervisor', options.hypervisor);
  }
}

async function openDataplane(options: DriverOptions): Promise<Dataplane> {
  const { stateDir, log } = options;
  switch (options.dataplane) {
    case 'linux': {
      const { LinuxDataplane } = await import('#drivers/dataplane/linux/linux-dataplane.ts');
      return new LinuxDataplane({ stateDir, tapOwner: guestUser(options), log });
    }
    case 'fake': {
      const { FakeDataplane } = await import('#drivers/dataplane/fake/fake-dataplane.ts');
      return new FakeDataplane({ stateDir });
    }
    default:
      throw unknownDriver('data plane', options.dataplane);
  }
}

function guestUser({ guestUid }: DriverOptions): { uid: number; gid: number } | null {
  return guestUid === null ? null : { uid: guestUid, gid: guestUid };
}

function unknownDriver(kind: string, name: string): Fault {
  return new Fault('invalid', 'UnknownDriver', `There is no ${kind} named '${name}'.`);
}
