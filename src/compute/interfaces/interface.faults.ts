/** What is refused of a server's cards, and how a network's refusals are passed on. */
import { Fault, type FaultKind } from '#platform/fault.ts';
import { badRequest, portLimitExceeded } from '../compute.faults.ts';
import * as network from '../servers/server-network.faults.ts';

export const bothNetworkAndPort = () => badRequest('Must not input both network_id and port_id');
export const addressWithoutNetwork = () =>
  badRequest('Must input network_id when request IP address');
export const noNetworkAvailable = (projectId: string) =>
  badRequest(
    `No specific network was requested and none are available for project '${projectId}'.`,
  );
export const fixedIpTaken = (ip: string) =>
  new Fault('conflict', 'FixedIpAlreadyInUse', `Fixed IP ${ip} is already in use.`);
export const notAttached = (serverId: string, portId: string) =>
  new Fault(
    'not-found',
    'HTTPNotFound',
    `Instance ${serverId} does not have a port with id ${portId}`,
  );
export const busy = (portId: string) =>
  new Fault(
    'conflict',
    'PortInUse',
    `Port ${portId} is being attached or detached; try again when that has ended.`,
  );
export const attachFailed = (serverId: string) =>
  new Fault(
    'unavailable',
    'InterfaceAttachFailed',
    `Failed to attach network adapter device to ${serverId}`,
  );

type Attach = {
  readonly serverId: string;
  readonly networkId: string;
  readonly portId: string;
  readonly fixedIp: string | null;
};

/** The answer to an attachment that ended with this: Nova's where it has one, and never its "unexpected" 500. */
export function attachFault(
  {
    step,
    kind,
    code,
    message,
  }: {
    readonly step: string;
    readonly kind: FaultKind;
    readonly code: string;
    readonly message: string;
  },
  { serverId, networkId, portId, fixedIp }: Attach,
): Fault {
  switch (code) {
    case 'OverQuota':
      return portLimitExceeded();
    case 'PortInUse':
      return network.portInUse(portId);
    case 'PortNotFound':
      return network.portNotFound(portId, 'not-found');
    case 'NetworkNotFound':
      return network.networksNotFound([networkId], 'not-found');
    case 'IpAddressAlreadyAllocated':
      return fixedIpTaken(fixedIp ?? '');
    case 'IpAddressGenerationFailure':
    case 'IpAddressGenerationFailureNoMatchingSubnet':
      return badRequest(`No fixed IP addresses available for network: ${networkId}`);
    default:
  }
  if (step === 'card' && code !== 'ComputeServiceUnavailable') {
    return kind === 'conflict' ? new Fault(kind, code, message) : attachFailed(serverId);
  }
  return new Fault(kind, code, message);
}
