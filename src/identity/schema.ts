/** Pieces that the schemas of several resources are made of. */
import { Type } from 'typebox';

/** Something that is not only blanks. */
export const nameOf = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '[\\S]+' });

export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9-]+$' });

export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const Description = Type.Union([Type.String({ maxLength: 65_535 }), Type.Null()]);

/** The options of projects, domains and roles. */
export const ResourceOptions = Type.Object(
  { immutable: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])) },
  { additionalProperties: false },
);

/** Passwords may be as long as Keystone takes them. */
export const PASSWORD_LENGTH = 4096;
