/** Which external events are taken, and what each is about. Pure. */
import type { EventName, ExternalEvent } from './server-external-event.schema.ts';

/** 404: no such server; 400: does not say what it is about; 422: no host to tell. */
export type EventCode = 200 | 400 | 404 | 422;

/** compat: `volume-reimaged` is taken without a tag. */
const TAG_REQUIRED: ReadonlySet<EventName> = new Set([
  'volume-extended',
  'power-update',
  'accelerator-request-bound',
]);

export function codeOf(
  event: Pick<ExternalEvent, 'name' | 'tag'>,
  server: { readonly host: string } | undefined,
): EventCode {
  if (!server) return 404;
  if (event.tag === undefined && TAG_REQUIRED.has(event.name)) return 400;
  return server.host === '' ? 422 : 200;
}

/** What an event leaves in the server's list of actions. */
export type EventAction = {
  readonly action: string;
  readonly event: string;
  /** True, or why it came to nothing. */
  readonly ended: true | string;
};

const UNDRIVEN =
  'Hosts of this cloud report the power of their servers themselves; power-update is for bare metal.';

/** Events of which whoever watches the server is told; undefined for the others. */
export function actionOf({
  name,
  tag,
}: Pick<ExternalEvent, 'name' | 'tag'>): EventAction | undefined {
  switch (name) {
    case 'volume-extended':
      // Servers have no volumes here; compat: Nova says nothing of a volume that is not attached.
      return { action: 'extend_volume', event: 'compute_extend_volume', ended: true };
    case 'power-update': {
      const event = 'compute_power_update';
      if (tag === 'POWER_ON') return { action: 'start', event, ended: UNDRIVEN };
      if (tag === 'POWER_OFF') return { action: 'stop', event, ended: UNDRIVEN };
      return undefined;
    }
    case 'network-changed':
    case 'network-vif-plugged':
    case 'network-vif-unplugged':
    case 'network-vif-deleted':
    case 'accelerator-request-bound':
    case 'volume-reimaged':
      return undefined;
  }
}
