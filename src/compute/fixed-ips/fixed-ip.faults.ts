/** What is refused of a server's addresses. */
import { Fault } from '#platform/fault.ts';
import { badRequest } from '../compute.faults.ts';

export const networkNotOfServer = (serverId: string) =>
  new Fault(
    'not-found',
    'NetworkNotFoundForInstance',
    `Network could not be found for instance ${serverId}.`,
  );

export const noMoreFixedIps = (networkId: string) =>
  badRequest(`No fixed IP addresses available for network: ${networkId}`);
