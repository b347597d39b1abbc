/** What a host should run: the part of the desired document that describes one server's virtual machine. */

/** Bytes of an image, as a host can read them. `path` is absolute, or relative to the cloud's state directory. */
export type ImageRef = {
  readonly id: string;
  readonly format: 'raw' | 'qcow2' | 'iso' | 'ari' | 'aki' | 'ami';
  readonly path: string;
  readonly sizeBytes: number;
};

/** One virtual network card. */
export type NicSpec = {
  /**
   * The card's place, 0 to 27, chosen once and never moved: slot n is the n-th PCI root port, so
   * the guest sees its cards in the order of their slots. Gaps are allowed.
   */
  readonly slot: number;
  readonly portId: string;
  /** Lower case, colon separated. */
  readonly mac: string;
  readonly mtu: number;
  /** Host interface to plug into; made by the data plane before the card is. */
  readonly tap: string;
};

/** Where a domain's first instruction comes from. */
export type BootSpec =
  | { readonly kind: 'disk' }
  | {
      readonly kind: 'kernel';
      readonly kernel: ImageRef;
      readonly ramdisk: ImageRef | null;
      readonly commandLine: string;
    };

/** Files by path, such as `openstack/latest/meta_data.json`: text, or bytes that are no text, such as compressed user data. */
export type ConfigDriveFiles = Readonly<Record<string, string | { readonly base64: string }>>;

/** The file system of a config drive. */
export type ConfigDriveFormat = 'iso9660' | 'vfat';

export type DomainSpec = {
  /** The server's UUID; also the SMBIOS UUID that the guest sees. */
  readonly id: string;
  /** For people looking at a process list, such as `instance-0000001f`. */
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly boot: BootSpec;
  /** The root disk: a writable overlay on `image`, grown to `sizeGib` when that is larger (0 = the image's own size). */
  readonly rootDisk: { readonly image: ImageRef; readonly sizeGib: number } | null;
  /** An empty second disk, in GiB; 0 for none. */
  readonly ephemeralGib: number;
  /** What is on the config drive; null for no config drive. */
  readonly configDrive: ConfigDriveFiles | null;
  /** ISO 9660 when it is not said. */
  readonly configDriveFormat?: ConfigDriveFormat;
  readonly nics: readonly NicSpec[];
  readonly power: DesiredPower;
  /** A count that has gone up asks for one start of the guest, after its end in the given way when it runs. */
  readonly reboot: { readonly count: number; readonly type: 'soft' | 'hard' };
  /**
   * A count that has gone up asks for the root disk and the config drive to be made anew at the next start, and for the
   * ephemeral disk unless it is to be kept. Absent is 0.
   */
  readonly rebuild?: { readonly count: number; readonly keepEphemeral: boolean };
};

export type DesiredPower = 'running' | 'paused' | 'stopped';

/** What a host really runs. `crashed`: the process ended and nobody asked it to. */
export type DomainPower = 'running' | 'paused' | 'stopped' | 'crashed' | 'absent';

export type DomainState = {
  readonly power: DomainPower;
  /** The `reboot.count` with which this guest was last started; 0 when it never was. */
  readonly rebootCount: number;
  /** Cards that the guest has now, by slot. */
  readonly nics: readonly { readonly slot: number; readonly portId: string }[];
};

/** The most cards a server can have: as many PCI root ports are there from the start. */
export const MAX_NICS = 28;
