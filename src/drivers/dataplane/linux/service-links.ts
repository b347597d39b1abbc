/** The inner end of each network's link to its services (DHCP, metadata): its addresses, and a namespace that is a quiet host. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkSpec } from '#base/host/links.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { fileMark } from '../../processes.ts';
import { serviceMac } from './facts.ts';
import { applySteps, type Commands } from './kernel.ts';
import { IDENTITIES4, IDENTITIES6, METADATA_IPV4, METADATA_IPV6 } from './metadata/identities.ts';
import { NETNS_DIR, SERVICE_INNER, serviceNamespace } from './names.ts';

/** The routing table, and the priority of the rules that lead to it. */
const ANSWERS = 80;

export type ServiceLinksDeps = {
  /** Has a file for each network that tells what was last done to its link. */
  readonly directory: string;
  readonly commands: Commands;
  /** Whether rules can put in the MAC of whoever is answered, see `egressTrial`. */
  readonly forced: () => boolean;
};

/**
 * Makes a namespace a host that never forwards and never believes a router's advertisement or a redirect, whatever
 * this machine's own settings are. What it says of metadata goes its own way.
 */
const QUIET_HOST = `
set -e
net=/proc/sys/net
echo 0 >$net/ipv4/ip_forward
for file in $net/ipv6/conf/*/accept_ra $net/ipv6/conf/*/disable_ipv6 $net/ipv[46]/conf/*/accept_redirects; do
  [ ! -e "$file" ] || echo 0 >"$file"
done
rule() {
  said=$(ip "$1" rule add from "$2" lookup ${ANSWERS} priority ${ANSWERS} 2>&1) && return
  case $said in *exists*) ;; *) echo "$said" >&2; return 1 ;; esac
}
rule -4 ${IDENTITIES4}
[ ! -e $net/ipv6 ] || rule -6 ${IDENTITIES6}`;

/** Nobody has these, and nobody is asked where they are: the rules put in the MAC of whoever is answered. */
const NOBODY4 = '169.254.169.253';
const NOBODY6 = 'fe80::a9fe:a9fd';
const NOBODY_MAC = '02:00:a9:fe:a9:fd';

function neighbour(address: string): string {
  return `neigh replace ${address} lladdr ${NOBODY_MAC} dev ${SERVICE_INNER} nud permanent`;
}

/** Answers go out on the link, to whichever address: networks need no subnet for that. */
function answerRoutes(hasIpv6: boolean, forced: boolean): readonly string[] {
  const out = (via: string) =>
    forced ? `via ${via} dev ${SERVICE_INNER} onlink` : `dev ${SERVICE_INNER}`;
  const four = [neighbour(NOBODY4), `route replace 0.0.0.0/0 ${out(NOBODY4)} table ${ANSWERS}`];
  if (!hasIpv6) return four;
  return [
    ...four,
    `route replace local ${IDENTITIES6} dev lo`,
    neighbour(NOBODY6),
    `route replace ::/0 ${out(NOBODY6)} table ${ANSWERS}`,
  ];
}

export class ServiceLinks {
  readonly #deps: ServiceLinksDeps;
  /** What was last done to each link, by network id. */
  readonly #done = new Map<string, string>();

  constructor(deps: ServiceLinksDeps) {
    this.#deps = deps;
  }

  /** Gives the link its MAC and addresses; true when anything was done. `relink`: it was made or changed just now. */
  async ensure(
    network: NetworkSpec,
    options: { readonly signal: AbortSignal; readonly relink: boolean },
  ): Promise<boolean> {
    const { id, mtu } = network;
    const { signal } = options;
    const namespace = serviceNamespace(id);
    const mac = serviceMac(network);
    const hasIpv6 = existsSync('/proc/sys/net/ipv6');
    const addresses = addressesOf(network, hasIpv6);
    const forced = this.#deps.forced();
    const inode = fileMark(join(NETNS_DIR, namespace))?.ino ?? 0;
    const wanted = JSON.stringify({ inode, mac, mtu, addresses, forced });
    const done = this.#done.get(id) ?? (await this.#recall(id));
    if (!options.relink && wanted === done) return false;
    this.#done.delete(id);
    const { commands } = this.#deps;
    const past = parse(done);
    if (past['inode'] !== inode) {
      const args = [`--net=${join(NETNS_DIR, namespace)}`, '--', 'sh', '-c', QUIET_HOST];
      await commands.run('nsenter', args, { signal });
    }
    const had = past['inode'] === inode ? textsIn(past['addresses']) : [];
    const lines = [
      'link set dev lo up',
      // No address of its own making: it speaks only with those it was given.
      `link set dev ${SERVICE_INNER} address ${mac} mtu ${mtu} addrgenmode none up`,
      ...had
        .filter((old) => !addresses.includes(old))
        .map((old) => `addr del ${old} dev ${SERVICE_INNER}`),
      ...addresses.map(
        (address) => `addr replace ${address} dev ${SERVICE_INNER}${withoutDad(address)}`,
      ),
      ...answerRoutes(hasIpv6, forced),
    ];
    const steps = lines.map((line) => ({ id, line }));
    const { failures } = await applySteps(steps, commands, { signal, namespace });
    const failure = failures.get(id);
    if (failure !== undefined) throw failure;
    await mkdir(this.#deps.directory, { recursive: true });
    await writeFile(join(this.#deps.directory, id), wanted);
    this.#done.set(id, wanted);
    return true;
  }

  /** The link is gone: nothing is to be remembered of it. */
  async forget(networkId: string): Promise<void> {
    this.#done.delete(networkId);
    await rm(join(this.#deps.directory, networkId), { force: true });
  }

  async #recall(networkId: string): Promise<string> {
    try {
      return await readFile(join(this.#deps.directory, networkId), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }
}

function addressesOf({ dhcp }: NetworkSpec, hasIpv6: boolean): readonly string[] {
  const served = [...new Set(dhcp?.addresses)].toSorted();
  return [...served, `${METADATA_IPV4}/32`, ...(hasIpv6 ? [`${METADATA_IPV6}/64`] : [])];
}

/** An address that Neutron gave is nobody else's: asking around for it would only delay. */
function withoutDad(address: string): string {
  return address.includes(':') ? ' nodad' : '';
}

/** Empty for a file that is not there or was half written when the power went. */
function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
