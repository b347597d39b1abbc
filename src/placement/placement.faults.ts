/** Every refusal of the placement service. */
import { Fault } from '#platform/fault.ts';

export const noCapacity = (providerId: string, resourceClass: string) =>
  new Fault(
    'no-capacity',
    'placement.concurrent_update',
    `Unable to allocate inventory: ${resourceClass} on resource provider ${providerId} is used up.`,
  );

export const providerNotFound = (id: string) =>
  new Fault(
    'not-found',
    'placement.resource_provider.not_found',
    `No resource provider with uuid ${id} found`,
  );

export const providerInUse = (id: string) =>
  new Fault(
    'conflict',
    'ResourceProviderInUse',
    `Unable to delete resource provider ${id}: Resource provider has allocations.`,
  );
