/** What the tiny guest is made of: packages, programs, kernel modules. Change the guest here and in `tiny/`. */

/** Meta package that depends on the current kernel. */
export const KERNEL_PACKAGE = 'linux-image-cloud-amd64';

/**
 * The shell of the guest's own scripts. It runs its commands within itself, which makes the boot fast, and needs no
 * library. For people it would not do: it prefers its own `ip` to the fuller one, whatever PATH says.
 */
export const INIT_SHELL = {
  package: 'busybox-static',
  source: 'bin/busybox',
  path: 'lib/tiny/busybox',
};

/** Programs of the guest: package, then where each program lies in it. All of them end up in `/bin`. */
export const GUEST_PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  bash: ['bin/bash'],
  busybox: ['bin/busybox'],
  conntrack: ['sbin/conntrack'],
  dash: ['bin/dash'],
  'dropbear-bin': ['sbin/dropbear', 'bin/dropbearkey', 'bin/dropbearconvert', 'bin/dbclient'],
  iperf3: ['bin/iperf3'],
  iproute2: ['bin/ip', 'sbin/bridge', 'sbin/tc'],
  nftables: ['sbin/nft'],
  'openssh-sftp-server': ['lib/openssh/sftp-server'],
  tcpdump: ['bin/tcpdump'],
  'util-linux': ['bin/lsblk', 'sbin/blkid'],
};

/** Data files taken as they are, by package; those of `ncurses-base` let editors and pagers work on the usual terminals. */
export const GUEST_FILES: Readonly<Record<string, readonly string[]>> = {
  netbase: ['etc/protocols', 'etc/services', 'etc/ethertypes'],
  'ncurses-base': [
    'lib/terminfo/l/linux',
    'lib/terminfo/s/screen',
    'lib/terminfo/t/tmux-256color',
    'lib/terminfo/v/vt100',
    'lib/terminfo/v/vt220',
    'lib/terminfo/x/xterm',
    'lib/terminfo/x/xterm-256color',
  ],
};

/** Run on the building host, out of the unpacked packages. */
export const BUILD_PACKAGES = ['e2fsprogs', 'mtools', 'syslinux'] as const;

/** Loaded at every boot, when the device is there (`tiny/lib/tiny/boot`). */
const BOOT_MODULES = ['virtio_pci', 'virtio_net', 'virtio_blk', 'virtio_rng', 'button', 'evdev'];

/** Loaded by the kernel itself the moment somebody needs them. */
const DISK_MODULES = words(`
  isofs vfat nls_cp437 nls_ascii nls_utf8 nls_iso8859_1 loop
`);

const NETWORK_MODULES = words(`
  8021q bonding bridge br_netfilter dummy ifb ip_gre ipip ipvlan macvlan macvtap tun veth
  vrf vxlan inet_diag tcp_diag udp_diag nf_conntrack nf_conntrack_bridge nf_conntrack_ftp
  nf_conntrack_netlink nf_log_syslog nf_nat nf_nat_ftp nf_tables nft_chain_nat nft_connlimit
  nft_ct nft_dup_netdev nft_fib_inet nft_flow_offload nft_fwd_netdev nft_hash nft_limit
  nft_log nft_masq nft_meta_bridge nft_nat nft_numgen nft_objref nft_quota nft_redir
  nft_reject_bridge nft_reject_inet nft_tproxy nf_flow_table_inet sch_htb sch_ingress
  sch_netem sch_tbf cls_flower cls_matchall cls_u32 act_mirred act_police
`);

export const GUEST_MODULES = [...BOOT_MODULES, ...DISK_MODULES, ...NETWORK_MODULES];

/** Kernel command line of the disk image, and the one to give with kernel and ramdisk. `console=ttyS0` alone works too. */
// The kernel's tests of its own ciphers take a twentieth of the boot without KVM.
export const TINY_COMMAND_LINE = 'console=tty0 console=ttyS0,115200 quiet cryptomgr.notests';

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
