/** Every migration, in order. A released one is never edited; a new one is added. */
import type { Migration } from '../migrate.ts';
import { aggregates } from './0008-aggregates.ts';
import { compute } from './0006-compute.ts';
import { engine } from './0001-engine.ts';
import { identity } from './0002-identity.ts';
import { keypairs } from './0007-keypairs.ts';
import { image } from './0003-image.ts';
import { network } from './0005-network.ts';
import { placement } from './0004-placement.ts';
import { portModes } from './0011-port-modes.ts';
import { portStatus } from './0012-port-status.ts';
import { routers } from './0013-routers.ts';
import { serverMetadata } from './0014-server-metadata.ts';
import { serverGroups } from './0009-server-groups.ts';
import { userQuotas } from './0010-user-quotas.ts';

export const MIGRATIONS: readonly Migration[] = [
  engine,
  identity,
  image,
  placement,
  network,
  compute,
  keypairs,
  aggregates,
  serverGroups,
  userQuotas,
  portModes,
  portStatus,
  routers,
  serverMetadata,
];
