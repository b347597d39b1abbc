/** Every table of the control plane. Each service's own are in the folder beside this file. */
import type { Kysely, Transaction } from 'kysely';
import type { ComputeTables } from './tables/compute.ts';
import type { ConsoleTables } from './tables/compute-consoles.ts';
import type { AggregateTables } from './tables/compute-aggregates.ts';
import type { KeypairTables } from './tables/compute-keypairs.ts';
import type { ServerGroupTables } from './tables/compute-server-groups.ts';
import type { UserQuotaTables } from './tables/compute-user-quotas.ts';
import type { EngineTables } from './tables/engine.ts';
import type { IdentityTables } from './tables/identity.ts';
import type { ImageTables } from './tables/image.ts';
import type { NetworkL3Tables } from './tables/network-l3.ts';
import type { NetworkSecurityTables } from './tables/network-security.ts';
import type { NetworkTables } from './tables/network.ts';
import type { PlacementTables } from './tables/placement.ts';

export interface Tables
  extends
    EngineTables,
    IdentityTables,
    ImageTables,
    PlacementTables,
    NetworkTables,
    NetworkSecurityTables,
    NetworkL3Tables,
    ComputeTables,
    ConsoleTables,
    KeypairTables,
    AggregateTables,
    ServerGroupTables,
    UserQuotaTables {}

/** A connection outside or inside a transaction. Store functions take this. */
export type Db = Kysely<Tables>;
/** A connection inside a transaction: what it did is undone together. */
export type Tx = Transaction<Tables>;

/** Booleans are stored as 0 and 1. */
export type Flag = 0 | 1;
export const flag = (value: boolean): Flag => (value ? 1 : 0);
