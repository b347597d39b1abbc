/** The action `rebuild`: checks everything that can be told at once, changes the rows and starts the saga. */
import { canonicalIp } from '#base/net/ip.ts';
import type { Context } from '#platform/context.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ComputeDeps, KeypairLookup } from '../compute-deps.ts';
import { badRequest, metadataLimitExceeded } from '../compute.faults.ts';
import { booleanOf } from '../http/schema-parts.ts';
import { limitsOfUser } from '../quota-defaults.ts';
import { randomPassword } from './random-text.ts';
import type { ServerActions } from './server-actions.ts';
import { findBootImage, imageColumns } from './server-boot-image.ts';
import * as faults from './server-create.faults.ts';
import { checkFlavorFits, checkPersonality } from './server-image.rules.ts';
import type { ServerReader } from './server-reader.ts';
import { serverRebuild } from './server-rebuild.saga.ts';
import type { ServerRebuildBody } from './server-rebuild.schema.ts';
import { bootOf, flavorOf, type ServerChange, type ServerRow } from './server-row.ts';
import { ALLOWED, checkLock, checkState } from './server-status.rules.ts';
import { updateServer } from './server.store.ts';

export type ServerRebuilderDeps = Pick<ComputeDeps, 'db' | 'now' | 'image' | 'sagas'> & {
  readonly policy: Policy;
  readonly reader: ServerReader;
  readonly actions: ServerActions;
  readonly findKeypair: KeypairLookup;
};

const REBUILD = 'os_compute_api:servers:rebuild';

export class ServerRebuilder {
  readonly #deps: ServerRebuilderDeps;

  constructor(deps: ServerRebuilderDeps) {
    this.#deps = deps;
  }

  /** Begins to give a server new disks. Returns its row, and the password that a guest may be given. */
  async rebuild(
    ctx: Context,
    id: string,
    { rebuild: wanted }: ServerRebuildBody,
  ): Promise<{ readonly server: ServerRow; readonly adminPass: string }> {
    const { db, image: images, policy, reader, actions, sagas, now } = this.#deps;
    const seen = await reader.get(ctx, id, REBUILD);
    checkLock(seen, reader.isAdmin(ctx));
    checkState('rebuild', ALLOWED.rebuild, seen);
    if (wanted.trusted_image_certificates) policy.authorize(ctx, `${REBUILD}:trusted_certs`);
    const image = await findBootImage(images, ctx, wanted.imageRef, faults.noImageForRebuild);
    const limits = await limitsOfUser(db, ctx.projectId, ctx.userId);
    const most = limits.metadata_items;
    const items = Object.keys(wanted.metadata ?? {}).length;
    if (most >= 0 && items > most) throw metadataLimitExceeded(most);
    checkPersonality(wanted.personality ?? [], limits);
    checkFlavorFits(flavorOf(seen), image);
    const keypair = await this.#keypair(seen, wanted.key_name);
    const server = await db.transaction().execute(async (tx) => {
      const before = await reader.get(ctx, id, REBUILD, tx);
      checkState('rebuild', ALLOWED.rebuild, before);
      await actions.record(tx, ctx, before, 'rebuild', 'compute_rebuild_instance');
      const columns = imageColumns(image);
      const params = {
        serverId: id,
        projectId: before.project_id,
        requestId: ctx.requestId,
        before: pickImages(before),
        rebuildCount: (bootOf(before)?.rebuild?.count ?? 0) + 1,
        rebootCount: before.reboot_count + 1,
        keepEphemeral: booleanOf(wanted.preserve_ephemeral) ?? false,
      };
      await sagas.start(tx, serverRebuild, params, {
        resourceId: id,
        projectId: before.project_id,
        requestId: ctx.requestId,
      });
      const row = await updateServer(tx, id, {
        ...columns,
        ...changeOf(wanted),
        ...keypair,
        task_state: 'rebuilding',
        // compat: what failed before is forgotten, and one in ERROR is to run.
        fault: null,
        ...(before.vm_state === 'error' && { power: 'running' as const }),
        updated_at: now().toISOString(),
      });
      return row ?? before;
    });
    setImmediate(() => sagas.wake());
    return { server, adminPass: wanted.adminPass ?? randomPassword() };
  }

  /** Another key, or none; nothing when none is spoken of. */
  async #keypair(
    { user_id }: ServerRow,
    name: string | null | undefined,
  ): Promise<Pick<ServerChange, 'key_name' | 'keypair'>> {
    if (name === undefined) return {};
    if (name === null) return { key_name: null, keypair: null };
    const found = await this.#deps.findKeypair(this.#deps.db, user_id, name);
    if (!found) throw badRequest('Invalid key_name provided.');
    return { key_name: found.name, keypair: JSON.stringify(found) };
  }
}

function changeOf(wanted: ServerRebuildBody['rebuild']): ServerChange {
  const { name, metadata, personality, description, user_data, hostname } = wanted;
  const certificates = wanted.trusted_image_certificates;
  return {
    ...(name !== undefined && { name: name.trim() }),
    ...(metadata && { metadata: JSON.stringify(metadata) }),
    personality: JSON.stringify(personality ?? []),
    ...(description !== undefined && { description }),
    ...(user_data !== undefined && { user_data }),
    ...(hostname !== undefined && { hostname }),
    ...(wanted['OS-DCF:diskConfig'] !== undefined && {
      disk_config: wanted['OS-DCF:diskConfig'],
    }),
    ...(wanted.accessIPv4 !== undefined && { access_ip_v4: wanted.accessIPv4 }),
    ...(wanted.accessIPv6 !== undefined && {
      access_ip_v6: canonicalIp(wanted.accessIPv6) ?? '',
    }),
    ...(certificates !== undefined && {
      trusted_image_certificates: certificates && JSON.stringify(certificates),
    }),
  };
}

function pickImages({ image_id, kernel_id, ramdisk_id, image_properties }: ServerRow) {
  return { image_id, kernel_id, ramdisk_id, image_properties };
}
