/** The image as it travels: Glance's own schema, which is also served at `/v2/schemas/image`. */
import { Type, type Static } from 'typebox';

export const UUID_PATTERN =
  '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

export const STATUSES = [
  'queued',
  'saving',
  'active',
  'killed',
  'deleted',
  'uploading',
  'importing',
  'pending_delete',
  'deactivated',
] as const;
export const VISIBILITIES = ['community', 'public', 'private', 'shared'] as const;
export const CONTAINER_FORMATS = [
  'ami',
  'ari',
  'aki',
  'bare',
  'ovf',
  'ova',
  'docker',
  'compressed',
] as const;
export const DISK_FORMATS = [
  'ami',
  'ari',
  'aki',
  'vhd',
  'vhdx',
  'vmdk',
  'raw',
  'qcow2',
  'vdi',
  'iso',
  'ploop',
] as const;

type Options = Record<string, unknown>;

// Glance lists null among the types and values, where TypeBox would write a union.
const nullable = <T>(type: string, options: Options) =>
  Type.Unsafe<T | null>({ type: ['null', type], ...options });
const oneOf = <T extends string>(values: readonly T[], options: Options) =>
  Type.Unsafe<T>({ type: 'string', enum: values, ...options });
const optional = Type.Optional;

const IMAGE_PROPERTIES = {
  id: optional(Type.String({ description: 'An identifier for the image', pattern: UUID_PATTERN })),
  name: optional(
    nullable<string>('string', { description: 'Descriptive name for the image', maxLength: 255 }),
  ),
  status: optional(oneOf(STATUSES, { readOnly: true, description: 'Status of the image' })),
  visibility: optional(oneOf(VISIBILITIES, { description: 'Scope of image accessibility' })),
  protected: optional(Type.Boolean({ description: 'If true, image will not be deletable.' })),
  os_hidden: optional(
    Type.Boolean({
      description: 'If true, image will not appear in default image list response.',
    }),
  ),
  checksum: optional(
    nullable<string>('string', {
      readOnly: true,
      description: 'md5 hash of image contents.',
      maxLength: 32,
    }),
  ),
  os_hash_algo: optional(
    nullable<string>('string', {
      readOnly: true,
      description: 'Algorithm to calculate the os_hash_value',
      maxLength: 64,
    }),
  ),
  os_hash_value: optional(
    nullable<string>('string', {
      readOnly: true,
      description:
        'Hexdigest of the image contents using the algorithm specified by the os_hash_algo',
      maxLength: 128,
    }),
  ),
  owner: optional(
    nullable<string>('string', { description: 'Owner of the image', maxLength: 255 }),
  ),
  size: optional(
    nullable<number>('integer', { readOnly: true, description: 'Size of image file in bytes' }),
  ),
  virtual_size: optional(
    nullable<number>('integer', {
      readOnly: true,
      description: 'Virtual size of image in bytes',
    }),
  ),
  container_format: optional(
    nullable<(typeof CONTAINER_FORMATS)[number]>('string', {
      description: 'Format of the container',
      enum: [null, ...CONTAINER_FORMATS],
    }),
  ),
  disk_format: optional(
    nullable<(typeof DISK_FORMATS)[number]>('string', {
      description: 'Format of the disk',
      enum: [null, ...DISK_FORMATS],
    }),
  ),
  created_at: optional(
    Type.String({ readOnly: true, description: 'Date and time of image registration' }),
  ),
  updated_at: optional(
    Type.String({ readOnly: true, description: 'Date and time of the last image modification' }),
  ),
  tags: optional(
    Type.Array(Type.String({ maxLength: 255 }), {
      description: 'List of strings related to the image',
    }),
  ),
  direct_url: optional(
    Type.String({
      readOnly: true,
      description: 'URL to access the image file kept in external store',
    }),
  ),
  min_ram: optional(Type.Integer({ description: 'Amount of ram (in MB) required to boot image.' })),
  min_disk: optional(
    Type.Integer({ description: 'Amount of disk space (in GB) required to boot image.' }),
  ),
  self: optional(Type.String({ readOnly: true, description: 'An image self url' })),
  file: optional(Type.String({ readOnly: true, description: 'An image file url' })),
  stores: optional(
    Type.String({
      readOnly: true,
      description:
        'Store in which image data resides.  Only present when the operator has enabled multiple stores.  May be a comma-separated list of store identifiers.',
    }),
  ),
  schema: optional(Type.String({ readOnly: true, description: 'An image schema url' })),
  locations: optional(
    Type.Unsafe<unknown[]>({
      type: 'array',
      items: {
        type: 'object',
        properties: {
          url: { type: 'string', maxLength: 255 },
          metadata: { type: 'object' },
          validation_data: {
            description:
              "Values to be used to populate the corresponding image properties. If the image status is not 'queued', values must exactly match those already contained in the image properties.",
            type: 'object',
            writeOnly: true,
            additionalProperties: false,
            properties: {
              checksum: { type: 'string', minLength: 32, maxLength: 32 },
              os_hash_algo: { type: 'string', maxLength: 64 },
              os_hash_value: { type: 'string', maxLength: 128 },
            },
            required: ['os_hash_algo', 'os_hash_value'],
          },
        },
        required: ['url', 'metadata'],
      },
      description: 'A set of URLs to access the image file kept in external store',
    }),
  ),
};

