/**
 * The attribute table: one row says everything about one attribute of a resource.
 *
 * What may be sent on create and on update, what it is when nothing is sent, what lists can be filtered and
 * sorted by, what is shown and which policy guards it: all of it is read from here, and nothing is said twice.
 */

/** Turns what was sent into what is meant, or refuses it in Neutron's words. */
export type Reader<T> = (sent: unknown, name: string) => T;

export type Action = 'create' | 'get' | 'update' | 'delete';

/**
 * What lists are filtered by: a text, flag or number, in the column of the attribute's own name unless the
 * resource's store says otherwise; or texts of which only the store knows what they mean.
 */
export type FilterKind = 'text' | 'flag' | 'number' | 'own';

export type Attribute<T = unknown> = {
  /** Needed by whatever may be sent. */
  readonly read?: Reader<T>;
  /** May be sent on create: must be, may be, or is this when it is not sent. */
  readonly post?: 'required' | 'optional' | { readonly default: T };
  /** May be sent on update. */
  readonly put?: true;
  /** Never shown. */
  readonly hidden?: true;
  readonly filter?: FilterKind;
  readonly sort?: true;
  /** The actions for which it has a policy rule of its own, such as `create_port:mac_address`. */
  readonly guard?: readonly Action[];
  /** It is a list of objects, or one, and each of their members has a rule too: `create_port:fixed_ips:subnet_id`. */
  readonly guardMembers?: true;
};

export type Attributes = Readonly<Record<string, Attribute>>;

/** A resource by its names on the wire, and its attributes. */
export type Resource<A extends Attributes = Attributes> = {
  /** As in a body: `security_group`. */
  readonly name: string;
  /** As in a list: `security_groups`. */
  readonly plural: string;
  readonly attributes: A;
};

export function defineResource<const A extends Attributes>(
  name: string,
  plural: string,
  attributes: A,
): Resource<A> {
  return { name, plural, attributes };
}

type Value<T> = T extends { readonly read: Reader<infer V> } ? V : never;
type Keys<A, Shape> = { [K in keyof A]: A[K] extends Shape ? K : never }[keyof A];
type AttributesOf<R> = R extends Resource<infer A> ? A : never;
type Whole<T> = { [K in keyof T]: T[K] };

type CreateFrom<A> = {
  [K in Keys<A, { post: 'required' } | { post: { default: unknown } }>]: Value<A[K]>;
} & { [K in Keys<A, { post: 'optional' }>]?: Value<A[K]> };

/** What a create has been read into, with the defaults filled in. */
export type CreateOf<R extends Resource> = Whole<CreateFrom<AttributesOf<R>>>;

type UpdateFrom<A> = { [K in Keys<A, { put: true }>]?: Value<A[K]> };

/** What an update has been read into: only what was sent. */
export type UpdateOf<R extends Resource> = Whole<UpdateFrom<AttributesOf<R>>>;

/** Every shown attribute, by its name on the wire; `tenant_id` comes by itself. */
export type ViewOf<R extends Resource> = {
  readonly [K in Exclude<keyof AttributesOf<R>, Keys<AttributesOf<R>, { hidden: true }>>]: unknown;
};
