/** What makes a request for a server valid, as far as it can be told without looking anything up. Pure. */
import type { SagaError } from '#platform/saga/saga.ts';
import { isUuid } from '../http/uuid.ts';
import type { NetworkItem } from './server-create.schema.ts';
import * as faults from './server-network.faults.ts';

/** A card that was asked for. */
export type NicRequest =
  | { readonly kind: 'port'; readonly portId: string; readonly tag: string | null }
  | {
      readonly kind: 'network';
      readonly networkId: string;
      readonly fixedIp: string | null;
      readonly tag: string | null;
    };

/** `any`: whichever single network there is. `auto`: the same, or one made for the purpose. */
export type NetworksRequest = readonly NicRequest[] | 'any' | 'auto' | 'none';

/** Reads `networks`: rows 2 to 4 of the order of checks. */
export function parseNetworks(
  networks: readonly NetworkItem[] | 'auto' | 'none' | null | undefined,
): NetworksRequest {
  if (networks === 'auto' || networks === 'none') return networks;
  if (!networks || networks.length === 0) return 'any';
  const seen = new Set<string>();
  return networks.map((item) => {
    const tag = item.tag ?? null;
    // compat: a port of null is no port.
    if (item.port !== undefined && item.port !== null) {
      if (seen.has(item.port)) throw faults.portTwice(item.port);
      seen.add(item.port);
      if (item.fixed_ip !== undefined) throw faults.portWithFixedIp(item.fixed_ip, item.port);
      return { kind: 'port', portId: item.port, tag };
    }
    if (item.uuid === undefined || item.uuid === '') throw faults.networkWithoutUuid();
    if (!isUuid(item.uuid)) throw faults.networkUuidMalformed(item.uuid);
    return { kind: 'network', networkId: item.uuid, fixedIp: item.fixed_ip ?? null, tag };
  });
}

/** Rows 7 and 8: several servers cannot share one address or one port. */
export function checkMany(requested: NetworksRequest, maxCount: number): void {
  if (maxCount <= 1 || typeof requested === 'string') return;
  if (requested.some((nic) => nic.kind === 'network' && nic.fixedIp !== null)) {
    throw faults.manyWithFixedIp();
  }
  if (requested.some((nic) => nic.kind === 'port')) throw faults.manyWithPort();
}

/** The name that a guest gives itself, from a server's name as Nova makes it. */
export function hostnameOf(name: string, id: string): string {
  const clean = name
    .normalize('NFKD')
    .replaceAll(/[ _.]/g, '-')
    .replaceAll(/[^A-Za-z0-9-]+/g, '')
    .toLowerCase()
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
    .replaceAll(/-+$/g, '');
  return clean === '' ? `server-${id}` : clean;
}

/** Names of one request: `name`, or `name-1`, `name-2`, ... when it asks for several. */
export function namesOf(name: string, count: number): readonly string[] {
  if (count === 1) return [name];
  return Array.from({ length: count }, (_unused, index) => `${name}-${index + 1}`);
}

/** Faults of the network after which Nova tries no other host. */
const FINAL_NETWORK_CODES: ReadonlySet<string> = new Set([
  'IpAddressGenerationFailure',
  'IpAddressGenerationFailureNoMatchingSubnet',
  'InvalidIpForNetwork',
  'InvalidIpForSubnet',
  'InvalidInput',
  'MacAddressInUse',
  'NetworkMacAddressGenerationFailure',
]);

/** What a failed build leaves in the server's `fault`: Nova's text, and for admins the step and the code. */
export function buildFault(
  serverId: string,
  { step, code, message }: SagaError,
): { readonly message: string; readonly details: string } {
  const details = `${step}: ${code}: ${message}`;
  if (code === 'NoValidHost' || code === 'ExternalNetworkAttachForbidden') {
    return { message, details };
  }
  const unplugged = step === 'guest' && code === 'VirtualInterfaceCreateException';
  if (unplugged || (step === 'ports' && FINAL_NETWORK_CODES.has(code))) {
    return {
      message: `Build of instance ${serverId} aborted: Failed to allocate the network(s), not rescheduling.`,
      details,
    };
  }
  return {
    message:
      'Exceeded maximum number of retries. Exceeded max scheduling attempts 3 ' +
      `for instance ${serverId}. Last exception: ${message}`,
    details,
  };
}
