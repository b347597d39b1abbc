/**
 * Every refusal of the image service, in Glance's words.
 *
 * A code that begins with `HTTP` is webob's own class: on the wire its sentence follows webob's own.
 */
import { Fault } from '#platform/fault.ts';

const forbidden = (message: string) => new Fault('forbidden', 'Forbidden', message);
const invalid = (message: string) => new Fault('invalid', 'Invalid', message);
const conflict = (message: string) => new Fault('conflict', 'Conflict', message);
const tooLarge = (message: string) => new Fault('too-large', 'LimitExceeded', message);

export const imageNotFound = (id: string) =>
  new Fault('not-found', 'ImageNotFound', `No image found with ID ${id}`);
export const imageToDeleteNotFound = (id: string) =>
  new Fault('not-found', 'ImageNotFound', `Failed to find image ${id} to delete`);
export const imageGivenNotFound = (id: string) =>
  new Fault('not-found', 'ImageNotFound', `Image ${id} not found.`);
/** For who may not even know that it exists. */
export const nothingThere = () =>
  new Fault('not-found', 'HTTPNotFound', 'The resource could not be found.');

export const notAuthorized = (rule: string) =>
  forbidden(`You are not authorized to complete ${rule} action.`);
export const ownerIsAnother = (owner: string) =>
  new Fault(
    'forbidden',
    'HTTPForbidden',
    `You are not permitted to create images owned by '${owner}'`,
  );
export const ownerByAdminOnly = () =>
  new Fault('forbidden', 'HTTPForbidden', "Owner can't be updated by non admin.");
export const readOnly = (attribute: string) =>
  new Fault('forbidden', 'ReadonlyProperty', `Attribute '${attribute}' is read-only.`);
export const reserved = (attribute: string) =>
  new Fault('forbidden', 'ReservedProperty', `Attribute '${attribute}' is reserved.`);
/** compat: on create Glance puts the same sentence where webob's details go. */
export const reservedOnCreate = (attribute: string) =>
  new Fault('forbidden', 'HTTPForbidden', `Attribute '${attribute}' is reserved.`);
export const isProtected = (id: string) =>
  new Fault('forbidden', 'ProtectedImageDelete', `Image ${id} is protected and cannot be deleted.`);

export const duplicateImage = (id: string) =>
  new Fault('conflict', 'Duplicate', `Image ID ${id} already exists!`);
export const badTransition = (from: string, to: string) =>
  new Fault(
    'conflict',
    'InvalidImageStatusTransition',
    `Image status transition from ${from} to ${to} is not allowed`,
  );
export const negative = (attribute: string, value: number) =>
  invalid(`Invalid value '${value}' for parameter '${attribute}': Cannot be a negative value`);
export const propertyNameTooLong = () =>
  invalid('Custom property should not be greater than 255 characters.');
export const bodyExpected = () => invalid('Body expected in request.');
export const unexpectedBody = () => invalid('Unexpected body type. Expected list/dict.');

export const tooManyProperties = (attempted: number, maximum: number) =>
  tooLarge(
    `The limit has been exceeded on the number of allowed image properties. Attempted: ${attempted}, Maximum: ${maximum}`,
  );
export const tooManyTags = (attempted: number, maximum: number) =>
  tooLarge(
    `The limit has been exceeded on the number of allowed image tags. Attempted: ${attempted}, Maximum: ${maximum}`,
  );
export const tooManyMembers = (id: string, attempted: number, maximum: number) =>
  tooLarge(
    `Image member limit exceeded for image ${id}: The limit has been exceeded on the number of allowed image members for this image. Attempted: ${attempted}, Maximum: ${maximum}:`,
  );

export type OverLimit = {
  readonly projectId: string;
  readonly resource: string;
  readonly limit: number;
  readonly usage: number;
  readonly delta: number;
};
export const overLimit = ({ projectId, resource, limit, usage, delta }: OverLimit) =>
  new Fault(
    'over-quota',
    'LimitExceeded',
    'The request returned a 413 Request Entity Too Large. This generally means that rate limiting ' +
      'or a quota threshold was breached.\n\nThe response body:\n' +
      `Project ${projectId} is over a limit for [Resource ${resource} is over limit of ${limit} ` +
      `due to current usage ${usage} and delta ${delta}]`,
  );
export const storageQuotaFull = (size: number, remaining: number) =>
  new Fault(
    'over-quota',
    'StorageQuotaFull',
    `Image exceeds the storage quota: The size of the data ${size} will exceed the limit. ${remaining} bytes remaining.`,
  );
export const imageTooLarge = () =>
  new Fault(
    'too-large',
    'ImageSizeLimitExceeded',
    'The incoming image is too large: The provided image is too large.',
  );
export const storageFull = (cause: Fault) =>
  new Fault('too-large', 'StorageFull', `Image storage media is full: ${cause.message}`, { cause });

export const formatsMissing = (missing: readonly string[]) =>
  invalid(
    `${missing.length === 1 ? 'Property' : 'Properties'} ${missing.join(', ')} must be set prior to saving data.`,
  );
export const unacceptableData = (why: string) =>
  new Fault('unsupported-media-type', 'InvalidImageData', why);
export const notOctets = (type: string | undefined) =>
  new Fault(
    'unsupported-media-type',
    'InvalidContentType',
    `Invalid content type ${type ?? 'None'}`,
  );
export const badImageSize = () => invalid('Invalid or missing image size in request headers.');
/** Nobody is left to read this; it is for the log. */
export const clientWentAway = (cause: unknown) =>
  new Fault('invalid', 'UploadBroken', 'The client went away before all data had come.', { cause });
export const imageGone = (id: string) =>
  new Fault(
    'conflict',
    'ImageGone',
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );

export const isDeactivated = () =>
  forbidden('The requested image has been deactivated. Image data download is forbidden.');
export const manyRanges = () =>
  invalid(
    'Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.',
  );
/** compat: Glance hands this one to webob as a detail. */
export const badRange = (why: string) =>
  new Fault('invalid', 'RangeNotSatisfiable', `The Range requested is not available. ${why}`);
export const cannotSwitch = (verb: 'deactivate' | 'reactivate', status: string) =>
  forbidden(`Not allowed to ${verb} image in status '${status}'`);

export const notBootable = (id: string, why: string) =>
  conflict(`Image ${id} cannot be booted: ${why}.`);
