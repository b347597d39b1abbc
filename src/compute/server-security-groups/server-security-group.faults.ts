/** What is refused of a server's security groups. */
import { Fault } from '#platform/fault.ts';
import { badRequest } from '../compute.faults.ts';

export const nameMissing = () => badRequest('Missing parameter dict');
export const nameNotGiven = () => badRequest('Security group not specified');
export const nameEmpty = () => badRequest('Security group name cannot be empty');

const notFound = (message: string) => new Fault('not-found', 'SecurityGroupNotFound', message);

export const groupNotFound = (name: string, projectId: string) =>
  notFound(`Security group ${name} is not found for project ${projectId}`);
export const noPorts = (serverId: string) =>
  notFound(`instance_id ${serverId} could not be found as device id on any ports`);
export const groupNotOnServer = (name: string, serverId: string) =>
  notFound(`Security group ${name} not associated with the instance ${serverId}`);