/** What Glance's shipped `schema-image.json` says of well known custom properties. */
const KNOWN_CUSTOM = {
  kernel_id: optional(
    nullable<string>('string', {
      pattern: UUID_PATTERN,
      description:
        'ID of image stored in Glance that should be used as the kernel when booting an AMI-style image.',
      is_base: false,
    }),
  ),
  ramdisk_id: optional(
    nullable<string>('string', {
      pattern: UUID_PATTERN,
      description:
        'ID of image stored in Glance that should be used as the ramdisk when booting an AMI-style image.',
      is_base: false,
    }),
  ),
  ...informational({
    instance_uuid:
      'Metadata which can be used to record which instance this image is associated with. (Informational only, does not create an instance snapshot.)',
    architecture:
      'Operating system architecture as specified in https://docs.openstack.org/python-glanceclient/latest/cli/property-keys.html',
    os_distro:
      'Common name of operating system distribution as specified in https://docs.openstack.org/python-glanceclient/latest/cli/property-keys.html',
    os_version: 'Operating system version as specified by the distributor.',
    description: 'A human-readable string describing this image.',
    cinder_encryption_key_id:
      'Identifier in the OpenStack Key Management Service for the encryption key for the Block Storage Service to use when mounting a volume created from this image',
  }),
  cinder_encryption_key_deletion_policy: optional(
    oneOf(['on_image_deletion', 'do_not_delete'] as const, {
      description:
        "States the condition under which the Image Service will delete the object associated with the 'cinder_encryption_key_id' image property.  If this property is missing, the Image Service will take no action",
      is_base: false,
    }),
  ),
};

function informational<K extends string>(descriptions: Record<K, string>) {
  return Object.fromEntries(
    Object.entries<string>(descriptions).map(([name, description]) => [
      name,
      optional(Type.String({ description, is_base: false })),
    ]),
  ) as Record<K, ReturnType<typeof optionalString>>;
}
const optionalString = () => optional(Type.String());

/** An image, as a whole or in part: every custom property is text. */
export const ImageObject = Type.Object(
  { ...IMAGE_PROPERTIES, ...KNOWN_CUSTOM },
  { additionalProperties: { type: 'string' } },
);
export type ImageObject = Static<typeof ImageObject> & Record<string, unknown>;

/** Attributes that are the image's own; every other member of a body is a custom property. */
export const BASE_ATTRIBUTES: ReadonlySet<string> = new Set(Object.keys(IMAGE_PROPERTIES));
