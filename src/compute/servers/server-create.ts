/** POST /servers: checks everything that can be told at once, in Nova's order, writes the rows and starts the sagas. */
import { canonicalIp } from '#base/net/ip.ts';
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ImageFacts } from '#image/index.ts';
import type { ComputeDeps, KeypairLookup, ServerGroupLookup, ZoneLookup } from '../compute-deps.ts';
import { badRequest, metadataLimitExceeded, policyDenied } from '../compute.faults.ts';
import type { FlavorRow } from '../flavors/flavor.store.ts';
import { extraSpecsOf, type FlavorService } from '../flavors/flavor.service.ts';
import { booleanOf } from '../http/schema-parts.ts';
import { insertActions } from '../instance-actions/instance-action.store.ts';
import { findComputeNode } from '../nodes/compute-node.store.ts';
import { limitsOf, limitsOfUser } from '../quota-defaults.ts';
import { quotaUsage } from '../quotas/quota-usage.store.ts';
import * as faults from './server-create.faults.ts';
import { checkMany, hostnameOf, namesOf, parseNetworks } from './server-create.rules.ts';
import { findBootImage, imageColumns } from './server-boot-image.ts';
import { serverCreate, type ServerCreateParams } from './server-create.saga.ts';
import type { SchedulerHints, ServerCreateBody } from './server-create.schema.ts';
import { checkBoot, checkFlavorFits, checkPersonality, diskTags } from './server-image.rules.ts';
import * as networkFaults from './server-network.faults.ts';
import { checkNetworks, type NicTemplate } from './server-networks.ts';
import { checkServerQuota, type Size } from './server-quota.rules.ts';
import { randomPassword, randomText } from './random-text.ts';
import { joinTags, type FlavorSnapshot, type ServerRow } from './server-row.ts';
import { insertServers, nextServerNumber, usageOf } from './server.store.ts';

export type ServerCreatorDeps = Pick<
  ComputeDeps,
  'db' | 'now' | 'newId' | 'network' | 'image' | 'sagas'
> & {
  readonly policy: Policy;
  readonly flavors: FlavorService;
  readonly zones: ZoneLookup;
  readonly groups: ServerGroupLookup;
  readonly findKeypair: KeypairLookup;
  /** Every server gets a config drive, asked for or not. */
  readonly forceConfigDrive: boolean;
};

export type ServerCreated = {
  readonly ids: readonly string[];
  readonly reservationId: string;
  /** True when the caller asked for the reservation instead of the server. */
  readonly byReservation: boolean;
  readonly adminPass: string;
  readonly securityGroups: readonly string[];
  readonly diskConfig: 'AUTO' | 'MANUAL';
};

const CREATE = 'os_compute_api:servers:create';
/** Servers that one request may make: quotas can be without limit, requests cannot. */
const MOST_AT_ONCE = 10_000;
/** Characters of scheduler hints, which are kept with each server. */
const MOST_HINTS = 16_384;

type Where = {
  readonly zone: string | null;
  readonly host: string | null;
  readonly forced: boolean;
};

export class ServerCreator {
  readonly #deps: ServerCreatorDeps;

  constructor(deps: ServerCreatorDeps) {
    this.#deps = deps;
  }

