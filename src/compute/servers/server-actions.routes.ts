/** POST /servers/{id}/action: HTTP in, HTTP out. */
import type { Context } from '#platform/context.ts';
import { isJsonObject } from '#base/json.ts';
import { malformedBody, noSuchAction, versionNotFoundForMethod } from '../compute.faults.ts';
import { rdpGone } from '../consoles/console.faults.ts';
import { CONSOLE_ACTIONS, consoleUrl } from '../consoles/console.rules.ts';
import { originOf } from '../consoles/console.routes.ts';
import type { Consoles } from '../consoles/console.service.ts';
import { FIXED_IP_ACTION_BODIES } from '../fixed-ips/fixed-ip.schema.ts';
import type { FixedIps } from '../fixed-ips/fixed-ip.service.ts';
import { FLOATING_IP_ACTION_BODIES } from '../floating-ips/floating-ip.schema.ts';
import type { FloatingIps, FloatingIpWanted } from '../floating-ips/floating-ip.service.ts';
import { linksOf, type ComputeRoutes, type Links } from '../http/compute-service.ts';
import { ownMember } from '../http/own.ts';
import type { RequestCheck } from '../http/request-check.ts';
import type { ServerSecurityGroups } from '../server-security-groups/server-security-group.service.ts';
import {
  ACTION_BODIES,
  ACTION_RULES,
  LATER_ACTIONS,
  POWER_ACTIONS,
  type PowerAction,
} from './server-actions.rules.ts';
import type { ServerActions } from './server-actions.ts';
import type { ServerReader } from './server-reader.ts';
import type { ServerRebuilder } from './server-rebuild.ts';
import type { ServerRebuildBody } from './server-rebuild.schema.ts';
import { checkState } from './server-status.rules.ts';
import { viewServerAfterRebuild } from './server-view.ts';

type Id = { Params: { id: string } };
type Body = Readonly<Record<string, unknown>>;
/** What is answered: a status, and a body for those that have one. */
type Answer = { readonly status: number; readonly body?: object; readonly location?: string };

const ACCEPTED: Answer = { status: 202 };

/** What the network service is asked for instead. */
const GONE_SINCE_2_44 = { ...FIXED_IP_ACTION_BODIES, ...FLOATING_IP_ACTION_BODIES };

/** What actions are about beside the server itself. */
export type ActionServices = {
  readonly securityGroups: ServerSecurityGroups;
  readonly consoles: Consoles;
  readonly fixedIps: FixedIps;
  readonly floatingIps: FloatingIps;
  readonly rebuilder: ServerRebuilder;
  readonly reader: ServerReader;
};

export function serverActionRoutes(
  actions: ServerActions,
  { securityGroups: groups, consoles, fixedIps, floatingIps, rebuilder, reader }: ActionServices,
  check: RequestCheck,
): ComputeRoutes {
  const run = async (
    ctx: Context,
    id: string,
    name: string,
    body: Body,
    { origin, links }: { readonly origin: string; readonly links: Links },
  ): Promise<Answer> => {
    const argument = body[name];
    switch (name) {
      case 'os-start':
      case 'os-stop':
      case 'pause':
      case 'unpause':
        await actions.power(ctx, id, POWER_ACTIONS[name]);
        return ACCEPTED;
      case 'reboot': {
        const { type } = argument as { type: string };
        const action: PowerAction =
          POWER_ACTIONS[type.toUpperCase() === 'HARD' ? 'reboot hard' : 'reboot soft'];
        await actions.power(ctx, id, action);
        return ACCEPTED;
      }
      case 'rebuild': {
        const { server, adminPass } = await rebuilder.rebuild(ctx, id, body as ServerRebuildBody);
        const [facts] = await reader.facts(ctx, [server], { withGroups: true });
        if (!facts) throw new Error(`server '${id}' was not described`);
        const view = viewServerAfterRebuild(facts, reader.viewer(ctx, links));
        const location = links.self(`servers/${id}`);
        return { status: 202, body: { server: { ...view, adminPass } }, location };
      }
      case 'lock': {
        const reason =
          ctx.microversion >= 73 ? (argument as { locked_reason?: string } | null) : null;
        await actions.lock(ctx, id, reason?.locked_reason ?? null);
        return ACCEPTED;
      }
      case 'unlock':
        await actions.unlock(ctx, id);
        return ACCEPTED;
      case 'os-resetState':
        await actions.resetState(ctx, id, (argument as { state: 'active' | 'error' }).state);
        return ACCEPTED;
      case 'os-getConsoleOutput': {
        const { length } = argument as { length?: number | string | null };
        const lines = length === undefined || length === null ? null : Number(length);
        // compat: -1 means all of it.
        return {
          status: 200,
          body: { output: await actions.console(ctx, id, lines === -1 ? null : lines) },
        };
      }
      case 'os-getVNCConsole':
      case 'os-getSPICEConsole':
      case 'os-getSerialConsole': {
        const { type } = argument as { type: string };
        const made = await consoles.create(ctx, id, CONSOLE_ACTIONS[name], type);
        const url = consoleUrl(made.type, made.token, origin);
        return { status: 200, body: { console: { type, url } } };
      }
      case 'os-getRDPConsole':
        throw rdpGone();
      case 'forceDelete':
        await actions.delete(ctx, id, 'os_compute_api:os-deferred-delete:force');
        return ACCEPTED;
      case 'addSecurityGroup':
        await groups.add(ctx, id, argument);
        return ACCEPTED;
      case 'removeSecurityGroup':
        await groups.remove(ctx, id, argument);
        return ACCEPTED;
      case 'addFloatingIp':
        await floatingIps.add(ctx, id, argument as FloatingIpWanted);
        return ACCEPTED;
      case 'removeFloatingIp':
        await floatingIps.remove(ctx, id, (argument as FloatingIpWanted).address);
        return ACCEPTED;
      case 'addFixedIp':
        await fixedIps.add(ctx, id, (argument as { networkId: string }).networkId);
        return ACCEPTED;
      case 'removeFixedIp':
        await fixedIps.remove(ctx, id, (argument as { address: string }).address);
        return ACCEPTED;
      case 'changePassword':
        return await actions.changePassword(ctx, id);
      default: {
        const later = ownMember(LATER_ACTIONS, name);
        if (!later) throw noSuchAction(name);
        return await actions.later(ctx, id, name, later.rule, (server) => {
          checkState(name, { vm: later.vm, task: [null], launched: false }, server);
        });
      }
    }
  };

  return (app) => {
    app.post<Id>(
      '/servers/:id/action',
      { config: { policy: ACTION_RULES } },
      async (request, reply) => {
        const { ctx, params, body } = request;
        const names = isJsonObject(body) ? Object.keys(body) : [];
        const [name] = names;
        if (name === undefined || names.length !== 1) throw malformedBody();
        if (ctx.microversion >= 6 && ownMember(CONSOLE_ACTIONS, name) !== undefined) {
          throw versionNotFoundForMethod(ctx.microversion);
        }
        if (ctx.microversion >= 44 && ownMember(GONE_SINCE_2_44, name) !== undefined) {
          throw versionNotFoundForMethod(ctx.microversion);
        }
        const schema = ownMember(ACTION_BODIES, name);
        if (schema) check.body(schema, ctx.microversion, body);
        const answer = await run(ctx, params.id, name, body as Body, {
          origin: originOf(request),
          links: linksOf(request),
        });
        if (answer.location !== undefined) reply.header('location', answer.location);
        return await reply.code(answer.status).send(answer.body);
      },
    );
  };
}
