/** What the compute service is made from, and what its parts look up in one another. */
import type { ConfigDriveFormat } from '#base/host/domain.ts';
import type { Json } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { HostConsoles, HostReader } from '#platform/host/host-gate.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import type { SagaEngine } from '#platform/saga/engine.ts';
import type { IdentityApi } from '#identity/index.ts';
import type { ImageApi } from '#image/index.ts';
import type { NetworkApi } from '#network/network-api.ts';
import type { PlacementApi } from '#placement/placement-api.ts';
import type { Limits } from '#platform/quota/quota.store.ts';
import type { PlugSettings } from './interfaces/plug-watch.ts';
import type { GroupWish } from './server-groups/server-group.rules.ts';

export type ComputeDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  /** A UUID. */
  readonly newId: () => string;
  readonly network: NetworkApi;
  readonly image: Pick<ImageApi, 'findImage' | 'holdBlob' | 'releaseBlob'>;
  readonly placement: PlacementApi;
  readonly identity: Pick<IdentityApi, 'projectExists'>;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly sagas: SagaEngine;
  readonly hostReader: HostReader;
  readonly hostConsoles: HostConsoles;
  /** Asks for a run of a reconciler soon, by its name. */
  readonly wakeReconciler: (name: string) => void;
  /** The name of the machine that this process runs on, as service lists show it; the machine's own by default. */
  readonly controlHost?: string;
  /** From `policy.yaml`. */
  readonly policyOverrides: Readonly<Record<string, string>>;
  /** An agent that has been away for this long is down; 15 s when it is not said. */
  readonly hostGraceMs?: number;
  /** Every server gets a config drive, asked for or not. */
  readonly forceConfigDrive?: boolean;
  /** Of config drives; ISO 9660 when it is not said. */
  readonly configDriveFormat?: ConfigDriveFormat;
  /** How long cards of a new server are waited for; Nova's defaults when it is not said. */
  readonly plugSettings?: PlugSettings;
  /** What every server is told by its operator; `{}` when it is not said. */
  readonly vendorData?: Json;
};

/** Which availability zone each host is in. */
export type ZoneLookup = {
  readonly zoneOfHosts: (db: Db) => Promise<(host: string) => string>;
  /** Every zone that servers may be put in. */
  readonly zoneNames: (db: Db) => Promise<ReadonlySet<string>>;
};

/** A user's key pair by its name. */
export type KeypairLookup = (
  db: Db,
  userId: string,
  name: string,
) => Promise<
  { readonly name: string; readonly type: string; readonly publicKey: string } | undefined
>;

/** Server groups, as far as servers need them. */
export type ServerGroupLookup = {
  /** Ids of the groups that a server is in. */
  readonly groupsOf: (db: Db, serverId: string) => Promise<readonly string[]>;
  /** Puts new servers into the group that a scheduler hint names; refuses one that the caller may not use, and too many. */
  readonly join: (
    tx: Tx,
    ctx: Context,
    groupId: string,
    servers: { readonly ids: readonly string[]; readonly limits: Limits },
  ) => Promise<void>;
  /** What its group asks of a server's host; null when it is in none. */
  readonly wishOf: (db: Db, serverId: string) => Promise<GroupWish | null>;
};

/** The zone of hosts that no aggregate puts elsewhere. */
export const DEFAULT_ZONE = 'nova';
