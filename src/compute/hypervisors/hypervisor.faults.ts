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
/** compat: only few of Nova's drivers can tell it either. */
export const uptimeUnknown = () => notSupported('The requested functionality is not supported.');
