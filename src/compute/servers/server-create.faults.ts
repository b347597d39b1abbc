/** What is refused of a request for a server, apart from its networks. */
import { badRequest } from '../compute.faults.ts';
import { Fault } from '#platform/fault.ts';

export const tooManyAtOnce = (wanted: number, most: number) =>
  badRequest(`${wanted} servers were asked for; one request makes ${most} at most.`);
export const hintsTooLong = (most: number) =>
  badRequest(`The scheduler hints are longer than ${most} characters.`);
export const imageMissing = () => badRequest('Missing imageRef attribute');
export const imageNotFound = () => badRequest('Can not find requested image');
export const noImageForRebuild = () => badRequest('Cannot find image for rebuild');
export const imageNotActive = (id: string) => badRequest(`Image ${id} is not active.`);
export const zoneNotAvailable = () =>
  badRequest('The requested availability zone is not available');
export const hostNotFound = (host: string) =>
  badRequest(`Compute host ${host} could not be found.`);
export const securityGroupNotFound = (name: string) =>
  badRequest(`Unable to find security_group with name or id '${name}'`);
export const memoryTooSmall = () => badRequest("Flavor's memory is too small for requested image.");
export const diskSmallerThanImage = (flavorBytes: number, imageBytes: number) =>
  badRequest(
    "Flavor's disk is too small for requested image. " +
      `Flavor disk is ${flavorBytes} bytes, image is ${imageBytes} bytes.`,
  );
export const diskSmallerThanMinimum = (flavorBytes: number, minBytes: number) =>
  badRequest(
    "Flavor's disk is smaller than the minimum size specified in image metadata. " +
      `Flavor disk is ${flavorBytes} bytes, minimum size is ${minBytes} bytes.`,
  );
export const zeroDiskFlavor = () =>
  new Fault(
    'forbidden',
    'BootFromVolumeRequiredForZeroDiskFlavor',
    'Only volume-backed servers are allowed for flavors with zero disk.',
  );
export const blockDeviceInvalid = (why: string) =>
  badRequest(`Block Device Mapping is Invalid: ${why}.`);
export const tooManyFiles = () =>
  new Fault('over-quota', 'OnsetFileLimitExceeded', 'Personality file limit exceeded');
export const filePathTooLong = (most: number) =>
  new Fault(
    'over-quota',
    'OnsetFilePathLimitExceeded',
    `Personality file path exceeds maximum ${most}`,
  );
export const fileTooLong = (most: number) =>
  new Fault(
    'over-quota',
    'OnsetFileContentLimitExceeded',
    `Personality file content exceeds maximum ${most}`,
  );
