/** What is refused of floating IPs, in Nova's words. */
import { Fault } from '#platform/fault.ts';
import { badRequest, conflict, notFound } from '../compute.faults.ts';

export const floatingIpNotFound = (id: string) => notFound(`Floating IP not found for ID ${id}`);

export const noFloatingIpAt = (address: string) =>
  new Fault(
    'not-found',
    'FloatingIpNotFoundForAddress',
    `Floating IP not found for address ${address}.`,
  );

/** compat: the same of who would add it, in other words. */
export const noFloatingIpToAdd = () => notFound('floating IP not found');

export const severalFloatingIpsAt = (address: string) =>
  conflict(`Multiple floating IPs are found for address ${address}.`);

export const poolNotFound = () => notFound('Floating IP pool not found.');

export const severalPoolsNamed = (pool: string) =>
  conflict(`Multiple floating IP pools matches found for name '${pool}'`);

export const poolExhausted = (pool: string | null) =>
  notFound(
    pool === null ? 'No more floating IPs available.' : `No more floating IPs in pool ${pool}.`,
  );

/** compat: 403, as if it were not allowed. */
export const overQuota = (pool: string | null) =>
  new Fault(
    'forbidden',
    'FloatingIpLimitExceeded',
    pool === null ? 'IP allocation over quota.' : `IP allocation over quota in pool ${pool}.`,
  );

export const networkNotReady = () => badRequest('Instance network is not ready yet');

export const noFixedIps = () => badRequest('No fixed IPs associated to instance');

export const fixedIpNotOfServer = () =>
  badRequest('Specified fixed address not assigned to instance');

export const noFixedIpv4 = (address: string, serverId: string) =>
  badRequest(
    `Unable to associate floating IP ${address} to any fixed IPs for instance ${serverId}. Instance has no fixed IPv4 addresses to associate.`,
  );

/** What the network says about it. */
export const cannotAssociate = (
  way: { readonly address: string; readonly fixedIp: string; readonly serverId: string },
  error: string,
) =>
  badRequest(
    `Unable to associate floating IP ${way.address} to fixed IP ${way.fixedIp} for instance ${way.serverId}. Error: ${error}`,
  );

export const notOfServer = (address: string, serverId: string) =>
  conflict(`Floating IP ${address} is not associated with instance ${serverId}.`);
