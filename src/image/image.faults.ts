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
export const tooLargeQuantity = (attribute: string, value: number, most: number) =>
  invalid(`Invalid value '${value}' for parameter '${attribute}': Cannot be larger than ${most}`);
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

export const limitNotInteger = () => invalid('limit param must be an integer');
export const limitNegative = () => invalid('limit param must be positive');
export const badSortKey = (key: string, available: readonly string[]) =>
  invalid(`Invalid sort key: ${key}. It must be one of the following: ${available.join(', ')}.`);
export const badSortDir = (dir: string) => invalid(`Invalid sort direction: ${dir}`);
export const twoSortSyntaxes = () => invalid('Old and new sorting syntax cannot be combined');
export const sortDirCount = () =>
  invalid('Number of sort dirs does not match the number of sort keys');
export const badMemberStatus = (status: string) => invalid(`Invalid status: ${status}`);
export const badVisibility = (visibility: string) =>
  invalid(`Invalid visibility value: ${visibility}`);
export const badFlag = (name: string, value: string) =>
  invalid(`Invalid value '${value}' for '${name}' filter. Valid values are 'true' or 'false'.`);
export const changesSince = () =>
  invalid('The "changes-since" filter is no longer available on v2.');
export const badFilterRange = () =>
  invalid('Unable to filter on a range with a non-numeric value.');
export const unknownOperator = (operator: string) =>
  invalid(`Unable to filter by unknown operator '${operator}'.`);
export const unknownTimeOperator = () => invalid('Unable to filter on a unknown operator.');
export const badTime = (name: string) =>
  invalid(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`);
export const badQuotes = (text: string, why: string) =>
  invalid(`Invalid filter value ${text}. ${why}`);
/** compat: an unknown marker is a bad request, in the words of a missing image. */
export const badMarker = (id: string) => invalid(`No image found with ID ${id}`);

export const notAPatch = (allowed: readonly string[]) =>
  new Fault(
    'unsupported-media-type',
    'HTTPUnsupportedMediaType',
    `Image PATCH expects Content-Type one of: ${allowed.join(', ')}`,
  );
export const badPatch = (why: string) => invalid(why);
export const propertyMissing = (name: string) =>
  new Fault('conflict', 'HTTPConflict', `Property ${name} does not exist.`);
export const propertyPresent = (name: string) =>
  new Fault('conflict', 'HTTPConflict', `Property ${name} already present.`);
export const propertyStays = (name: string) =>
  new Fault('forbidden', 'HTTPForbidden', `Property ${name} may not be removed.`);
export const formatIsSet = (attribute: string) =>
  forbidden(`Attribute ${attribute} can be only replaced for a queued image.`);
export const locationsInvisible = (verb: 'update' | 'add' | 'remove') =>
  forbidden(`It's not allowed to ${verb} locations if locations are invisible.`);
export const locationsEmpty = () =>
  new Fault('forbidden', 'HTTPForbidden', 'Cannot set locations to empty list.');
/** Somebody else changed the image between reading and writing. */
export const changedMeanwhile = (id: string) =>
  conflict(`Image ${id} was changed by another request at the same time; try again.`);

export const tagsNotAllowed = (verb: 'update' | 'delete', id: string) =>
  forbidden(`Not allowed to ${verb} tags for image ${id}.`);
export const tagLimit = (id: string, attempted: number, maximum: number) =>
  tooLarge(
    `Image tag limit exceeded for image ${id}: The limit has been exceeded on the number of allowed image tags. Attempted: ${attempted}, Maximum: ${maximum}:`,
  );

export const membersNotAllowed = (verb: 'create' | 'update' | 'delete', id: string) =>
  forbidden(`Not allowed to ${verb} members for image ${id}.`);
export const membersNotListed = (id: string, why: string) =>
  forbidden(`Not allowed to list members for image ${id}: ${why}`);
export const ONLY_SHARED = 'Only shared images have members.';
export const hasNoMembers = () => new Fault('not-found', 'NotFound', ONLY_SHARED);
export const memberNotFound = (memberId: string, imageId: string) =>
  new Fault(
    'not-found',
    'MemberNotFound',
    `${memberId} not found in the member list of the image ${imageId}.`,
  );
export const duplicateMember = (memberId: string, imageId: string) =>
  new Fault('conflict', 'Duplicate', `Member ${memberId} is duplicated for image ${imageId}`);
export const badMembership = () =>
  invalid('Incorrect request: Status must be "pending", "accepted" or "rejected".');
export const badMemberBody = (why: string) => invalid(why);

export const badImport = (why: string) => invalid(why);
export const uriNotAllowed = (uri: string) =>
  invalid(`URI for web-download does not pass filtering: ${uri}`);
export const cannotImport = (why: string) => conflict(why);
/** compat: Glance's word for a store is `scheme` here. */
export const unknownStoreOnImport = (store: string) =>
  conflict(`Unknown scheme '${store}' found in URI`);
export const unknownStore = (store: string) => invalid(`Unknown scheme '${store}' found in URI`);
