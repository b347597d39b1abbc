/** What each job needs of the machine, asked in one place by doctor, setup and up. */
import type { Finding, HostTool } from '#base/host/finding.ts';
import { DEBIAN_IMAGE_HOST_TOOLS } from '#drivers/guest-image/debian/debian-image.ts';
import { TINY_IMAGE_HOST_TOOLS } from '#drivers/guest-image/tiny-image.ts';
import { DATAPLANE_HOST_TOOLS } from '#drivers/dataplane/linux/probe.ts';
import { RADVD } from '#drivers/dataplane/linux/routers/advertisers.ts';
import { VFAT_HOST_TOOLS } from '#drivers/hypervisor/qemu/config-drive.ts';
import { QEMU_HOST_TOOLS } from '#drivers/hypervisor/qemu/probe.ts';
import { OUTBOUND_TOOLS } from '#app/uplink/outbound-plan.ts';
import { toolsFinding } from '#drivers/host-tools.ts';
import { YARD_HOST_TOOLS } from '#drivers/yard/probe.ts';
import type { CloudConfig } from '#platform/config.ts';

/** The clients that the demo and the tests act with. */
export const CLIENT_TOOLS: readonly HostTool[] = [
  { command: 'openstack', package: 'python3-openstackclient' },
  { command: 'nova', package: 'python3-novaclient' },
  { command: 'ssh', package: 'openssh-client' },
  { command: 'ssh-keygen', package: 'openssh-client' },
];

/** What real frames, leases and consoles are tested with. */
const TEST_TOOLS: readonly HostTool[] = [
  { command: 'chromium', package: 'chromium' },
  { command: 'busybox', package: 'busybox-static' },
  { command: 'pgrep', package: 'procps' },
  { command: 'isoinfo', package: 'genisoimage' },
  { command: 'ssh-keyscan', package: 'openssh-client' },
  ...OUTBOUND_TOOLS,
];

export type ToolGroup = { readonly subject: string; readonly tools: readonly HostTool[] };

const YARD: ToolGroup = { subject: 'tools of the yard', tools: YARD_HOST_TOOLS };
const DATAPLANE: ToolGroup = { subject: 'tools of the network', tools: DATAPLANE_HOST_TOOLS };
/** Without it routers route, and guests are not told of IPv6. */
export const IPV6: ToolGroup = { subject: 'tools of IPv6 networks (optional)', tools: [RADVD] };
const QEMU: ToolGroup = { subject: 'tools of guests', tools: QEMU_HOST_TOOLS };
const TINY: ToolGroup = { subject: 'tools of the tiny image', tools: TINY_IMAGE_HOST_TOOLS };
const DEBIAN: ToolGroup = { subject: 'tools of the Debian image', tools: DEBIAN_IMAGE_HOST_TOOLS };
const CLIENTS: ToolGroup = { subject: 'OpenStack clients', tools: CLIENT_TOOLS };
const TESTING: ToolGroup = { subject: 'tools of the tests', tools: TEST_TOOLS };

/** OpenStack's own tests. */
const TEMPEST: ToolGroup = {
  subject: 'Tempest',
  tools: [
    { command: 'tempest', package: 'tempest' },
    // A part of Tempest, and no command.
    {
      command: '/usr/lib/python3/dist-packages/neutron_tempest_plugin',
      package: 'neutron-tempest-plugin',
    },
    { command: 'ping', package: 'iputils-ping' },
    { command: 'nc', package: 'ncat' },
    { command: 'sudo', package: 'sudo' },
  ],
};

/** Only where config drives are to be of FAT. */
const VFAT: ToolGroup = { subject: 'tools of config drives', tools: VFAT_HOST_TOOLS };

const MEASURING: ToolGroup = {
  subject: 'tools of the benchmark',
  tools: [{ command: 'iperf3', package: 'iperf3' }],
};

export const JOBS = {
  start: [YARD, DATAPLANE, IPV6, QEMU, TINY],
  demo: [YARD, DATAPLANE, IPV6, QEMU, TINY, CLIENTS],
  bench: [YARD, DATAPLANE, IPV6, QEMU, TINY, CLIENTS, MEASURING],
  test: [YARD, DATAPLANE, IPV6, QEMU, TINY, DEBIAN, CLIENTS, TESTING, VFAT, TEMPEST],
  tempest: [YARD, DATAPLANE, QEMU, TINY, CLIENTS, TEMPEST],
} as const satisfies Readonly<Record<string, readonly ToolGroup[]>>;

export type Job = keyof typeof JOBS;

/** Which tool groups a cloud with these drivers cannot do without. */
export function missingFor(
  config: Pick<CloudConfig, 'hypervisor' | 'dataplane' | 'configDrive'>,
): readonly Finding[] {
  const groups = [
    ...(config.dataplane === 'linux' ? [YARD, DATAPLANE] : []),
    ...(config.hypervisor === 'qemu' ? [QEMU] : []),
    ...(config.hypervisor === 'qemu' && config.configDrive.format === 'vfat' ? [VFAT] : []),
  ];
  return groups
    .map(({ subject, tools }) => toolsFinding(subject, tools))
    .filter((finding) => !finding.ok);
}
