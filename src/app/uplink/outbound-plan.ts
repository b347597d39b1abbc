/** How guests of a cloud without root get out: by which program, and started how. Pure. */
import { UPLINK_OUTSIDE } from '#drivers/dataplane/linux/names.ts';
import type { HostTool } from '#base/host/finding.ts';

/** In the order in which they are preferred. Either will do. */
export const OUTBOUND_TOOLS = [
  { command: 'pasta', package: 'passt' },
  { command: 'slirp4netns', package: 'slirp4netns' },
] as const satisfies readonly HostTool[];

export type OutboundProgram = (typeof OUTBOUND_TOOLS)[number]['command'];

/** Where the program is to work. */
export type OutboundPlace = {
  /** The uplink's network namespace, as a path. */
  readonly network: string;
  /** The user namespace that it belongs to, as a path. */
  readonly user: string;
  /** Tells the cloud's program from others', whoever looks for it. */
  readonly token: string;
};

export type OutboundCommand = {
  readonly command: OutboundProgram;
  readonly args: readonly string[];
  /** What the process is called. */
  readonly argv0: string;
};

/** The uplink's own address on the way: link-local, so that it can be nobody's. */
const PASTA_WAY = { address: '169.254.242.2', gateway: '169.254.242.1', prefix: '30' } as const;
const SLIRP_NETWORK = '169.254.242.0/24';

/** No port of the host leads in, and nothing that listens on the host's loopback can be reached. */
export function outboundCommand(
  command: OutboundProgram,
  { network, user, token }: OutboundPlace,
): OutboundCommand {
  switch (command) {
    case 'pasta':
      return {
        command,
        // It is `pasta` because it is called so.
        argv0: 'pasta',
        args: [
          ...['--foreground', '--quiet', '--pid', token],
          ...['--netns', network, '--userns', user, '--ns-ifname', UPLINK_OUTSIDE, '--config-net'],
          ...['--address', PASTA_WAY.address, '--netmask', PASTA_WAY.prefix],
          ...['--gateway', PASTA_WAY.gateway, '--no-map-gw'],
          ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none'],
          ...['--udp-ns', 'none', '--no-dhcp', '--no-dhcpv6', '--no-ra'],
        ],
      };
    case 'slirp4netns':
      return {
        command,
        argv0: `slirp4netns:${token}`,
        args: [
          ...['--configure', '--mtu=1500', `--cidr=${SLIRP_NETWORK}`],
          ...['--disable-host-loopback', '--disable-dns', '--enable-seccomp'],
          ...['--netns-type=path', `--userns-path=${user}`, network, UPLINK_OUTSIDE],
        ],
      };
  }
}

/** Whether a process with these words on its command line is the program with this token. */
export function isOutbound(words: readonly string[], token: string): OutboundProgram | undefined {
  const [name = ''] = words;
  if (name === `slirp4netns:${token}`) return 'slirp4netns';
  return name === 'pasta' && words.includes(token) ? 'pasta' : undefined;
}
