/** POST /os-server-external-events as it travels, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { UUID } from '../http/schema-parts.ts';

export type EventName =
  | 'network-changed'
  | 'network-vif-plugged'
  | 'network-vif-unplugged'
  | 'network-vif-deleted'
  | 'volume-extended'
  | 'power-update'
  | 'accelerator-request-bound'
  | 'volume-reimaged';

export type ExternalEvent = {
  readonly name: EventName;
  readonly server_uuid: string;
  readonly status?: 'failed' | 'completed' | 'in-progress';
  /** Which of the server's things: a port, a volume, a power state. */
  readonly tag?: string;
};

export type ExternalEventsBody = { readonly events: readonly ExternalEvent[] };

const NETWORK_EVENTS: readonly EventName[] = [
  'network-changed',
  'network-vif-plugged',
  'network-vif-unplugged',
  'network-vif-deleted',
];

function eventsSchema(...more: readonly EventName[]): Schema {
  return {
    type: 'object',
    properties: {
      events: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', enum: [...NETWORK_EVENTS, ...more] },
            server_uuid: UUID,
            status: { type: 'string', enum: ['failed', 'completed', 'in-progress'] },
            tag: { type: 'string', maxLength: 255 },
          },
          required: ['name', 'server_uuid'],
          additionalProperties: false,
        },
      },
    },
    required: ['events'],
    additionalProperties: false,
  };
}

export const EXTERNAL_EVENTS: SchemaRanges = [
  [1, eventsSchema()],
  [51, eventsSchema('volume-extended')],
  [76, eventsSchema('volume-extended', 'power-update')],
  [82, eventsSchema('volume-extended', 'power-update', 'accelerator-request-bound')],
  [
    93,
    eventsSchema('volume-extended', 'power-update', 'accelerator-request-bound', 'volume-reimaged'),
  ],
];