  async create(ctx: Context, body: ServerCreateBody): Promise<ServerCreated> {
    const { db, policy, network, newId } = this.#deps;
    const { server } = body;
    const min = Number(server.min_count ?? 1);
    const max = Number(server.max_count ?? min);
    if (min > max) throw badRequest('min_count must be <= max_count');
    if (max > MOST_AT_ONCE) throw faults.tooManyAtOnce(max, MOST_AT_ONCE);
    if (JSON.stringify(hintsOf(body)).length > MOST_HINTS) throw faults.hintsTooLong(MOST_HINTS);
    policy.authorize(ctx, CREATE);
    // An administrator of the whole system has no project that a server could belong to.
    if (ctx.projectId === '') throw policyDenied(CREATE);
    const where = this.#place(ctx, body);
    checkBoot(server);
    const requested = parseNetworks(server.networks);
    if (typeof requested !== 'string') policy.authorize(ctx, `${CREATE}:attach_network`);
    const flavor = await this.#flavor(ctx, String(server.flavorRef));
    checkMany(requested, max);
    const image = await findBootImage(
      this.#deps.image,
      ctx,
      server.imageRef ?? '',
      faults.imageNotFound,
    );
    await this.#checkPlace(where);
    const groups = await this.#securityGroups(ctx, body);
    const checked = await checkNetworks(network, ctx, requested, { min, max });
    const keypair = await this.#keypair(ctx, server.key_name);
    if (checked.withResources && ctx.microversion < 72) {
      throw networkFaults.resourceRequestNotSupported();
    }
    const limits = await limitsOfUser(db, ctx.projectId, ctx.userId);
    const metadata = server.metadata ?? {};
    const most = limits.metadata_items;
    if (most >= 0 && Object.keys(metadata).length > most) throw metadataLimitExceeded(most);
    checkPersonality(server.personality ?? [], limits);
    checkFlavorFits(flavor, image);
    if (flavor.disk === 0 && !policy.allows(ctx, `${CREATE}:zero_disk_flavor`)) {
      throw faults.zeroDiskFlavor();
    }
    const reservationId = `r-${randomText(8)}`;
    const made = await db.transaction().execute(async (tx) => {
      const count = await countWithinQuota(tx, ctx, flavor, { min, max: checked.maxCount });
      const ids = Array.from({ length: count }, () => newId());
      const rows = this.#rows(ctx, body, ids, {
        reservationId,
        flavor,
        image,
        keypair,
        zone: where.zone,
        firstNumber: await nextServerNumber(tx),
      });
      await insertServers(tx, rows);
      const { group } = hintsOf(body);
      if (group !== undefined) await this.#deps.groups.join(tx, ctx, group, { ids, limits });
      await this.#startSagas(tx, ctx, rows, { where, nics: checked.nics, groups, body });
      return ids;
    });
    // The answer goes out first.
    setImmediate(() => this.#deps.sagas.wake());
    return {
      ids: made,
      reservationId,
      byReservation: booleanOf(server.return_reservation_id) ?? false,
      adminPass: server.adminPass ?? randomPassword(),
      securityGroups: namesOfGroups(body),
      diskConfig: server['OS-DCF:diskConfig'] ?? 'MANUAL',
    };
  }

  /** Where the caller wants it: a zone, `zone:host` for admins, or a host from 2.74 on. */
  #place(ctx: Context, { server }: ServerCreateBody): Where {
    const { policy } = this.#deps;
    const [zone, host] = (server.availability_zone ?? '').split(':');
    const named = server.host ?? server.hypervisor_hostname;
    if (host !== undefined) policy.authorize(ctx, `${CREATE}:forced_host`);
    if (named !== undefined) {
      policy.authorize(ctx, 'compute:servers:create:requested_destination');
    }
    if (server.trusted_image_certificates) policy.authorize(ctx, `${CREATE}:trusted_certs`);
    return {
      zone: zone || null,
      host: host || named || null,
      forced: host !== undefined && host !== '',
    };
  }

  async #checkPlace({ zone, host }: Where): Promise<void> {
    const { db, zones } = this.#deps;
    if (zone !== null && !(await zones.zoneNames(db)).has(zone)) throw faults.zoneNotAvailable();
    if (host !== null && !(await findComputeNode(db, host))) throw faults.hostNotFound(host);
  }

  async #flavor(ctx: Context, id: string): Promise<FlavorRow> {
    try {
      return await this.#deps.flavors.get(ctx, id);
    } catch {
      // compat: what is missing from a body is a bad request.
      throw badRequest(`Flavor ${id} could not be found.`);
    }
  }

  /** Ids of the groups; null when nothing but the default one is asked for. */
  async #securityGroups(ctx: Context, body: ServerCreateBody): Promise<readonly string[] | null> {
    const names = namesOfGroups(body);
    if (names.every((name) => name === 'default')) return null;
    const found = await this.#deps.network.findSecurityGroups(ctx, names);
    return names.flatMap((name, index) => {
      const group = found[index];
      if (group) return group.id;
      if (name === 'default') return [];
      throw faults.securityGroupNotFound(name);
    });
  }

  async #keypair(ctx: Context, name: string | undefined) {
    if (name === undefined) return null;
    const found = await this.#deps.findKeypair(this.#deps.db, ctx.userId, name);
    if (!found) throw badRequest('Invalid key_name provided.');
    return found;
  }

  #rows(
    ctx: Context,
    { server, ...rest }: ServerCreateBody,
    ids: readonly string[],
    facts: {
      readonly reservationId: string;
      readonly flavor: FlavorRow;
      readonly image: ImageFacts;
      readonly keypair: { name: string; type: string; publicKey: string } | null;
      readonly zone: string | null;
      readonly firstNumber: number;
    },
  ): readonly ServerRow[] {
    const at = this.#deps.now().toISOString();
    const { flavor, image, keypair } = facts;
    const names = namesOf(server.name, ids.length);
    const hostnames = server.hostname === undefined ? [] : namesOf(server.hostname, ids.length);
    return ids.map((id, index) => ({
      id,
      number: facts.firstNumber + index,
      project_id: ctx.projectId,
      user_id: ctx.userId,
      name: names[index] ?? server.name,
      // compat: until 2.19 the name is kept as the description as well.
      description:
        server.description ?? (ctx.microversion < 19 ? (names[index] ?? server.name) : null),
      hostname: hostnames[index] ?? hostnameOf(names[index] ?? server.name, id),
      reservation_id: facts.reservationId,
      launch_index: index,
      vm_state: 'building',
      task_state: 'scheduling',
      power_state: 0,
      locked_by: null,
      locked_reason: null,
      host: '',
      availability_zone: '',
      pinned_availability_zone: facts.zone,
      flavor_id: flavor.id,
      flavor: JSON.stringify(snapshot(flavor)),
      vcpus: flavor.vcpus,
      memory_mb: flavor.ram,
      ...imageColumns(image),
      boot: null,
      key_name: keypair?.name ?? null,
      keypair: keypair && JSON.stringify(keypair),
      user_data: server.user_data ?? null,
      personality: JSON.stringify(server.personality ?? []),
      password: null,
      disk_tags: JSON.stringify(diskTags(server)),
      config_drive: flag(this.#needsDrive(server, image)),
      access_ip_v4: server.accessIPv4 ?? '',
      access_ip_v6: canonicalIp(server.accessIPv6 ?? '') ?? '',
      disk_config: server['OS-DCF:diskConfig'] ?? 'MANUAL',
      metadata: JSON.stringify(server.metadata ?? {}),
      tags: joinTags(server.tags ?? []),
      scheduler_hints: JSON.stringify(hintsOf(rest)),
      trusted_image_certificates: server.trusted_image_certificates
        ? JSON.stringify(server.trusted_image_certificates)
        : null,
      fault: null,
      power: 'running',
      reboot_count: 0,
      reboot_type: 'soft',
      created_at: at,
      updated_at: at,
      launched_at: null,
      terminated_at: null,
      deleted: 0,
      revision_number: 0,
    }));
  }

  /** Asked for by the server, by its image, or by the operator for all. */
  #needsDrive({ config_drive }: ServerCreateBody['server'], image: ImageFacts): boolean {
    const mandatory = image.properties['img_config_drive'] === 'mandatory';
    return (booleanOf(config_drive) ?? false) || mandatory || this.#deps.forceConfigDrive;
  }

  async #startSagas(
    tx: Tx,
    ctx: Context,
    rows: readonly ServerRow[],
    plan: {
      readonly where: Where;
      readonly nics: readonly NicTemplate[];
      readonly groups: readonly string[] | null;
      readonly body: ServerCreateBody;
    },
  ): Promise<void> {
    const { sagas, newId, policy } = this.#deps;
    const hints = hintsOf(plan.body);
    const actions = rows.map((row) => ({
      server_id: row.id,
      request_id: ctx.requestId,
      action: 'create',
      user_id: ctx.userId,
      project_id: ctx.projectId,
      start_time: row.created_at,
      finish_time: null,
      message: null,
      event: 'compute__do_build_and_run_instance',
      host: '',
      details: null,
    }));
    await insertActions(tx, actions);
    for (const row of rows) {
      const params: ServerCreateParams = {
        serverId: row.id,
        projectId: row.project_id,
        requestId: ctx.requestId,
        nics: plan.nics.map((nic) => ({ ...nic, portId: nic.portId ?? newId() })),
        securityGroups: plan.groups,
        externalAllowed: policy.allows(ctx, 'network:attach_external_network'),
        ...plan.where,
        differentHost: idsOf(hints.different_host),
        sameHost: idsOf(hints.same_host),
      };
      await sagas.start(tx, serverCreate, params, {
        resourceId: row.id,
        projectId: row.project_id,
        requestId: ctx.requestId,
      });
    }
  }
}

