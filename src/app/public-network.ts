/** The external network `public` and a router to it, as DevStack has them: made through the public APIs, when asked for. */
import { existsSync } from 'node:fs';
import { parseCidr } from '#base/net/cidr.ts';
import { formatIp } from '#base/net/ip.ts';
import type { JsonObject } from '#base/json.ts';
import { statePaths, type CloudConfig } from '#platform/config.ts';
import type { Control } from './control.ts';
import { logIn, readOrMakeSecret } from './first-start.ts';
import { findSetting, setSetting } from './setting.store.ts';

const NETWORKS = '/networking/v2.0/networks';
const SUBNETS = '/networking/v2.0/subnets';
const ROUTERS = '/networking/v2.0/routers';

/** Names as DevStack has them. */
const SUBNET_NAMES = { 4: 'public-subnet', 6: 'ipv6-public-subnet' } as const;
const ROUTER = 'router1';
const ROUTER_DONE = 'public-router';

/** Makes what is missing; a network, subnet or router of that name stays as it is. */
export async function ensurePublicNetwork(
  control: Control,
  config: CloudConfig,
  tell: (line: string) => void,
): Promise<void> {
  const paths = statePaths(config.stateDir);
  const admin = await logIn(control, 'admin', readOrMakeSecret(paths.adminPassword));
  const network =
    (await admin.first(`${NETWORKS}?name=public&router:external=true`, 'networks')) ??
    (await admin.make(NETWORKS, 'network', {
      name: 'public',
      'router:external': true,
      'provider:network_type': 'flat',
      'provider:physical_network': 'public',
      is_default: true,
    }));
  const networkId = textOf(network, 'id');
  let made = false;
  for (const cidr of config.uplink.publicCidrs) {
    if (await ensureSubnet(admin, networkId, cidr, tell)) made = true;
  }
  if (made) await untilThere(control, networkId, tell);
  if (existsSync(paths.demoPassword)) {
    const demo = await logIn(control, 'demo', readOrMakeSecret(paths.demoPassword));
    await ensureRouter(control, demo, networkId);
  }
}

type Api = Awaited<ReturnType<typeof logIn>>;

/** A host that is slower has it a little later than the cloud is up. */
const THERE_WITHIN_MS = 5_000;

/** Waits until hosts have the network, so that whoever asks for it next finds the way to it. */
async function untilThere(
  { desired, observed }: Control,
  id: string,
  tell: (line: string) => void,
): Promise<void> {
  const signal = AbortSignal.timeout(THERE_WITHIN_MS);
  const hosts = desired.hosts().filter((host) => desired.find(host, 'networks', id));
  for (const host of hosts) {
    const revision = desired.revision(host);
    try {
      await observed.wait(
        host,
        'networks',
        id,
        (seen) => (seen && seen.settled >= revision ? true : undefined),
        signal,
      );
    } catch {
      // Late, and not lost: the host goes on.
      tell(`The network 'public' is not on host '${host}' yet.`);
    }
  }
}

/** The first address is the gateway's, all others are for routers and floating IPs. Returns whether it was made now. */
async function ensureSubnet(
  admin: Api,
  networkId: string,
  cidr: string,
  tell: (line: string) => void,
): Promise<boolean> {
  const range = parseCidr(cidr);
  if (range === undefined) throw new Error(`'${cidr}' was never read`);
  const { version, network } = range;
  const name = SUBNET_NAMES[version];
  const query = `${SUBNETS}?network_id=${networkId}&ip_version=${version}`;
  const there = await admin.first(query, 'subnets');
  if (there) {
    if (there['cidr'] === cidr) return false;
    tell(
      `The network 'public' has ${textOf(there, 'cidr')} already and stays as it is: --public ${cidr} has changed nothing.`,
    );
    return false;
  }
  await admin.make(SUBNETS, 'subnet', {
    name,
    network_id: networkId,
    ip_version: version,
    cidr,
    gateway_ip: formatIp({ version, value: network + 1n }),
    enable_dhcp: false,
  });
  return true;
}

/**
 * The demo project's way out: a router of its own between its network and the public one. Made once, and to its end when
 * a start before was broken off: what has become of it since is how it should be.
 */
async function ensureRouter(control: Control, demo: Api, networkId: string): Promise<void> {
  if ((await findSetting(control.db, ROUTER_DONE)) !== undefined) return;
  const subnet = await demo.first(`${SUBNETS}?name=private-subnet`, 'subnets');
  const begun = await demo.first(`${ROUTERS}?name=${ROUTER}`, 'routers');
  // The project has none of that name, and routes by itself already.
  const other = !begun && (await demo.first(`${ROUTERS}?limit=1`, 'routers'));
  if (!subnet || other) return;
  const router =
    begun ??
    (await demo.make(ROUTERS, 'router', {
      name: ROUTER,
      external_gateway_info: { network_id: networkId },
    }));
  const id = textOf(router, 'id');
  const query = `device_id=${id}&network_id=${textOf(subnet, 'network_id')}`;
  if (!(await demo.first(`/networking/v2.0/ports?${query}`, 'ports'))) {
    await demo.change(`${ROUTERS}/${id}/add_router_interface`, { subnet_id: subnet['id'] });
  }
  await setSetting(control.db, ROUTER_DONE, new Date().toISOString());
}

function textOf(thing: JsonObject, name: string): string {
  const value = thing[name];
  if (typeof value !== 'string') throw new Error(`the API answered without '${name}'`);
  return value;
}
