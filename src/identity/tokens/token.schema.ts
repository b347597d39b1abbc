/** What is sent to get a token, and what a token says. */
import { Type, type Static } from 'typebox';
import type { CatalogEntry } from '../catalog/catalog.rules.ts';

const Text = Type.String({ maxLength: 255 });

const DomainRef = Type.Object({ id: Type.Optional(Text), name: Type.Optional(Text) });
export type DomainRef = Static<typeof DomainRef>;

const UserRef = Type.Object({
  id: Type.Optional(Text),
  name: Type.Optional(Text),
  password: Type.Optional(Type.String()),
  domain: Type.Optional(DomainRef),
});

const ProjectRef = Type.Object({
  id: Type.Optional(Text),
  name: Type.Optional(Text),
  domain: Type.Optional(DomainRef),
});
export type ProjectRef = Static<typeof ProjectRef>;

export const AuthScope = Type.Union([
  Type.String({ maxLength: 20 }),
  Type.Object({
    project: Type.Optional(ProjectRef),
    domain: Type.Optional(DomainRef),
    system: Type.Optional(Type.Object({ all: Type.Optional(Type.Boolean()) })),
    unscoped: Type.Optional(Type.Unknown()),
  }),
]);
export type AuthScope = Static<typeof AuthScope>;

/** Methods put their members beside `methods`; one that is not known here is refused by its name. */
export const AuthIdentity = Type.Object({
  methods: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 10 }),
  password: Type.Optional(Type.Object({ user: Type.Optional(UserRef) })),
  token: Type.Optional(Type.Object({ id: Type.String({ maxLength: 8192 }) })),
});
export type AuthIdentity = Static<typeof AuthIdentity>;

export const AuthRequest = Type.Object({
  identity: AuthIdentity,
  scope: Type.Optional(AuthScope),
});
export type AuthRequest = Static<typeof AuthRequest>;

/** A token's body. */
export type TokenView = {
  readonly methods: readonly string[];
  readonly user: {
    readonly domain: { readonly id: string; readonly name: string };
    readonly id: string;
    readonly name: string;
    readonly password_expires_at: null;
  };
  readonly audit_ids: readonly string[];
  readonly expires_at: string;
  readonly issued_at: string;
  readonly project?: {
    readonly domain: { readonly id: string; readonly name: string };
    readonly id: string;
    readonly name: string;
  };
  readonly is_domain?: boolean;
  readonly domain?: { readonly id: string; readonly name: string };
  readonly system?: { readonly all: true };
  readonly roles?: readonly { readonly id: string; readonly name: string }[];
  readonly catalog?: readonly CatalogEntry[];
};