/** As many servers as the quotas of the project and of the user leave room for. */
async function countWithinQuota(
  tx: Tx,
  ctx: Context,
  size: Size,
  { min, max }: { readonly min: number; readonly max: number },
): Promise<number> {
  const { projectId, userId } = ctx;
  const count = checkServerQuota(
    await limitsOf(tx, projectId),
    await usageOf(tx, projectId),
    size,
    { min, max },
  );
  const limits = await limitsOfUser(tx, projectId, userId);
  const own = await quotaUsage(tx, projectId, userId);
  return checkServerQuota(limits, own, size, { min, max: count });
}

function namesOfGroups({ server }: ServerCreateBody): readonly string[] {
  const names = [...new Set((server.security_groups ?? []).map(({ name }) => name))];
  return names.length === 0 ? ['default'] : names;
}

function hintsOf(
  body: Pick<ServerCreateBody, 'os:scheduler_hints' | 'OS-SCH-HNT:scheduler_hints'>,
): SchedulerHints {
  return body['os:scheduler_hints'] ?? body['OS-SCH-HNT:scheduler_hints'] ?? {};
}

function idsOf(value: string | readonly string[] | undefined): readonly string[] {
  return [value ?? []].flat();
}

function snapshot(flavor: FlavorRow): FlavorSnapshot {
  const { id, name, vcpus, ram, disk, ephemeral, swap } = flavor;
  return { id, name, vcpus, ram, disk, ephemeral, swap, extraSpecs: extraSpecsOf(flavor) };
}
