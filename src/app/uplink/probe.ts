/** What this machine has for ways to the host and the outside. None of it is needed for a cloud. */
import { accessSync, constants, readFileSync } from 'node:fs';
import type { Finding } from '#base/host/finding.ts';
import { missingTools } from '#drivers/host-tools.ts';
import { OUTBOUND_TOOLS } from './outbound-plan.ts';

export function probeUplink(root: boolean): readonly Finding[] {
  return root ? [hostLinkFinding(capabilities()), forwardingFinding()] : [outboundFinding()];
}

const NET_ADMIN = 1n << 12n;

/** `effective`: this process's capabilities, one bit each. */
export function hostLinkFinding(effective: bigint): Finding {
  const subject = 'link to the host (optional)';
  if ((effective & NET_ADMIN) !== 0n) {
    return { subject, ok: true, said: 'this root may make links', remedy: null };
  }
  const remedy = "in a container: '--cap-add NET_ADMIN'; 'stackyard exec' reaches floating IPs";
  return { subject, ok: false, said: 'this root may not make links on the host', remedy };
}

function forwardingFinding(): Finding {
  const subject = 'outbound through the host (optional)';
  const path = '/proc/sys/net/ipv4/ip_forward';
  try {
    if (readFileSync(path, 'utf8').trim() === '1') {
      return { subject, ok: true, said: 'the host forwards IPv4', remedy: null };
    }
    accessSync(path, constants.W_OK);
    return { subject, ok: true, said: 'forwarding can be switched on', remedy: null };
  } catch {
    const said = 'the host does not forward, and forwarding cannot be switched on from here';
    return { subject, ok: false, said, remedy: 'sysctl -w net.ipv4.ip_forward=1 (on the host)' };
  }
}

function outboundFinding(): Finding {
  const subject = 'outbound without root (optional)';
  const missing = missingTools(OUTBOUND_TOOLS);
  const found = OUTBOUND_TOOLS.find((tool) => !missing.includes(tool));
  if (found) return { subject, ok: true, said: `found ${found.command}`, remedy: null };
  const remedy = 'apt-get install -y --no-install-recommends passt (as root)';
  return { subject, ok: false, said: 'neither pasta nor slirp4netns is there', remedy };
}

function capabilities(): bigint {
  const [, mask = '0'] =
    /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return BigInt(`0x${mask}`);
}
