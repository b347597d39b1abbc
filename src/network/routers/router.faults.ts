/** The faults that routers raise, by the names that Neutron clients match on. */
import { pythonStr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';
import { badListRequest } from '../network.faults.ts';
import type { Route } from './router.schema.ts';

/** A request that makes no sense for the router as it is. */
export const badRouter = (message: string) => badListRequest('router', message);

export const routerNotFound = (id: string) =>
  new Fault('not-found', 'RouterNotFound', `Router ${id} could not be found`);

export const routerInUse = (id: string, portIds: readonly string[]) =>
  new Fault(
    'conflict',
    'RouterInUse',
    `Router ${id} has ports still attached: ${portIds.join(', ')}`,
  );

export const gatewayInUseByFloatingIp = (id: string, networkId: string) =>
  new Fault(
    'conflict',
    'RouterExternalGatewayInUseByFloatingIp',
    `Gateway cannot be updated for router ${id}, since a gateway to external network ${networkId} is required by one or more floating IPs.`,
  );

export const interfaceNotFound = (id: string, portId: string) =>
  new Fault(
    'not-found',
    'RouterInterfaceNotFound',
    `Router ${id} does not have an interface with id ${portId}`,
  );

export const interfaceNotFoundForSubnet = (id: string, subnetId: string) =>
  new Fault(
    'not-found',
    'RouterInterfaceNotFoundForSubnet',
    `Router ${id} has no interface on subnet ${subnetId}`,
  );

export const interfaceInUseByFloatingIp = (id: string, subnetId: string) =>
  interfaceInUse('RouterInterfaceInUseByFloatingIP', id, subnetId, 'floating IPs');

export const interfaceInUseByRoute = (id: string, subnetId: string) =>
  interfaceInUse('RouterInterfaceInUseByRoute', id, subnetId, 'routes');

const interfaceInUse = (code: string, id: string, subnetId: string, what: string) =>
  new Fault(
    'conflict',
    code,
    `Router interface for subnet ${subnetId} on router ${id} cannot be deleted, as it is required by one or more ${what}.`,
  );

export const subnetMismatch = (portId: string, subnetId: string) =>
  new Fault(
    'invalid',
    'SubnetMismatchForPort',
    `Subnet on port ${portId} does not match the requested subnet ${subnetId}.`,
  );

export const foreignDevice = (deviceId: string) =>
  new Fault(
    'conflict',
    'DeviceIDNotOwnedByTenant',
    `The following device_id ${deviceId} is not owned by your project or matches another project router.`,
  );

export const invalidRoutes = (routes: readonly Route[], reason: string) =>
  new Fault(
    'invalid',
    'InvalidRoutes',
    `Invalid format for routes: ${pythonStr(routes)}, ${reason}`,
  );
