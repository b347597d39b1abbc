/** Can the Linux data plane work on this machine? Found out by doing, in a namespace thrown away after. */
import type { Finding, HostTool } from '#base/host/finding.ts';
import { missingTools, toolsFinding } from '../../host-tools.ts';
import { attempt } from '../../run.ts';
import { BRIDGE_ENGINE_TRIAL } from './firewall/engine.ts';
import { makeTables } from './firewall/skeleton.ts';
import { egressTrial, makeTable } from './metadata/table.ts';

/** Commands that the Linux data plane runs. */
export const DATAPLANE_HOST_TOOLS: readonly HostTool[] = [
  { command: 'ip', package: 'iproute2' },
  { command: 'bridge', package: 'iproute2' },
  { command: 'nft', package: 'nftables' },
  { command: 'conntrack', package: 'conntrack' },
  { command: 'dnsmasq', package: 'dnsmasq-base' },
  { command: 'nsenter', package: 'util-linux' },
  { command: 'setpriv', package: 'util-linux' },
];

type Trial = {
  readonly subject: string;
  /** Shell text that succeeds when the machine can do it. Fixed: nothing is ever put into it. */
  readonly script: string;
  readonly remedy: string;
};

/** In their order: later ones use what earlier ones made. */
const TRIALS: readonly Trial[] = [
  {
    subject: 'bridges',
    script:
      'ip link add name brprobe type bridge stp_state 0 forward_delay 0 mcast_snooping 0 group_fwd_mask 65528',
    remedy: 'modprobe bridge (as root)',
  },
  {
    subject: 'taps',
    script:
      'ip tuntap add dev tapprobe mode tap && ip link set dev tapprobe master brprobe up && ' +
      'ip link set dev tapprobe type bridge_slave flood off group_fwd_mask 65533 && ' +
      'bridge fdb replace fa:16:3e:00:00:01 dev tapprobe master static sticky',
    remedy: 'modprobe tun (as root), and let this user open /dev/net/tun',
  },
  {
    subject: 'nftables for bridges',
    script: `nft -f - <<'END'
${makeTables('inet')}delete table bridge stackyard
delete table inet stackyard-groups
END`,
    remedy:
      'modprobe nf_tables nf_conntrack (as root), or a kernel with CONFIG_NF_TABLES_BRIDGE and CONFIG_NF_TABLES_INET',
  },
  {
    subject: 'flows of bridged packets',
    script: `if nft -f - <<'END'
${BRIDGE_ENGINE_TRIAL}END
then echo 'in the bridge family'
else
  for switch in iptables ip6tables; do echo 1 > /proc/sys/net/bridge/bridge-nf-call-$switch || exit 1; done
  echo 'through br_netfilter'
fi`,
    remedy: 'modprobe br_netfilter (as root), or a kernel with CONFIG_NF_CONNTRACK_BRIDGE',
  },
  {
    subject: 'namespaces for services of networks',
    script:
      'mount -t tmpfs probe /run && ip netns add probe && ' +
      'ip link add dev dhcpprobe type veth peer name ns-probe netns probe',
    remedy: 'modprobe veth (as root)',
  },
  {
    subject: 'metadata for servers',
    script: `nft -f - <<'END' && { nft -f - <<'TRY' || { echo 'only on networks whose ports are all strict and share no address'; false; }; }
${makeTable([], { links: [], alone: true, egress: false })}END
${egressTrial('brprobe')}TRY`,
    remedy:
      'a kernel of 5.16 or later with CONFIG_NETFILTER_EGRESS; a config drive (--config-drive True) works on any',
  },
  {
    subject: 'address translation',
    script: `nft -f - <<'END' && { said=$(conntrack -L 2>&1) || { echo "$said"; false; }; }
table ip probe {
  map fixed { type ipv4_addr : ipv4_addr; }
  chain arriving { type nat hook prerouting priority dstnat; dnat to ip daddr map @fixed; }
  chain leaving { type nat hook postrouting priority srcnat; snat to 192.0.2.1 fully-random; }
}
delete table ip probe
END`,
    remedy: 'modprobe nf_nat nf_conntrack_netlink (as root), or a kernel with CONFIG_NFT_NAT',
  },
  {
    subject: 'dnsmasq',
    script:
      'said=$(dnsmasq --test --conf-file= --dhcp-range=192.0.2.0,static 2>&1) || { echo "$said"; false; }',
    remedy: 'apt-get install -y --no-install-recommends dnsmasq-base (as root)',
  },
];

/** One finding for each thing that the data plane needs. Touches nothing outside a fresh namespace. */
export async function probeDataplane(options: {
  readonly signal: AbortSignal;
}): Promise<readonly Finding[]> {
  const tools = toolsFinding('commands for the network', DATAPLANE_HOST_TOOLS);
  if (missingTools(DATAPLANE_HOST_TOOLS).length > 0) return [tools];
  const user = process.geteuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespaces = [...user, '--net', '--mount', '--propagation', 'private'];
  const { stdout, stderr } = await attempt('unshare', [...namespaces, 'sh', '-c', SCRIPT], options);
  return [tools, ...trialFindings(TRIALS, stdout, stderr)];
}

/** Says `<number of the trial> <exit code> <last line it said>` of each. */
const SCRIPT = TRIALS.map(
  ({ script }, index) => `
said=$({ ${script}
} 2>&1); echo "${index} $? $(echo "$said" | tail -n 1)"`,
).join('');

/** Pure: what the script said, as findings. A trial that it never came to has failed. */
export function trialFindings(
  trials: readonly Omit<Trial, 'script'>[],
  stdout: string,
  stderr: string,
): readonly Finding[] {
  const lines = stdout.split('\n');
  return trials.map(({ subject, remedy }, index) => {
    const line = lines.find((text) => text.startsWith(`${index} `));
    const [, code = '', said = ''] = /^\d+ (\d+) ?(.*)$/.exec(line ?? '') ?? [];
    if (code === '0') {
      const how = said === '' ? 'tried, works' : `tried, works: ${said}`;
      return { subject, ok: true, said: how, remedy: null };
    }
    const why = said || stderr.trim().split('\n').at(-1) || 'the trial did not end';
    return { subject, ok: false, said: why, remedy };
  });
}
