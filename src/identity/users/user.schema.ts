/** The user as it travels. */
import { Type, type Static } from 'typebox';
import { Id, nameOf, PASSWORD_LENGTH } from '../schema.ts';

const Switch = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]));

/** Options that hold here; those for several factors do not, and are refused rather than kept without effect. */
const UserOptions = Type.Object(
  {
    ignore_change_password_upon_first_use: Switch,
    ignore_password_expiry: Switch,
    ignore_lockout_failure_attempts: Switch,
    ignore_user_inactivity: Switch,
    lock_password: Switch,
  },
  { additionalProperties: false },
);

const properties = {
  enabled: Type.Optional(Type.Boolean()),
  password: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  default_project_id: Type.Optional(Type.Union([Id, Type.Null()])),
  domain_id: Type.Optional(Id),
  options: Type.Optional(UserOptions),
  // Federation is not here (yet), so nobody can belong to it.
  federated: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 0 })),
};

/** Other attributes, such as `email` and `description`, may be there too, and are kept. */
export const UserCreate = Type.Object({ name: nameOf(255), ...properties });
export type UserCreate = Static<typeof UserCreate>;

export const UserUpdate = Type.Object(
  { id: Type.Optional(Type.String()), name: Type.Optional(nameOf(255)), ...properties },
  { minProperties: 1 },
);
export type UserUpdate = Static<typeof UserUpdate>;

export const PasswordChange = Type.Object({
  password: Type.String(),
  original_password: Type.String({ maxLength: PASSWORD_LENGTH }),
});
export type PasswordChange = Static<typeof PasswordChange>;

export const USER_ATTRIBUTES = [
  'name',
  'enabled',
  'password',
  'original_password',
  'default_project_id',
  'domain_id',
  'federated',
  'password_expires_at',
] as const;
