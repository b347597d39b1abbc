/** What is refused of hypervisors. */
import { badRequest, notFound, notSupported } from '../compute.faults.ts';

export const hypervisorNotFound = (id: string) =>
  notFound(`Hypervisor with ID '${id}' could not be found.`);
export const noHypervisorMatches = (pattern: string) =>
  notFound(`No hypervisor matching '${pattern}' could be found.`);
export const malformedUuid = (id: string) => badRequest(`Invalid uuid ${id}`);
export const markerNotFound = (marker: string) => badRequest(`marker [${marker}] not found`);
export const pagingWithPattern = () =>
  badRequest(
    'Paging over hypervisors with the hypervisor_hostname_pattern query parameter ' +
      'is not supported.',
  );
/** The agent tells no uptime; that of another machine is not known. */
export const uptimeUnknown = () => notSupported('The requested functionality is not supported.');
export const hostDown = (host: string) =>
  badRequest(`Compute service of ${host} is unavailable at this time.`);
