/** What the Debian image is made of. */

export const DEBIAN_RELEASE = 'bookworm';

/** Beside what every Debian has. Their dependencies come with them, but for those that only another name provides. */
export const DEBIAN_PACKAGES: readonly string[] = [
  'systemd-sysv',
  'systemd-resolved',
  'udev',
  'dbus',
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'zstd',
  // Used while building, and not left in the image.
  'grub-pc-bin',
  'cloud-init',
  // What python3-cryptography, which cloud-init needs, calls by another name.
  'python3-cffi-backend',
  // Grow the root file system into a larger disk.
  'cloud-guest-utils',
  'e2fsprogs',
  'fdisk',
  'openssh-server',
  'sudo',
  'isc-dhcp-client',
  'iproute2',
  'iputils-ping',
  'netbase',
  'curl',
  'less',
];
