/** What is refused of compute services. */
import { badRequest, conflict, notFound } from '../compute.faults.ts';

export const serviceNotFound = (id: string) => notFound(`Service ${id} could not be found.`);
/** compat: a delete words it differently. */
export const serviceToDeleteNotFound = (id: string) => notFound(`Service ${id} not found.`);
export const hostNotMapped = (host: string) => notFound(`Host '${host}' is not mapped to any cell`);
export const unknownAction = () => notFound('Unknown action');
export const notCompute = (binary: string) =>
  badRequest(
    `Updating a ${binary} service is not supported. Only nova-compute services can be updated.`,
  );
export const notComputeToDelete = (binary: string) =>
  badRequest(
    `Deleting a ${binary} service is not supported: it is part of the control process. ` +
      'Only nova-compute services can be deleted.',
  );
export const reasonMissing = () => badRequest('Missing disabled reason field');
export const forcedDownMissing = () => badRequest('Missing forced_down field');
export const reasonWhenEnabled = () =>
  badRequest("Specifying 'disabled_reason' with status 'enabled' is invalid.");
export const nothingToUpdate = () =>
  badRequest("No updates were requested. Fields 'status' or 'forced_down' should be specified.");
export const malformedUuid = (id: string) => badRequest(`Invalid uuid ${id}`);
export const idNotInteger = () => badRequest('Invalid input received: id must be an integer');
export const hostsServers = () =>
  conflict(
    'Unable to delete compute service that is hosting instances. ' +
      'Migrate or delete the instances first.',
  );
